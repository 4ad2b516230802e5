//! Updates of name, description, tags and security groups. The marker in the description stays.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Step};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Command;
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use super::collection::Collection;
use super::{tags, touched};
use crate::actions::action::Action;
use crate::client::Write;
use crate::service::Service;

/// The fields to change.
#[derive(Debug, Default)]
struct Changes<'a> {
    name: Option<&'a str>,
    description: Option<&'a str>,
    tags: Option<&'a BTreeMap<String, String>>,
    security_groups: Option<Vec<&'a str>>,
}

impl<'a> Changes<'a> {
    /// Returns the fields that a command gives.
    fn of(step: &Step<'a>) -> Result<Self> {
        match step.command {
            Command::Update(command) => Ok(Self {
                name: command.name.as_deref(),
                description: command.description.as_deref(),
                tags: command.tags.as_ref(),
                security_groups: None,
            }),
            Command::UpdateNetworkInterface(command) => {
                let groups = command.security_groups.as_ref().map(|groups| {
                    let ids = groups.iter().map(|id| step.named.get(*id));
                    ids.map(|group| group.map(|group| group.external_id.as_str())).collect::<Result<_>>()
                });
                Ok(Self {
                    name: command.name.as_deref(),
                    description: command.description.as_deref(),
                    tags: command.tags.as_ref(),
                    security_groups: groups.transpose()?,
                })
            }
            _ => Err(step.unsupported()),
        }
    }

    /// Returns the members to write, given the current document.
    fn document(&self, current: &Value) -> Map<String, Value> {
        let mut changes = Map::new();
        if let Some(name) = self.name {
            changes.insert("name".to_owned(), json!(name));
        }
        if let Some(text) = self.description {
            let marker = current["description"].as_str().and_then(|text| Marker::take_from(text).1);
            let marked = marker.map(|marker| marker.append_to(Some(text)));
            changes.insert("description".to_owned(), json!(marked.as_deref().unwrap_or(text)));
        }
        if let Some(groups) = &self.security_groups {
            changes.insert("security_groups".to_owned(), json!(groups));
        }
        changes
    }
}

pub(super) async fn update(action: &Action<'_>) -> Result<Done> {
    let target = action.step.target()?;
    let (collection, changes) = (Collection::of(target.kind)?, Changes::of(action.step)?);
    let id = target.external_id.as_str();
    let Some(current) = collection.read(action, id).await? else {
        return Err(Error::new(ErrorKind::NotFound, format!("the cloud has no {} `{id}`", target.kind)));
    };
    let document = changes.document(&current);
    let mut request_id = None;
    if !document.is_empty() {
        let body = json!({ collection.key: &document });
        request_id =
            action.write(Write::put(Service::Network, &[collection.path, id], body)).await?.request_id;
    }
    if let Some(wanted) = changes.tags {
        let keys: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let tagged = tags::set(action, &collection, id, &keys).await;
        let answer = tagged.map_err(|error| error.after_a_part(!document.is_empty()))?;
        request_id = request_id.or(answer.request_id);
    }
    Ok(Done { touched: touched::changed(target.kind, &current), answer: None, request_id })
}

#[cfg(test)]
mod tests {
    use gateway_core::id::OperationId;

    use super::*;

    #[test]
    fn only_given_fields_change_and_marker_stays() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 3 };
        let marked = json!({ "description": marker.append_to(Some("old")) });
        let changes = Changes { name: Some("web"), ..Changes::default() };
        assert_eq!(Value::Object(changes.document(&marked)), json!({ "name": "web" }));
        let changes = Changes {
            description: Some("new"),
            security_groups: Some(vec!["g1"]),
            tags: Some(&BTreeMap::new()),
            ..Changes::default()
        };
        assert_eq!(
            Value::Object(changes.document(&marked)),
            json!({ "description": format!("new [{marker}]"), "security_groups": ["g1"] })
        );
        let empty = Changes { description: Some(""), ..Changes::default() };
        assert_eq!(empty.document(&marked)["description"], json!(format!("[{marker}]")));
        for unmarked in [json!({ "description": "old" }), json!({ "description": null }), json!({})] {
            assert_eq!(empty.document(&unmarked)["description"], json!(""));
        }
    }
}

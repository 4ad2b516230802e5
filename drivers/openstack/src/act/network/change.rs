//! Changing what an owner wrote about one thing. The marker in its description stays.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Step};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Command;
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use super::place::Place;
use super::{read, tags, touched};
use crate::act::Act;
use crate::catalog::Service;
use crate::connection::Write;

/// What is to be changed.
#[derive(Debug, Default)]
struct Changes<'a> {
    name: Option<&'a str>,
    description: Option<&'a str>,
    tags: Option<&'a BTreeMap<String, String>>,
    security_groups: Option<Vec<&'a str>>,
}

impl<'a> Changes<'a> {
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

    /// What Neutron is told, of a thing that it shows like this.
    fn document(&self, now: &Value) -> Map<String, Value> {
        let mut changes = Map::new();
        if let Some(name) = self.name {
            changes.insert("name".to_owned(), json!(name));
        }
        if let Some(words) = self.description {
            let marker = now["description"].as_str().and_then(|words| Marker::take_from(words).1);
            let marked = marker.map(|marker| marker.append_to(Some(words)));
            changes.insert("description".to_owned(), json!(marked.as_deref().unwrap_or(words)));
        }
        if let Some(groups) = &self.security_groups {
            changes.insert("security_groups".to_owned(), json!(groups));
        }
        changes
    }
}

pub(super) async fn change(act: &Act<'_>) -> Result<Done> {
    let target = act.step.target()?;
    let (place, changes) = (Place::of(target.kind)?, Changes::of(act.step)?);
    let id = target.external_id.as_str();
    let Some(now) = read(act, target.kind, id).await? else {
        return Err(Error::new(ErrorKind::NotFound, format!("the cloud has no such {}", target.kind)));
    };
    let document = changes.document(&now);
    let mut request_id = None;
    if !document.is_empty() {
        let body = json!({ place.around: &document });
        request_id = act.write(Write::put(Service::Network, &[place.path, id], body)).await?.request_id;
    }
    if let Some(wanted) = changes.tags {
        let words: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let tagged = tags::set(act, place, id, &words).await;
        let answer = tagged.map_err(|error| error.after_a_part(!document.is_empty()))?;
        request_id = request_id.or(answer.request_id);
    }
    Ok(Done { touched: touched::changed(target.kind, &now), answer: None, request_id })
}

#[cfg(test)]
mod tests {
    use gateway_core::id::OperationId;

    use super::*;

    #[test]
    fn only_what_is_given_changes_and_the_marker_stays() {
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

//! Rendering of resources and events, for handlers and relay.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::document::event::{Change, GRANT_CHANGED, cloud_event};
use crate::document::links::{self, Stored};
use crate::error::{Error, Result};
use crate::id::{AccountId, EventId, Holder, Region, ResourceId};
use crate::kind::Kind;

/// The `source` of every event.
pub const SOURCE: &str = "/gateway";

/// The pseudo-kind of events about grants.
pub const GRANT: &str = "grant";

/// The fields that rendering adds to a stored document; no kind may have fields of these names.
pub const ADDED: [&str; 10] =
    ["id", "kind", "version", "cloud", "region", "account", "changed_at", "actions", "links", "cloud_data"];

/// The other fields that the documents of all kinds have.
pub const COMMON: [&str; 9] = [
    "external_id",
    "name",
    "state",
    "cloud_state",
    "owner",
    "visibility",
    "created_at",
    "updated_at",
    "tags",
];

/// The identity of a record, which the store keeps beside its document.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The resource.
    pub id: ResourceId,
    /// Its kind.
    pub kind: Kind,
    /// The number of the record's changes.
    pub version: i64,
    /// The name of its cloud.
    pub cloud: &'a str,
    /// Its region.
    pub region: &'a Region,
    /// The party for which the record is kept.
    pub holder: Holder,
    /// The time at which the store last saw it change.
    pub changed_at: Timestamp,
    /// The accounts of its reader in ascending order; none for a document for many readers.
    pub accounts: &'a [AccountId],
}

/// The fields of [`ADDED`] without `actions`, `links` and `cloud_data`.
#[derive(Serialize)]
struct Added<'a> {
    id: ResourceId,
    kind: Kind,
    version: i64,
    cloud: &'a str,
    region: &'a Region,
    account: String,
    changed_at: Timestamp,
}

/// The bytes that are reserved for links; longer links grow the text once.
const LINKS: usize = 768;

/// Returns the RESOURCE document as text. The stored document is spliced in unparsed, so that a list of hundreds costs no
/// parsing.
///
/// # Errors
/// Internal, if the stored document is not a JSON object.
pub fn resource_text(document: &str, raw: Option<&str>, identity: &Identity<'_>) -> Result<Box<RawValue>> {
    let Identity { id, kind, version, cloud, region, holder, changed_at, accounts } = *identity;
    let stored = Stored::read(document)
        .ok_or_else(|| Error::internal("the store holds a document that is no object"))?;
    let added = Added { id, kind, version, cloud, region, account: holder.to_string(), changed_at };
    let mut text = serde_json::to_string(&added).map_err(Error::internal)?;
    let own = stored.own;
    text.reserve(own.len() + raw.map_or(0, str::len) + LINKS);
    text.pop();
    text.push_str(",\"actions\":[");
    text.push_str(stored.actions_text(accounts));
    text.push_str("],");
    links::write_links(&mut text, kind, id, stored.links);
    if !own.trim().is_empty() {
        text.push(',');
        text.push_str(own);
    }
    if let Some(raw) = raw {
        text.push_str(",\"cloud_data\":");
        text.push_str(raw);
    }
    text.push('}');
    RawValue::from_string(text).map_err(Error::internal)
}

/// Returns the RESOURCE document as a map.
///
/// # Errors
/// The errors of [`resource_text`].
pub fn render_resource(
    document: &str,
    raw: Option<&str>,
    identity: &Identity<'_>,
) -> Result<Map<String, Value>> {
    let text = resource_text(document, raw, identity)?;
    serde_json::from_str(text.get()).map_err(Error::internal)
}

/// The data of an event, in terms of the domain.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    /// The id, the same each time that the event is published.
    pub id: EventId,
    /// The position in the order of all events.
    pub position: i64,
    /// The version of the record after the change.
    pub version: i64,
    /// The kind of the resource, or [`GRANT`].
    pub kind: &'a str,
    /// The name of the cloud.
    pub cloud: &'a str,
    /// The region; unused for grants.
    pub region: &'a Region,
    /// The party for which the record is kept; the account for grants.
    pub holder: Holder,
    /// The resource; unused for grants.
    pub resource: ResourceId,
    /// The change: `created`, `changed`, `state_changed`, `deleted`; for grants `granted`, `ended`.
    pub change: &'a str,
    /// The state before the change.
    pub old_state: Option<&'a str>,
    /// The state after the change.
    pub new_state: Option<&'a str>,
    /// The time at which the store saw the change.
    pub at: Timestamp,
    /// The canonical document after the change; none for a deleted resource, and for a document that is too long.
    pub document: Option<&'a str>,
}

impl EventView<'_> {
    /// Returns the path of the resource, if it exists and the event lacks its document.
    fn resource_link(&self, kind: Kind) -> Option<String> {
        let is_missing = self.document.is_none() && self.change != Change::Deleted.as_str();
        is_missing.then(|| format!("/v1/{}/{}", kind.spec().plural, self.resource))
    }
}

/// Returns the EVENT document: CloudEvents 1.0 in JSON. If the resource exists and its document is missing, the event has
/// `resource_link` instead.
///
/// # Errors
/// Internal, for a kind that this build does not have or a document that is not an object.
pub fn render_event(event: &EventView<'_>) -> Result<Value> {
    let account = event.holder.to_string();
    if event.kind == GRANT {
        let data = json!({
            "position": event.position,
            "cloud": event.cloud,
            "account": account,
            "change": event.change,
        });
        return Ok(cloud_event(event.id, SOURCE, GRANT_CHANGED, event.at, &account, &data));
    }
    let kind = Kind::parse(event.kind)
        .ok_or_else(|| Error::internal("an event of an unknown kind").with("kind", event.kind))?;
    // Every reader of the event acts for the account of the record.
    let readers = event.holder.account();
    let identity = Identity {
        id: event.resource,
        kind,
        version: event.version,
        cloud: event.cloud,
        region: event.region,
        holder: event.holder,
        changed_at: event.at,
        accounts: readers.as_slice(),
    };
    let resource = event.document.map(|document| render_resource(document, None, &identity)).transpose()?;
    let mut data = json!({
        "position": event.position,
        "version": event.version,
        "kind": kind,
        "cloud": event.cloud,
        "region": event.region,
        "account": account,
        "old_state": event.old_state,
        "new_state": event.new_state,
        "resource": resource,
    });
    if let Some(link) = event.resource_link(kind) {
        data["resource_link"] = link.into();
    }
    let kind = format!("gateway.resource.{}", event.change);
    Ok(cloud_event(event.id, SOURCE, &kind, event.at, &event.resource.to_string(), &data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    const ID: ResourceId = ResourceId(uuid::Uuid::from_u128(7));

    fn identity(region: &Region) -> Identity<'_> {
        let kind = Kind::parse("volume").unwrap();
        Identity {
            id: ID,
            kind,
            version: 3,
            cloud: "c\"1",
            region,
            holder: Holder::Global,
            changed_at: Timestamp(0),
            accounts: &[],
        }
    }

    fn view(region: &Region) -> EventView<'_> {
        EventView {
            id: EventId(uuid::Uuid::from_u128(1)),
            position: 9,
            version: 2,
            kind: "volume",
            cloud: "c1",
            region,
            holder: Holder::Global,
            resource: ID,
            change: "state_changed",
            old_state: Some("creating"),
            new_state: Some("available"),
            at: Timestamp(0),
            document: Some(r#"{"name":"a"}"#),
        }
    }

    #[test]
    fn stored_document_is_spliced_in() {
        let region = Region::new("r1");
        let rendered =
            render_resource(r#"{"name":"a","size_gib":5}"#, Some(r#"{"x":1}"#), &identity(&region)).unwrap();
        assert_eq!(rendered["cloud"], "c\"1");
        assert_eq!(rendered["account"], "global");
        assert_eq!(rendered["size_gib"], 5);
        assert_eq!(rendered["cloud_data"]["x"], 1);
        assert_eq!(rendered["links"]["self"], format!("/v1/volumes/{ID}"));
        assert!(render_resource("{}", None, &identity(&region)).unwrap().get("cloud_data").is_none());
        for broken in ["", "[]", r#"{"name":}"#, "null"] {
            assert!(resource_text(broken, None, &identity(&region)).is_err(), "{broken}");
        }
    }

    #[test]
    fn resource_has_its_documented_form() {
        let stored = r#"{"links":{"image":"/v1/images/00000000-0000-0000-0000-000000000009"},"name":"data","size_gib":5}"#;
        let region = Region::new("r1");
        let rendered = render_resource(stored, Some(r#"{"x":1}"#), &identity(&region)).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&rendered).unwrap(), @r##"
        {
          "account": "global",
          "actions": [],
          "changed_at": "1970-01-01T00:00:00.000000Z",
          "cloud": "c\"1",
          "cloud_data": {
            "x": 1
          },
          "id": "00000000-0000-0000-0000-000000000007",
          "kind": "volume",
          "links": {
            "image": "/v1/images/00000000-0000-0000-0000-000000000009",
            "related": "/v1/volumes/00000000-0000-0000-0000-000000000007/related",
            "self": "/v1/volumes/00000000-0000-0000-0000-000000000007",
            "volume_attachments": "/v1/volume_attachments?volume=00000000-0000-0000-0000-000000000007",
            "volume_snapshots": "/v1/volume_snapshots?volume=00000000-0000-0000-0000-000000000007"
          },
          "name": "data",
          "region": "r1",
          "size_gib": 5,
          "version": 3
        }
        "##);
    }

    #[test]
    fn event_has_its_documented_form() {
        let region = Region::new("r1");
        let event = render_event(&view(&region)).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&event).unwrap(), @r##"
        {
          "data": {
            "account": "global",
            "cloud": "c1",
            "kind": "volume",
            "new_state": "available",
            "old_state": "creating",
            "position": 9,
            "region": "r1",
            "resource": {
              "account": "global",
              "actions": [],
              "changed_at": "1970-01-01T00:00:00.000000Z",
              "cloud": "c1",
              "id": "00000000-0000-0000-0000-000000000007",
              "kind": "volume",
              "links": {
                "related": "/v1/volumes/00000000-0000-0000-0000-000000000007/related",
                "self": "/v1/volumes/00000000-0000-0000-0000-000000000007",
                "volume_attachments": "/v1/volume_attachments?volume=00000000-0000-0000-0000-000000000007",
                "volume_snapshots": "/v1/volume_snapshots?volume=00000000-0000-0000-0000-000000000007"
              },
              "name": "a",
              "region": "r1",
              "version": 2
            },
            "version": 2
          },
          "datacontenttype": "application/json",
          "id": "00000000-0000-0000-0000-000000000001",
          "source": "/gateway",
          "specversion": "1.0",
          "subject": "00000000-0000-0000-0000-000000000007",
          "time": "1970-01-01T00:00:00.000000Z",
          "type": "gateway.resource.state_changed"
        }
        "##);
    }

    #[test]
    fn fields_of_kinds_differ_from_common_fields() {
        for spec in kind::ALL {
            let schemas = serde_json::to_value((spec.schema)().into_iter().next().unwrap().1).unwrap();
            let fields = schemas["properties"].as_object().unwrap();
            for name in ADDED.iter().chain(&COMMON) {
                assert!(!fields.contains_key(*name), "{}: {name}", spec.kind);
            }
        }
    }

    #[test]
    fn every_column_is_a_field_of_its_kind() {
        for spec in kind::ALL {
            let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
            for column in spec.columns {
                let field = column.field();
                let is_common = ADDED.contains(&field) || COMMON.contains(&field);
                assert!(is_common || schema["properties"][field].is_object(), "{}: {field}", spec.kind);
            }
            assert!((2..=5).contains(&spec.columns.len()), "{}: {}", spec.kind, spec.columns.len());
        }
    }

    #[test]
    fn events_of_resources_and_grants_have_their_fixed_form() {
        let region = Region::new("r1");
        let view = view(&region);
        let event = render_event(&view).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["type"], "gateway.resource.state_changed");
        assert_eq!(event["subject"], ID.to_string());
        assert_eq!(event["data"]["position"], 9);
        assert_eq!(event["data"]["resource"]["name"], "a");
        let gone = render_event(&EventView { document: None, change: "deleted", ..view }).unwrap();
        assert_eq!(gone["data"]["resource"], Value::Null);
        assert!(gone["data"].get("resource_link").is_none());
        let linked = render_event(&EventView { document: None, ..view }).unwrap();
        assert_eq!(linked["data"]["resource"], Value::Null);
        assert_eq!(linked["data"]["resource_link"], format!("/v1/volumes/{ID}"));
        let grant = render_event(&EventView { kind: GRANT, change: "ended", ..view }).unwrap();
        assert_eq!(grant["type"], "gateway.grant.changed");
        assert_eq!(grant["data"]["change"], "ended");
    }
}

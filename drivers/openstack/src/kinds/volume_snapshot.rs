//! Snapshots of Cinder.

use std::collections::BTreeMap;

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{Kind, Verb, VerbSupport, VolumeSnapshot};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read, tags, take_marker};
use crate::listing::Pass;
use crate::service::Service;
use crate::state;

/// Snapshots of Cinder.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[Pass::pages(Service::Volume, &["snapshots", "detail"], "snapshots")],
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::VolumeSnapshot, Lookup::Id { path: "snapshots", key: Some("snapshot") }, observe)
};

#[derive(Deserialize)]
struct Snapshot {
    id: String,
    name: Option<String>,
    description: Option<String>,
    volume_id: Option<String>,
    status: String,
    size: u64,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    /// A percentage, such as "100%".
    #[serde(rename = "os-extended-snapshot-attributes:progress")]
    progress: Option<String>,
    #[serde(rename = "os-extended-snapshot-attributes:project_id")]
    project_id: Option<String>,
}

/// Maps one snapshot. Cinder tells only of the volume whether it is encrypted.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let snapshot: Snapshot = read("snapshot", &raw)?;
    let fields = VolumeSnapshot {
        description: non_empty(snapshot.description),
        size_gib: snapshot.size,
        volume: non_empty(snapshot.volume_id).map(|id| view.reference(Kind::Volume, &id)),
        encrypted: None,
        progress_percent: snapshot.progress.and_then(|text| text.trim_end_matches('%').parse().ok()),
    };
    let state = state::volume_snapshot(&snapshot.status);
    let name = snapshot.name.unwrap_or_default();
    let mut observed = Observed::new(snapshot.id, name, &fields, raw)?.with_state(state, snapshot.status);
    // As with volumes, a cloud's policy may hide it.
    observed.owner = snapshot.project_id.or_else(|| Some(view.account.project_id.clone()));
    observed.created_at = snapshot.created_at;
    observed.updated_at = snapshot.updated_at;
    observed.tags = tags(snapshot.metadata, Vec::new());
    observed.marker = take_marker(&mut observed.tags);
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({
            "id": "n1", "created_at": "2026-11-24T10:17:45.000000", "updated_at": "2026-11-24T10:17:46.000000",
            "name": "nightly", "description": "", "volume_id": "v1", "status": "available", "size": 1,
            "metadata": {"use": "backup"}, "group_snapshot_id": null, "user_id": "u1", "consumes_quota": true,
            "os-extended-snapshot-attributes:project_id": "p1", "os-extended-snapshot-attributes:progress": "100%"
        })
    }

    #[test]
    fn marker_is_no_tag() {
        let marker = crate::fixtures::marker();
        let mut made = document();
        made["metadata"]["gateway-operation"] = json!(marker.to_string());
        let observed = with_view(|view| observe(view, made)).unwrap();
        assert_eq!((observed.marker, observed.tags.len()), (Some(marker), 1));
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let snapshot: VolumeSnapshot = fields(&observed);
        assert_eq!((snapshot.size_gib, snapshot.progress_percent), (1, Some(100)));
        assert_eq!((snapshot.description, snapshot.encrypted), (None, None));
        let volume = snapshot.volume.unwrap();
        assert_eq!((volume.external_id.as_deref(), volume.id.is_some()), (Some("v1"), true));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("available"), Some("available")));
        assert_eq!((observed.owner.as_deref(), observed.tags["use"].as_str()), (Some("p1"), "backup"));
        assert!(observed.created_at < observed.updated_at);
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn snapshot_in_creation_is_mapped_and_partial_one_is_refused() {
        let mut early = document();
        early["status"] = json!("creating");
        early["os-extended-snapshot-attributes:progress"] = json!("");
        early["name"] = Value::Null;
        let observed = with_view(|view| observe(view, early)).unwrap();
        assert!(observed.is_transitional());
        assert_eq!(fields::<VolumeSnapshot>(&observed).progress_percent, None);
        assert!(with_view(|view| observe(view, json!({"id": "n1", "status": "available"}))).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Volume, document()));
    }
}

//! Volumes of Cinder.

use std::collections::BTreeMap;

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{self, AttachmentPoint, Kind, Reference, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read, tags, take_marker};
use crate::listing::Pass;
use crate::service::Service;
use crate::state;

/// Volumes of Cinder.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[Pass::pages(Service::Volume, &["volumes", "detail"], "volumes")],
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Extend),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::Volume, Lookup::Id { path: "volumes", key: Some("volume") }, observe)
};

#[derive(Deserialize)]
struct Volume {
    id: String,
    name: Option<String>,
    description: Option<String>,
    status: String,
    size: u64,
    volume_type: Option<String>,
    availability_zone: Option<String>,
    /// The text "true" or "false".
    #[serde(default)]
    bootable: Value,
    encrypted: Option<bool>,
    multiattach: Option<bool>,
    snapshot_id: Option<String>,
    #[serde(default)]
    volume_image_metadata: Value,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    #[serde(rename = "os-vol-tenant-attr:tenant_id")]
    tenant_id: Option<String>,
}

#[derive(Deserialize)]
struct Attachment {
    /// Empty if the volume is attached to a host instead of a server.
    server_id: Option<String>,
    device: Option<String>,
}

/// Maps one volume. Cinder's throughput limits are in the volume types.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let volume: Volume = read("volume", &raw)?;
    let fields = kind::Volume {
        description: non_empty(volume.description),
        size_gib: volume.size,
        volume_type: non_empty(volume.volume_type),
        datacenter: non_empty(volume.availability_zone),
        bootable: flag(&volume.bootable),
        encrypted: volume.encrypted,
        multiattach: volume.multiattach,
        iops: None,
        throughput_mib_per_second: None,
        snapshot: non_empty(volume.snapshot_id).map(|id| view.reference(Kind::VolumeSnapshot, &id)),
        image: image(view, &volume.volume_image_metadata),
        attachments: volume.attachments.into_iter().filter_map(|at| attachment(view, at)).collect(),
    };
    let state = state::volume(&volume.status);
    let name = volume.name.unwrap_or_default();
    let mut observed = Observed::new(volume.id, name, &fields, raw)?.with_state(state, volume.status);
    // A cloud's policy may hide it; Cinder lists the project's own only.
    observed.owner = volume.tenant_id.or_else(|| Some(view.account.project_id.clone()));
    observed.created_at = volume.created_at;
    observed.updated_at = volume.updated_at;
    observed.tags = tags(volume.metadata, Vec::new());
    observed.marker = take_marker(&mut observed.tags);
    Ok(observed)
}

fn image(view: &View<'_>, metadata: &Value) -> Option<Reference> {
    let id = metadata["image_id"].as_str().filter(|id| !id.is_empty())?;
    let name = non_empty(metadata["image_name"].as_str().map(str::to_owned));
    Some(Reference { name, ..view.reference(Kind::Image, id) })
}

fn attachment(view: &View<'_>, at: Attachment) -> Option<AttachmentPoint> {
    let instance = view.reference(Kind::Instance, &non_empty(at.server_id)?);
    Some(AttachmentPoint { instance, device: non_empty(at.device) })
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.to_ascii_lowercase().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({
            "id": "v1", "name": "data", "description": null, "status": "in-use", "size": 5,
            "volume_type": "fast", "availability_zone": "nova", "bootable": "true", "encrypted": false,
            "multiattach": false, "snapshot_id": "n1", "metadata": {"use": "data"},
            "volume_image_metadata": {"image_id": "i1", "image_name": "debian"},
            "attachments": [{"id": "v1", "server_id": "s1", "device": "/dev/vdb", "host_name": null},
                            {"id": "v1", "server_id": "", "device": ""}],
            "created_at": "2026-11-22T02:25:02.000000", "updated_at": "2026-11-22T02:25:03.500000",
            "os-vol-tenant-attr:tenant_id": "p1"
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
        let volume: kind::Volume = fields(&observed);
        assert_eq!((volume.size_gib, volume.volume_type.as_deref()), (5, Some("fast")));
        assert_eq!(
            (volume.bootable, volume.encrypted, volume.multiattach),
            (Some(true), Some(false), Some(false))
        );
        assert_eq!((volume.datacenter.as_deref(), volume.description), (Some("nova"), None));
        let snapshot = volume.snapshot.unwrap();
        assert_eq!((snapshot.external_id.as_deref(), snapshot.id.is_some()), (Some("n1"), true));
        assert_eq!(volume.image.unwrap().name.as_deref(), Some("debian"));
        assert_eq!(volume.attachments.len(), 1);
        assert_eq!(volume.attachments[0].instance.external_id.as_deref(), Some("s1"));
        assert_eq!(volume.attachments[0].device.as_deref(), Some("/dev/vdb"));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("in_use"), Some("in-use")));
        assert_eq!((observed.owner.as_deref(), observed.tags["use"].as_str()), (Some("p1"), "data"));
        assert!(observed.created_at < observed.updated_at);
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn minimal_volume_is_mapped() {
        let bare = json!({"id": "v1", "name": null, "status": "creating", "size": 1});
        let observed = with_view(|view| observe(view, bare)).unwrap();
        assert_eq!((observed.name.as_str(), observed.state), ("", Some("pending")));
        assert_eq!(
            fields::<kind::Volume>(&observed),
            kind::Volume { size_gib: 1, ..kind::Volume::default() }
        );
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Volume, document()));
    }
}

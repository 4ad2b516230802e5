//! What Cinder has.

use gateway_core::kind::{Canonical, Volume, VolumeAttachment, VolumeSnapshot, VolumeType};

use super::{Form, Pages, Pass, Resource, Single};
use crate::catalog::Service;
use crate::wire;

pub(super) static VOLUME: Resource = Resource {
    own: &[Pass::pages(Service::Volume, &["volumes", "detail"], "volumes")],
    ..Resource::new(
        Volume::KIND,
        Single::Id { path: "volumes", around: Some("volume") },
        wire::volume::observe,
    )
};

const TYPES: &[Pass] = &[Pass::pages(Service::Volume, &["types"], "volume_types")];

pub(super) static VOLUME_TYPE: Resource = Resource {
    own: TYPES,
    published: TYPES,
    // Shown to administrators alone, and what is published is shown to all, whoever listed it.
    left_out: &["qos_specs_id"],
    ..Resource::new(
        VolumeType::KIND,
        Single::Id { path: "types", around: Some("volume_type") },
        wire::volume_type::observe,
    )
};

pub(super) static VOLUME_SNAPSHOT: Resource = Resource {
    own: &[Pass::pages(Service::Volume, &["snapshots", "detail"], "snapshots")],
    ..Resource::new(
        VolumeSnapshot::KIND,
        Single::Id { path: "snapshots", around: Some("snapshot") },
        wire::snapshot::observe,
    )
};

// While a server moves, each of its volumes is attached to it twice: in this order the two stand together, and the
// one in use before the one to come.
pub(super) static VOLUME_ATTACHMENT: Resource = Resource {
    own: &[Pass {
        form: Form::Pages(Pages { has_links: false, ..Pages::of("attachments") }),
        ..Pass::pages(Service::Volume, &["attachments", "detail"], "attachments")
    }
    .with(&[("sort", "volume_id:asc,instance_uuid:asc,attach_status:asc,id:asc")])],
    // How the host reaches the volume, with the passwords for it.
    left_out: &["connection_info"],
    // A volume may be attached to a host for Cinder's own sake.
    is_one: |attachment| attachment["instance"].as_str().is_some_and(|server| !server.is_empty()),
    has_twins: true,
    ..Resource::new(
        VolumeAttachment::KIND,
        Single::Narrowed(["volume_id", "instance_id"]),
        wire::attachment::observe,
    )
};

//! What is done to volumes, their attachments and snapshots.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, create, delete, update, with};
use crate::id::ResourceId;
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

/// Makes a volume: empty, or of one source.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolume {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Its size; that of its source when not given.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub size_gib: Option<u64>,
    /// Its type.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume_type: Option<ResourceId>,
    /// Filled from this snapshot.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub snapshot: Option<ResourceId>,
    /// Filled from this image.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub image: Option<ResourceId>,
    /// A copy of this volume.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume: Option<ResourceId>,
    /// Name of the availability zone.
    #[serde(default)]
    pub datacenter: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateVolume {
    const NAMES: &'static [Named] = &[
        Named::new(&["volume_type"], "volume_type"),
        Named::new(&["snapshot"], "volume_snapshot"),
        Named::new(&["image"], "image"),
        Named::new(&["volume"], "volume"),
    ];

    fn faults(&self) -> Faults {
        let sources = [self.snapshot, self.image, self.volume].iter().flatten().count();
        Faults::default()
            .name(&self.name)
            .description(self.description.as_ref())
            .tags(&self.tags)
            .unless(sources <= 1, "", "must name one of `snapshot`, `image` and `volume` at most")
            .unless(self.size_gib.is_none_or(|size| size > 0), "/size_gib", "must be 1 at least")
            .unless(
                self.size_gib.is_some() || self.snapshot.is_some() || self.volume.is_some(),
                "/size_gib",
                "must be given for a volume that is empty or made of an image",
            )
    }

    fn order(self) -> Order {
        Order::CreateVolume(self)
    }
}

/// The new size of a volume.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// The size, larger than before.
    #[schema(minimum = 1)]
    pub size_gib: u64,
}

impl Body for Extend {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        Faults::default().unless(self.size_gib > 0, "/size_gib", "must be 1 at least")
    }

    fn order(self) -> Order {
        Order::Extend(self)
    }
}

/// Attaches a volume to an instance.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolumeAttachment {
    /// The volume.
    #[schema(value_type = uuid::Uuid)]
    pub volume: ResourceId,
    /// The instance.
    #[schema(value_type = uuid::Uuid)]
    pub instance: ResourceId,
    /// Where it appears, such as `/dev/vdb`; the cloud chooses when not given.
    #[serde(default)]
    pub device: Option<String>,
}

impl Body for CreateVolumeAttachment {
    const NAMES: &'static [Named] =
        &[Named::new(&["volume"], "volume"), Named::new(&["instance"], "instance")];

    fn faults(&self) -> Faults {
        let fine = self.device.as_ref().is_none_or(|device| device.starts_with("/dev/") && device.len() < 64);
        Faults::default().unless(fine, "/device", "must be a path such as /dev/vdb")
    }

    fn order(self) -> Order {
        Order::CreateVolumeAttachment(self)
    }
}

/// Makes a snapshot of a volume.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolumeSnapshot {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The volume.
    #[schema(value_type = uuid::Uuid)]
    pub volume: ResourceId,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateVolumeSnapshot {
    const NAMES: &'static [Named] = &[Named::new(&["volume"], "volume")];

    fn faults(&self) -> Faults {
        Faults::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags)
    }

    fn order(self) -> Order {
        Order::CreateVolumeSnapshot(self)
    }
}

const ENDING: When = When::Except(&["deleting", "deleted"]);

pub(crate) static VOLUME: [VerbSpec; 4] = [
    create::<CreateVolume>(),
    update(ENDING),
    with::<Extend>(Verb::Extend, When::In(&["available", "in_use"]), Repeat::Harmless),
    delete(When::In(&["available", "error"])),
];

pub(crate) static VOLUME_ATTACHMENT: [VerbSpec; 2] =
    [create::<CreateVolumeAttachment>(), delete(When::Except(&["detaching", "detached"]))];

pub(crate) static VOLUME_SNAPSHOT: [VerbSpec; 3] =
    [create::<CreateVolumeSnapshot>(), update(ENDING), delete(When::In(&["available", "error"]))];

//! What is done to instances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, delete, plain, update, with};
use crate::id::ResourceId;
use crate::secret::Secret;
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

/// Most instances of one order. Each is made by a call of its own, one after the other.
const MOST: u32 = 100;

/// Most that a number adds to the name of one of several: `-100`.
const NUMBER: usize = 4;

/// Makes instances.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInstance {
    /// Its name; of several, `NAME-1`, `NAME-2` and so on.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// What it boots from, unless that is a volume.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub image: Option<ResourceId>,
    /// Its type.
    #[schema(value_type = uuid::Uuid)]
    pub instance_type: ResourceId,
    /// The networks that it gets an interface in.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub networks: Vec<ResourceId>,
    /// The subnets that it gets an interface in, where it matters which of a network.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub subnets: Vec<ResourceId>,
    /// Interfaces that are there already.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub network_interfaces: Vec<ResourceId>,
    /// Security groups, in place of the cloud's usual one.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub security_groups: Vec<ResourceId>,
    /// The key that is put in at boot.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub ssh_key: Option<ResourceId>,
    /// What its image's start-up program is told, as plain text.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub user_data: Option<Secret>,
    /// Name of the availability zone.
    #[serde(default)]
    pub datacenter: Option<String>,
    /// A volume to boot from.
    #[serde(default)]
    pub boot_volume: Option<BootVolume>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// How many.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub count: u32,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

/// The volume that an instance boots from: one that is there, or one that is made of the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BootVolume {
    /// One that is there, in place of an image.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume: Option<ResourceId>,
    /// Size of the one that is made.
    #[serde(default)]
    pub size_gib: Option<u64>,
    /// Type of the one that is made.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume_type: Option<ResourceId>,
    /// It ends with the instance.
    #[serde(default)]
    pub delete_on_termination: bool,
}

fn one() -> u32 {
    1
}

impl Body for CreateInstance {
    const NAMES: &'static [Named] = &[
        Named::new(&["image"], "image"),
        Named::new(&["instance_type"], "instance_type"),
        Named::new(&["networks"], "network"),
        Named::new(&["subnets"], "subnet"),
        Named::new(&["network_interfaces"], "network_interface"),
        Named::new(&["security_groups"], "security_group"),
        Named::new(&["ssh_key"], "ssh_key"),
        Named::new(&["boot_volume", "volume"], "volume"),
        Named::new(&["boot_volume", "volume_type"], "volume_type"),
    ];

    fn faults(&self) -> Faults {
        let boot = self.boot_volume.as_ref();
        let given = boot.and_then(|boot| boot.volume);
        let user_data = self.user_data.as_ref().map_or(0, |text| text.expose().len());
        Faults::default()
            .name(&self.name)
            .description(self.description.as_ref())
            .tags(&self.tags)
            .unless((1..=MOST).contains(&self.count), "/count", "must be 1 to 100")
            .unless(
                self.count == 1 || self.name.chars().count() + NUMBER <= super::LONGEST_NAME,
                "/name",
                "must be 251 characters at most where several are made: each gets a number",
            )
            .unless(
                self.count == 1 || (self.network_interfaces.is_empty() && given.is_none()),
                "/count",
                "must be 1 where an interface or a volume is named: it goes into one instance only",
            )
            .unless(
                self.image.is_some() != given.is_some(),
                "/image",
                "must be given, or a volume to boot from",
            )
            .unless(user_data <= 16 << 10, "/user_data", "must be 16 KiB at most")
            .unless(
                boot.is_none_or(|boot| boot.volume.is_some() != boot.size_gib.is_some()),
                "/boot_volume",
                "must have either `volume` or `size_gib`",
            )
            .unless(
                boot.and_then(|boot| boot.size_gib).is_none_or(|size| size > 0),
                "/boot_volume/size_gib",
                "must be 1 at least",
            )
    }

    fn order(self) -> Order {
        Order::CreateInstance(Box::new(self))
    }
}

/// How an instance is rebooted.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reboot {
    /// As if the power were cut, where it does not go down by itself.
    #[serde(default)]
    pub hard: bool,
}

/// The new type of an instance.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// The type.
    #[schema(value_type = uuid::Uuid)]
    pub instance_type: ResourceId,
}

/// What an instance is made anew of.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuild {
    /// The image.
    #[schema(value_type = uuid::Uuid)]
    pub image: ResourceId,
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
}

/// An image to be made of an instance.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageOfInstance {
    /// Name of the image.
    pub name: String,
    /// Tags of the image.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Body for Reboot {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        Faults::default()
    }

    fn order(self) -> Order {
        Order::Reboot(self)
    }
}

impl Body for Resize {
    const NAMES: &'static [Named] = &[Named::new(&["instance_type"], "instance_type")];

    fn faults(&self) -> Faults {
        Faults::default()
    }

    fn order(self) -> Order {
        Order::Resize(self)
    }
}

impl Body for Rebuild {
    const NAMES: &'static [Named] = &[Named::new(&["image"], "image")];

    fn faults(&self) -> Faults {
        self.name.iter().fold(Faults::default(), |faults, name| faults.name(name))
    }

    fn order(self) -> Order {
        Order::Rebuild(self)
    }
}

impl Body for ImageOfInstance {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        Faults::default().name(&self.name).tags(&self.tags)
    }

    fn order(self) -> Order {
        Order::ImageOfInstance(self)
    }
}

const ENDING: &[&str] = &["terminating", "terminated"];

/// A verb that a locked instance refuses.
const fn unlocked(spec: VerbSpec) -> VerbSpec {
    VerbSpec { unless: Some("locked"), ..spec }
}

const fn turn(verb: Verb, from: &'static [&'static str]) -> VerbSpec {
    unlocked(plain(verb, When::In(from), Repeat::Told))
}

pub(crate) static INSTANCE: [VerbSpec; 20] = [
    with::<CreateInstance>(Verb::Create, When::Always, Repeat::Found),
    update(When::Except(ENDING)),
    unlocked(delete(When::Except(ENDING))),
    turn(Verb::Start, &["stopped"]),
    turn(Verb::Stop, &["running", "error"]),
    unlocked(with::<Reboot>(Verb::Reboot, When::In(&["running", "error"]), Repeat::Never)),
    turn(Verb::Pause, &["running"]),
    turn(Verb::Unpause, &["paused"]),
    turn(Verb::Suspend, &["running"]),
    turn(Verb::Resume, &["suspended"]),
    turn(Verb::Shelve, &["running", "stopped", "paused", "suspended"]),
    turn(Verb::Unshelve, &["shelved"]),
    unlocked(plain(Verb::Lock, When::Except(ENDING), Repeat::Harmless)),
    plain(Verb::Unlock, When::Except(ENDING), Repeat::Harmless),
    unlocked(with::<Resize>(Verb::Resize, When::In(&["running", "stopped"]), Repeat::Never)),
    turn(Verb::ConfirmResize, &["resized"]),
    turn(Verb::RevertResize, &["resized"]),
    unlocked(with::<Rebuild>(Verb::Rebuild, When::In(&["running", "stopped", "error"]), Repeat::Never)),
    with::<ImageOfInstance>(
        Verb::CreateImage,
        When::In(&["running", "stopped", "paused", "suspended"]),
        Repeat::Found,
    ),
    plain(Verb::ConsoleOutput, When::Except(ENDING), Repeat::Harmless),
];

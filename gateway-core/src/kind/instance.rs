use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors, LONGEST_NAME};
use super::column::Column;
use super::documents::Documents;
use super::list_limit::{ListLimit, MOST_SECURITY_GROUPS};
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{Repeat, Verb, VerbSpec, When, create, delete, plain, with};
use crate::clock::Timestamp;
use crate::id::ResourceId;
use crate::secret::Secret;

/// A virtual or bare machine: the fields that only an instance has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// The owner's free text.
    pub description: Option<String>,
    /// The instance type.
    pub instance_type: Reference,
    /// The number of virtual processors.
    pub vcpus: Option<u32>,
    /// The memory.
    pub memory_mib: Option<u64>,
    /// The root disk of its type; 0 where the type leaves it to the image or volume.
    pub disk_gib: Option<u64>,
    /// The image that it was booted from; none for an instance booted from a volume.
    pub image: Option<Reference>,
    /// The availability zone.
    pub datacenter: Option<String>,
    /// The private addresses.
    pub private_ip_addresses: Vec<String>,
    /// The public addresses.
    pub public_ip_addresses: Vec<String>,
    /// The name of the key that was installed at boot.
    pub ssh_key: Option<String>,
    /// The security groups that apply to it.
    pub security_groups: Vec<Reference>,
    /// The attached volumes.
    pub volumes: Vec<Reference>,
    /// The time of the last launch, if the cloud shows it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub launched_at: Option<Timestamp>,
    /// Whether its owner or the cloud's operator has locked it against change.
    pub locked: Option<bool>,
    /// The fault that the cloud reports.
    pub fault: Option<String>,
}

impl Canonical for Instance {
    const KIND: Kind = Kind::Instance;
}

states! {
    /// The life of an instance.
    InstanceState of Kind::Instance;
    /// Being created or booted.
    Pending = "pending" (moving) -> ["running", "error", "terminating", "terminated"],
    /// Running.
    Running = "running" -> ["rebooting", "stopping", "stopped", "paused", "suspended", "resizing", "migrating", "shelved", "error", "terminating", "terminated", "rescued"],
    /// Rebooting.
    Rebooting = "rebooting" (moving) -> ["running", "error", "terminating", "terminated"],
    /// Stopping.
    Stopping = "stopping" (moving) -> ["stopped", "shelved", "error", "terminating", "terminated"],
    /// Stopped, its disks kept.
    Stopped = "stopped" -> ["starting", "running", "resizing", "shelved", "error", "terminating", "terminated", "rescued"],
    /// Starting.
    Starting = "starting" (moving) -> ["running", "error", "terminating", "terminated"],
    /// Frozen in memory.
    Paused = "paused" -> ["running", "error", "terminating", "terminated"],
    /// Frozen on disk.
    Suspended = "suspended" -> ["running", "error", "terminating", "terminated"],
    /// Changing its type, or reverting to the old one.
    Resizing = "resizing" (moving) -> ["resized", "running", "stopped", "error", "terminating", "terminated"],
    /// Running with its new type, until its owner confirms or reverts it.
    Resized = "resized" -> ["running", "stopped", "resizing", "error", "terminating", "terminated"],
    /// Moving to another host.
    Migrating = "migrating" (moving) -> ["running", "stopped", "error", "terminating", "terminated"],
    /// Shelved; its host is free for others.
    Shelved = "shelved" -> ["running", "stopped", "error", "terminating", "terminated"],
    /// Booted from a rescue image.
    Rescued = "rescued" -> ["running", "stopped", "error", "terminating", "terminated"],
    /// Reported broken by the cloud.
    Error = "error" -> ["running", "stopped", "rebooting", "terminating", "terminated"],
    /// Being deleted.
    Terminating = "terminating" (moving) -> ["terminated", "error"],
    /// Deleted, and still shown by the cloud for a while.
    Terminated = "terminated" -> [],
    /// A state that the driver or the cloud itself does not know.
    Unknown = "unknown" -> ["running", "stopped", "error", "terminating", "terminated"],
}

/// The most instances that one command creates. Each takes a call of its own, one after the other: more keep the
/// operation running longer, fewer need more requests.
const MOST: u32 = 100;

/// The length of the longest number that is appended to a name: `-100`.
const NUMBER: usize = 4;

/// Creates instances.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInstance {
    /// The name; several instances are named `NAME-1`, `NAME-2` and so on.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The image to boot from; none when it boots from a volume.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub image: Option<ResourceId>,
    /// The type.
    #[schema(value_type = uuid::Uuid)]
    pub instance_type: ResourceId,
    /// The networks in which it gets an interface.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub networks: Vec<ResourceId>,
    /// The subnets in which it gets an interface, where the network alone is not enough.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub subnets: Vec<ResourceId>,
    /// Existing interfaces to attach.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub network_interfaces: Vec<ResourceId>,
    /// The security groups; the cloud's default group when not given.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub security_groups: Vec<ResourceId>,
    /// The key that is installed at boot.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub ssh_key: Option<ResourceId>,
    /// The input of the image's start-up program, as plain text.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub user_data: Option<Secret>,
    /// The name of the availability zone.
    #[serde(default)]
    pub datacenter: Option<String>,
    /// A volume to boot from.
    #[serde(default)]
    pub boot_volume: Option<BootVolume>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The number of instances.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub count: u32,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

/// The volume that an instance boots from: an existing one, or a copy of the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BootVolume {
    /// An existing volume, in place of an image.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume: Option<ResourceId>,
    /// The size of the copy.
    #[serde(default)]
    pub size_gib: Option<u64>,
    /// The type of the copy.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume_type: Option<ResourceId>,
    /// Whether it is deleted with the instance.
    #[serde(default)]
    pub delete_on_termination: bool,
}

/// The most interfaces of one instance. Clouds allow 15 to 30; a higher number lets one command look up more resources.
const MOST_INTERFACES: usize = 32;

fn one() -> u32 {
    1
}

impl Body for CreateInstance {
    const NAMES: &'static [Named] = &[
        Named::new(&["image"], Kind::Image),
        Named::new(&["instance_type"], Kind::InstanceType),
        Named::new(&["networks"], Kind::Network),
        Named::new(&["subnets"], Kind::Subnet),
        Named::new(&["network_interfaces"], Kind::NetworkInterface),
        Named::new(&["security_groups"], Kind::SecurityGroup),
        Named::new(&["ssh_key"], Kind::SshKey),
        Named::new(&["boot_volume", "volume"], Kind::Volume),
        Named::new(&["boot_volume", "volume_type"], Kind::VolumeType),
    ];
    const LISTS: &'static [ListLimit] = &[
        ListLimit::new("networks", MOST_INTERFACES),
        ListLimit::new("subnets", MOST_INTERFACES),
        ListLimit::new("network_interfaces", MOST_INTERFACES),
        ListLimit::new("security_groups", MOST_SECURITY_GROUPS),
    ];

    fn errors(&self) -> FieldErrors {
        let boot = self.boot_volume.as_ref();
        let given = boot.and_then(|boot| boot.volume);
        let user_data = self.user_data.as_ref().map_or(0, |text| text.expose().len());
        FieldErrors::default()
            .name(&self.name)
            .description(self.description.as_ref())
            .tags(&self.tags)
            .unless((1..=MOST).contains(&self.count), "/count", "must be 1 to 100")
            .unless(
                self.count == 1 || self.name.chars().count() + NUMBER <= LONGEST_NAME,
                "/name",
                "must be at most 251 characters when `count` is more than 1: a number is appended",
            )
            .unless(
                self.count == 1 || (self.network_interfaces.is_empty() && given.is_none()),
                "/count",
                "must be 1 with `network_interfaces` or `boot_volume`: each belongs to one instance only",
            )
            .unless(
                self.image.is_some() != given.is_some(),
                "/image",
                "is required unless `boot_volume` names a volume, and excluded if it does",
            )
            .unless(user_data <= 16 << 10, "/user_data", "must be at most 16 KiB")
            .unless(
                boot.is_none_or(|boot| boot.volume.is_some() != boot.size_gib.is_some()),
                "/boot_volume",
                "must have either `volume` or `size_gib`",
            )
            .unless(
                boot.and_then(|boot| boot.size_gib).is_none_or(|size| size > 0),
                "/boot_volume/size_gib",
                "must be at least 1",
            )
    }

    fn errors_against(&self, documents: &Documents<'_>) -> FieldErrors {
        let fits =
            |has: Option<u64>, needs: Option<u64>| has.zip(needs).is_none_or(|(has, needs)| has >= needs);
        let of_type = |field| documents.number(Some(self.instance_type), field);
        // The disk of a type without a size follows the image.
        let (disk, pointer) = match &self.boot_volume {
            Some(boot) => (boot.size_gib, "/boot_volume/size_gib"),
            None => (of_type("disk_gib").filter(|size| *size > 0), "/instance_type"),
        };
        FieldErrors::default()
            .unless(
                fits(of_type("memory_mib"), documents.number(self.image, "min_memory_mib")),
                "/instance_type",
                "has less memory than the image needs",
            )
            .unless(
                fits(disk, documents.number(self.image, "min_disk_gib")),
                pointer,
                "has a smaller disk than the image needs",
            )
    }
}

/// Reboots an instance.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reboot {
    /// Whether to cut the power instead of a regular shutdown.
    #[serde(default)]
    pub hard: bool,
}

/// Changes the type of an instance.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// The type.
    #[schema(value_type = uuid::Uuid)]
    pub instance_type: ResourceId,
}

/// Recreates an instance from an image.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuild {
    /// The image.
    #[schema(value_type = uuid::Uuid)]
    pub image: ResourceId,
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
}

/// Creates an image of an instance.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageOfInstance {
    /// The name of the image.
    pub name: String,
    /// The tags of the image.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Body for Reboot {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default()
    }
}

impl Body for Resize {
    const NAMES: &'static [Named] = &[Named::new(&["instance_type"], Kind::InstanceType)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default()
    }
}

impl Body for Rebuild {
    const NAMES: &'static [Named] = &[Named::new(&["image"], Kind::Image)];

    fn errors(&self) -> FieldErrors {
        self.name.iter().fold(FieldErrors::default(), |errors, name| errors.name(name))
    }
}

impl Body for ImageOfInstance {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default().name(&self.name).tags(&self.tags)
    }
}

const ENDING: &[&str] = &["terminating", "terminated"];

/// The field that forbids most verbs while it is true.
const LOCKED: &str = "locked";

/// Declares a change from one state to another.
const fn transition(verb: Verb, from: &'static [&'static str]) -> VerbSpec {
    plain(verb, When::In(from), Repeat::ByState).unless(LOCKED).bulk()
}

static VERBS: [VerbSpec; 20] = [
    create::<CreateInstance>().secret(),
    update(When::Except(ENDING)),
    delete(When::Except(ENDING)).unless(LOCKED).bulk(),
    transition(Verb::Start, &["stopped"]),
    transition(Verb::Stop, &["running", "error"]),
    with::<Reboot>(Verb::Reboot, When::In(&["running", "error"]), Repeat::Never).unless(LOCKED).bulk(),
    transition(Verb::Pause, &["running"]),
    transition(Verb::Unpause, &["paused"]),
    transition(Verb::Suspend, &["running"]),
    transition(Verb::Resume, &["suspended"]),
    transition(Verb::Shelve, &["running", "stopped", "paused", "suspended"]),
    transition(Verb::Unshelve, &["shelved"]),
    plain(Verb::Lock, When::Except(ENDING), Repeat::Harmless).unless(LOCKED).bulk(),
    plain(Verb::Unlock, When::Except(ENDING), Repeat::Harmless).bulk(),
    with::<Resize>(Verb::Resize, When::In(&["running", "stopped"]), Repeat::Never).unless(LOCKED).bulk(),
    transition(Verb::ConfirmResize, &["resized"]),
    transition(Verb::RevertResize, &["resized"]),
    with::<Rebuild>(Verb::Rebuild, When::In(&["running", "stopped", "error"]), Repeat::Never)
        .unless(LOCKED)
        .bulk(),
    with::<ImageOfInstance>(
        Verb::CreateImage,
        When::In(&["running", "stopped", "paused", "suspended"]),
        Repeat::Found,
    ),
    plain(Verb::ConsoleOutput, When::Except(ENDING), Repeat::Harmless).secret(),
];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Instance,
    plural: "instances",
    summary: "Virtual and bare machines",
    states: InstanceState::TABLE,
    relations: &[
        Relation::one("instance_type", &["instance_type"], Kind::InstanceType, "instances"),
        Relation::one("image", &["image"], Kind::Image, "instances"),
        Relation::many("security_group", &["security_groups"], Kind::SecurityGroup, "instances"),
    ],
    filters: &["datacenter", "ssh_key"],
    columns: &[
        Column::new("TYPE", "instance_type"),
        Column::new("PRIVATE_IP", "private_ip_addresses"),
        Column::new("PUBLIC_IP", "public_ip_addresses"),
        Column::new("DATACENTER", "datacenter"),
    ],
    verbs: &VERBS,
    schema: || vec![("Instance".to_owned(), Instance::schema())],
    check: check_fields::<Instance>,
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn memory_and_disk_of_the_type_must_suffice_for_the_image() {
        let (image, instance_type) = (ResourceId::generate(), ResourceId::generate());
        let pointers = |type_document: Value, boot_volume: Value| {
            let body = json!({ "name": "web", "image": image, "instance_type": instance_type,
                               "boot_volume": boot_volume });
            let command: CreateInstance = serde_json::from_value(body).unwrap();
            let documents = [
                (image, json!({ "min_memory_mib": 512, "min_disk_gib": 10 })),
                (instance_type, type_document),
            ];
            let named =
                |id| documents.iter().find(|(of, _)| *of == id).and_then(|(_, found)| found.as_object());
            let FieldErrors(errors) = command.errors_against(&Documents::new(None, &named));
            errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        let none = Value::Null;
        assert!(pointers(json!({ "memory_mib": 512, "disk_gib": 10 }), none.clone()).is_empty());
        assert!(pointers(json!({ "memory_mib": null, "disk_gib": 0 }), none.clone()).is_empty());
        let both = pointers(json!({ "memory_mib": 256, "disk_gib": 9 }), none);
        assert_eq!(both, ["/instance_type", "/instance_type"]);
        let boot = pointers(json!({ "disk_gib": 20 }), json!({ "size_gib": 9 }));
        assert_eq!(boot, ["/boot_volume/size_gib"]);
    }
}

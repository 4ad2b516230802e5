use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{Reference, states};
use crate::clock::Timestamp;
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("instance");

/// A virtual or bare machine: the fields that only an instance has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Free text of its owner.
    pub description: Option<String>,
    /// The type it was made of.
    pub instance_type: Reference,
    /// Virtual processors.
    pub vcpus: Option<u32>,
    /// Memory.
    pub memory_mib: Option<u64>,
    /// The root disk of its type; 0 where the type leaves it to the image or volume.
    pub disk_gib: Option<u64>,
    /// The image it was booted from; empty for one booted from a volume.
    pub image: Option<Reference>,
    /// The availability zone.
    pub datacenter: Option<String>,
    /// Addresses inside the cloud, fixed.
    pub private_ip_addresses: Vec<String>,
    /// Addresses that are reached from outside.
    pub public_ip_addresses: Vec<String>,
    /// Name of the key that was put in at boot.
    pub ssh_key: Option<String>,
    /// Security groups that apply to it.
    pub security_groups: Vec<Reference>,
    /// Attached volumes.
    pub volumes: Vec<Reference>,
    /// When it last came up, if the cloud says.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub launched_at: Option<Timestamp>,
    /// Locked against change by its owner or the cloud's operator.
    pub locked: Option<bool>,
    /// What the cloud says went wrong.
    pub fault: Option<String>,
}

impl Canonical for Instance {
    const KIND: Kind = KIND;
}

states! {
    /// The life of an instance.
    InstanceState of KIND;
    /// Being made or booted.
    Pending = "pending" (moving) -> ["running", "error", "terminating", "terminated"],
    /// Up.
    Running = "running" -> ["rebooting", "stopping", "stopped", "paused", "suspended", "resizing", "migrating", "shelved", "error", "terminating", "terminated", "rescued"],
    /// Going down and up again.
    Rebooting = "rebooting" (moving) -> ["running", "error", "terminating", "terminated"],
    /// Going down.
    Stopping = "stopping" (moving) -> ["stopped", "shelved", "error", "terminating", "terminated"],
    /// Down, its disks kept.
    Stopped = "stopped" -> ["starting", "running", "resizing", "shelved", "error", "terminating", "terminated", "rescued"],
    /// Coming up again.
    Starting = "starting" (moving) -> ["running", "error", "terminating", "terminated"],
    /// Frozen in memory.
    Paused = "paused" -> ["running", "error", "terminating", "terminated"],
    /// Frozen on disk.
    Suspended = "suspended" -> ["running", "error", "terminating", "terminated"],
    /// Changing its type, or going back to the old one.
    Resizing = "resizing" (moving) -> ["resized", "running", "stopped", "error", "terminating", "terminated"],
    /// Up with its new type, until its owner keeps that or goes back.
    Resized = "resized" -> ["running", "stopped", "resizing", "error", "terminating", "terminated"],
    /// Moving to another host.
    Migrating = "migrating" (moving) -> ["running", "stopped", "error", "terminating", "terminated"],
    /// Put away; its host is free for others.
    Shelved = "shelved" -> ["running", "stopped", "error", "terminating", "terminated"],
    /// Booted from a rescue image.
    Rescued = "rescued" -> ["running", "stopped", "error", "terminating", "terminated"],
    /// Broken, by the cloud's own word.
    Error = "error" -> ["running", "stopped", "rebooting", "terminating", "terminated"],
    /// Being deleted.
    Terminating = "terminating" (moving) -> ["terminated", "error"],
    /// Deleted, and still shown by the cloud for a while.
    Terminated = "terminated" -> [],
    /// The cloud said a word that the driver does not know, or that it does not know.
    Unknown = "unknown" -> ["running", "stopped", "error", "terminating", "terminated"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "instances",
    summary: "Virtual and bare machines",
    states: InstanceState::TABLE,
    relations: &[
        Relation::one("instance_type", &["instance_type"], "instance_type", "instances"),
        Relation::one("image", &["image"], "image", "instances"),
        Relation::many("security_group", &["security_groups"], "security_group", "instances"),
    ],
    filters: &["datacenter", "ssh_key"],
    verbs: &order::INSTANCE,
    schema: || vec![("Instance".to_owned(), Instance::schema())],
    check: check_fields::<Instance>,
};

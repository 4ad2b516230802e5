use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::column::Column;
use super::name::Kind;
use super::spec::{Canonical, KindSpec, check_fields};

/// A size in which instances are offered: the fields that only an instance type has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceType {
    /// The cloud's free text.
    pub description: Option<String>,
    /// The number of virtual processors.
    pub vcpus: u32,
    /// The memory.
    pub memory_mib: u64,
    /// The root disk; 0 where it follows the image or volume.
    pub disk_gib: Option<u64>,
    /// Further disks that are deleted with the instance.
    pub ephemeral_disk_gib: Option<u64>,
    /// Swap space.
    pub swap_mib: Option<u64>,
    /// Processor architectures, such as `x86_64`.
    pub architectures: Vec<String>,
    /// The number of graphics or other accelerators.
    pub accelerators: Option<u32>,
    /// Whether it is still listed but not available to new instances.
    pub disabled: Option<bool>,
}

impl Canonical for InstanceType {
    const KIND: Kind = Kind::InstanceType;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::InstanceType,
    plural: "instance_types",
    summary: "Sizes in which instances are offered",
    states: &[],
    relations: &[],
    filters: &["vcpus", "memory_mib"],
    columns: &[
        Column::new("VCPUS", "vcpus"),
        Column::new("MEMORY_MIB", "memory_mib"),
        Column::new("DISK_GIB", "disk_gib"),
        Column::new("ARCHITECTURES", "architectures"),
    ],
    verbs: &[],
    schema: || vec![("InstanceType".to_owned(), InstanceType::schema())],
    check: check_fields::<InstanceType>,
};

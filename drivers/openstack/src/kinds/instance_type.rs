//! Flavors of Nova.

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind::{InstanceType, Kind};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read};
use crate::listing::Pass;
use crate::service::Service;

const FLAVORS: &[Pass] = &[Pass::pages(Service::Compute, &["flavors", "detail"], "flavors")];

/// Flavors of Nova.
pub(crate) static KIND: Descriptor = Descriptor {
    own: FLAVORS,
    published: FLAVORS,
    ..Descriptor::new(Kind::InstanceType, Lookup::Id { path: "flavors", key: Some("flavor") }, observe)
};

#[derive(Deserialize)]
struct Flavor {
    id: String,
    name: String,
    description: Option<String>,
    vcpus: u32,
    ram: u64,
    disk: u64,
    #[serde(rename = "OS-FLV-EXT-DATA:ephemeral")]
    ephemeral: Option<u64>,
    /// A number, or "" for zero before 2.75.
    #[serde(default)]
    swap: Value,
    #[serde(rename = "OS-FLV-DISABLED:disabled")]
    disabled: Option<bool>,
    #[serde(rename = "os-flavor-access:is_public")]
    is_public: bool,
    #[serde(default)]
    extra_specs: BTreeMap<String, String>,
}

/// Maps one flavor. It belongs to the cloud, not to a project.
pub(crate) fn observe(_view: &View<'_>, raw: Value) -> Result<Observed> {
    let flavor: Flavor = read("flavor", &raw)?;
    let fields = InstanceType {
        description: non_empty(flavor.description),
        vcpus: flavor.vcpus,
        memory_mib: flavor.ram,
        disk_gib: Some(flavor.disk),
        ephemeral_disk_gib: flavor.ephemeral,
        swap_mib: Some(flavor.swap.as_u64().unwrap_or(0)),
        architectures: architectures(&flavor.extra_specs),
        accelerators: flavor.extra_specs.get("resources:VGPU").and_then(|count| count.parse().ok()),
        disabled: flavor.disabled,
    };
    let mut observed = Observed::new(flavor.id, flavor.name, &fields, raw)?;
    // A private flavor is granted to single projects.
    observed.visibility = if flavor.is_public { Visibility::Public } else { Visibility::Shared };
    Ok(observed)
}

/// Returns the architectures of traits such as `trait:HW_ARCH_X86_64 = required`.
fn architectures(extra_specs: &BTreeMap<String, String>) -> Vec<String> {
    let required = extra_specs.iter().filter(|(_, value)| *value == "required");
    required
        .filter_map(|(name, _)| name.strip_prefix("trait:HW_ARCH_"))
        .map(str::to_ascii_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({
            "id": "2", "name": "m1.tiny", "description": "small", "vcpus": 1, "ram": 512, "disk": 1,
            "OS-FLV-EXT-DATA:ephemeral": 4, "swap": 128, "OS-FLV-DISABLED:disabled": false,
            "os-flavor-access:is_public": true,
            "extra_specs": {"trait:HW_ARCH_X86_64": "required", "resources:VGPU": "1"}
        })
    }

    #[test]
    fn every_field_is_mapped() {
        let raw = document();
        let observed = with_view(|view| observe(view, raw.clone())).unwrap();
        let flavor: InstanceType = fields(&observed);
        assert_eq!((flavor.vcpus, flavor.memory_mib, flavor.disk_gib), (1, 512, Some(1)));
        assert_eq!((flavor.ephemeral_disk_gib, flavor.swap_mib), (Some(4), Some(128)));
        assert_eq!((flavor.architectures, flavor.accelerators), (vec!["x86_64".to_owned()], Some(1)));
        assert_eq!((flavor.description.as_deref(), flavor.disabled), (Some("small"), Some(false)));
        assert_eq!((observed.visibility, observed.owner, observed.state), (Visibility::Public, None, None));
        assert_eq!(observed.raw, raw);
    }

    #[test]
    fn swap_of_old_nova_and_private_flavor_are_mapped() {
        let raw = json!({
            "id": "9", "name": "x", "vcpus": 1, "ram": 512, "disk": 0, "swap": "",
            "os-flavor-access:is_public": false
        });
        let observed = with_view(|view| observe(view, raw)).unwrap();
        assert_eq!(fields::<InstanceType>(&observed).swap_mib, Some(0));
        assert_eq!(observed.visibility, Visibility::Shared);
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Compute, document()));
    }
}

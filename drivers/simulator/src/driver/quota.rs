use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::Quota;
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read, service, wrong};

/// The cloud's words for what is counted, and ours.
pub(super) const MEASURES: &[(&str, &str)] = &[
    ("machines", "instances"),
    ("cores", "vcpus"),
    ("memory_mb", "memory_mib"),
    ("keys", "ssh_keys"),
    ("disks", "volumes"),
    ("disk_gb", "volume_gib"),
    ("disk_copies", "volume_snapshots"),
    ("nets", "networks"),
    ("ranges", "subnets"),
    ("plugs", "network_interfaces"),
    ("routers", "routers"),
    ("outside_addresses", "ip_addresses"),
    ("firewalls", "security_groups"),
    ("firewall_rules", "security_group_rules"),
    ("pictures", "images"),
];

#[derive(Deserialize)]
struct Wire {
    service: String,
    most: Option<u64>,
    used: u64,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let known = MEASURES.iter().find(|(word, _)| *word == common.name);
    let fields = Quota {
        service: service(&wire.service),
        measure: known.map_or(common.name.as_str(), |(_, measure)| measure).to_owned(),
        limit: wire.most,
        used: Some(wire.used),
        reserved: None,
    };
    let owner = common.owner.as_deref().ok_or_else(|| wrong("a quota is nobody's".to_owned()))?;
    let mut observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    // Every account has quotas of the same ids.
    observed.native_key = format!("{owner}/{}", common.id);
    Ok(observed)
}

//! Quotas.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Quota, Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read, service};
use crate::error::wrong_document;

/// Quotas.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    external_id: |native_key| native_key.split_once('/').map_or(native_key, |(_, id)| id),
    commands: &[VerbSupport::new(Verb::Update)],
    ..Descriptor::new(Kind::Quota, observe)
};

/// Names of the cloud's quotas, and the gateway's measures.
pub(crate) const MEASURES: &[(&str, &str)] = &[
    ("machines", "instances"),
    ("cores", "vcpus"),
    ("memory_mb", "memory_mib"),
    ("keys", "ssh_keys"),
    ("disks", "volumes"),
    ("disk_gb", "volume_gib"),
    ("disk_copies", "volume_snapshots"),
    ("nets", "networks"),
    ("ranges", "subnets"),
    ("nics", "network_interfaces"),
    ("routers", "routers"),
    ("public_ips", "ip_addresses"),
    ("firewalls", "security_groups"),
    ("firewall_rules", "security_group_rules"),
    ("pictures", "images"),
];

#[derive(Deserialize)]
struct Wire {
    service: String,
    limit: Option<u64>,
    used: u64,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let known = MEASURES.iter().find(|(word, _)| *word == common.name);
    let fields = Quota {
        service: service(&wire.service),
        measure: known.map_or(common.name.as_str(), |(_, measure)| measure).to_owned(),
        limit: wire.limit,
        used: Some(wire.used),
        reserved: None,
    };
    let owner = common.owner.as_deref().ok_or_else(|| wrong_document("the quota has no owner".to_owned()))?;
    let mut observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    // The quotas of all accounts have the same ids.
    observed.native_key = format!("{owner}/{}", common.id);
    Ok(observed)
}

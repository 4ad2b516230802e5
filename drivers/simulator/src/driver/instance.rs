use gateway_core::document::observation::Observed;
use gateway_core::kind::{Canonical, Image, Instance, InstanceState, InstanceType, SecurityGroup, Volume};
use gateway_core::{Result, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::network_interface::WireFirewall;
use super::state;

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    instance_type: WireType,
    image: Option<String>,
    zone: String,
    addresses: Vec<WireAddress>,
    key: Option<String>,
    firewalls: Vec<WireFirewall>,
    disks: Vec<String>,
    booted: Option<Timestamp>,
    failure: Option<String>,
    locked: bool,
}

#[derive(Deserialize)]
struct WireType {
    id: String,
    name: String,
    cores: u32,
    memory_mb: u64,
    disk_gb: u64,
}

#[derive(Deserialize)]
struct WireAddress {
    ip: String,
    outside: bool,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let addresses = |outside| {
        let those = wire.addresses.iter().filter(move |address| address.outside == outside);
        those.map(|address| address.ip.clone()).collect()
    };
    let instance_type = &wire.instance_type;
    let fields = Instance {
        description: common.about.clone(),
        instance_type: context.reference(InstanceType::KIND, &instance_type.id, Some(&instance_type.name)),
        vcpus: Some(instance_type.cores),
        memory_mib: Some(instance_type.memory_mb),
        disk_gib: Some(instance_type.disk_gb),
        image: wire.image.as_deref().map(|image| context.reference(Image::KIND, image, None)),
        datacenter: Some(wire.zone.clone()),
        private_ip_addresses: addresses(false),
        public_ip_addresses: addresses(true),
        ssh_key: wire.key.clone(),
        security_groups: wire
            .firewalls
            .iter()
            .map(|firewall| context.reference(SecurityGroup::KIND, &firewall.id, Some(&firewall.name)))
            .collect(),
        volumes: wire.disks.iter().map(|disk| context.reference(Volume::KIND, disk, None)).collect(),
        launched_at: wire.booted,
        locked: Some(wire.locked),
        fault: wire.failure.clone(),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::INSTANCE, &common.status, InstanceState::Unknown);
    Ok(observed.with_state(state, &common.status))
}

//! Instances.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Instance, InstanceState, Verb, VerbSupport, When};
use gateway_core::{Kind, Result, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::network_interface::WireFirewall;
use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};
use crate::state;

/// Instances.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
        VerbSupport::new(Verb::Start),
        // A failed instance has nothing to shut down.
        VerbSupport::new(Verb::Stop).only(When::In(&["running"])),
        VerbSupport::new(Verb::Reboot).only(When::In(&["running"])),
        VerbSupport::new(Verb::Pause),
        VerbSupport::new(Verb::Unpause),
        VerbSupport::new(Verb::Suspend),
        VerbSupport::new(Verb::Resume),
        VerbSupport::new(Verb::Shelve),
        VerbSupport::new(Verb::Unshelve),
        VerbSupport::new(Verb::Lock),
        VerbSupport::new(Verb::Unlock),
        VerbSupport::new(Verb::Resize),
        VerbSupport::new(Verb::ConfirmResize),
        VerbSupport::new(Verb::RevertResize),
        VerbSupport::new(Verb::Rebuild),
        VerbSupport::new(Verb::CreateImage),
        VerbSupport::new(Verb::ConsoleOutput),
    ],
    ..Descriptor::new(Kind::Instance, observe)
};

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
    public: bool,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let addresses = |public| {
        let those = wire.addresses.iter().filter(move |address| address.public == public);
        those.map(|address| address.ip.clone()).collect()
    };
    let instance_type = &wire.instance_type;
    let fields = Instance {
        description: common.description.clone(),
        instance_type: context.reference(Kind::InstanceType, &instance_type.id, Some(&instance_type.name)),
        vcpus: Some(instance_type.cores),
        memory_mib: Some(instance_type.memory_mb),
        disk_gib: Some(instance_type.disk_gb),
        image: wire.image.as_deref().map(|image| context.reference(Kind::Image, image, None)),
        datacenter: Some(wire.zone.clone()),
        private_ip_addresses: addresses(false),
        public_ip_addresses: addresses(true),
        ssh_key: wire.key.clone(),
        security_groups: wire
            .firewalls
            .iter()
            .map(|firewall| context.reference(Kind::SecurityGroup, &firewall.id, Some(&firewall.name)))
            .collect(),
        volumes: wire.disks.iter().map(|disk| context.reference(Kind::Volume, disk, None)).collect(),
        launched_at: wire.booted,
        locked: Some(wire.locked),
        fault: wire.failure.clone(),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::INSTANCE, &common.status, InstanceState::Unknown);
    Ok(observed.with_state(state, &common.status))
}

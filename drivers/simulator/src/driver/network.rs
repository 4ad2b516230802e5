use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{Network, NetworkState};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    about: String,
    on: bool,
    leads_out: bool,
    usual: bool,
    packet_bytes: u32,
    carrier: String,
    segment: i64,
    guarded: bool,
    domain: String,
    zones: Vec<String>,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Network {
        description: Some(wire.about),
        cidrs: Vec::new(),
        external: Some(wire.leads_out),
        default: Some(wire.usual),
        enabled: Some(wire.on),
        mtu_bytes: Some(wire.packet_bytes),
        network_type: Some(wire.carrier),
        segmentation_id: Some(wire.segment),
        port_security: Some(wire.guarded),
        dns_domain: Some(wire.domain),
        datacenters: wire.zones,
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::NETWORK, &common.status, NetworkState::Unknown);
    Ok(observed.with_state(state, &common.status))
}

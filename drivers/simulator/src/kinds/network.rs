//! Networks.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Network, NetworkState};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, METADATA_COMMANDS};
use crate::document::{Common, Context, read};
use crate::state;

/// Networks.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    published: true,
    says_state: true,
    commands: METADATA_COMMANDS,
    ..Descriptor::new(Kind::Network, observe)
};

#[derive(Deserialize)]
struct Wire {
    description: String,
    enabled: bool,
    external: bool,
    default: bool,
    mtu: u32,
    encapsulation: String,
    segment: i64,
    filtered: bool,
    domain: String,
    zones: Vec<String>,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Network {
        description: Some(wire.description),
        cidrs: Vec::new(),
        external: Some(wire.external),
        default: Some(wire.default),
        enabled: Some(wire.enabled),
        mtu_bytes: Some(wire.mtu),
        network_type: Some(wire.encapsulation),
        segmentation_id: Some(wire.segment),
        port_security: Some(wire.filtered),
        dns_domain: Some(wire.domain),
        datacenters: wire.zones,
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::NETWORK, &common.status, NetworkState::Unknown);
    Ok(observed.with_state(state, &common.status))
}

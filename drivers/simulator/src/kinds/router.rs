//! Routers.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Route, Router, RouterInterface, RouterState, Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use super::network_interface::WireAddress;
use super::subnet::WireRoute;
use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};
use crate::state;

/// Routers.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
        VerbSupport::new(Verb::AddInterface),
        VerbSupport::new(Verb::RemoveInterface),
        VerbSupport::new(Verb::SetGateway),
        VerbSupport::new(Verb::ClearGateway),
    ],
    ..Descriptor::new(Kind::Router, observe)
};

#[derive(Deserialize)]
struct Wire {
    description: String,
    enabled: bool,
    default: bool,
    gateway: Option<WireGateway>,
    interfaces: Vec<WireInterface>,
    routes: Vec<WireRoute>,
    distributed: bool,
    redundant: bool,
}

#[derive(Deserialize)]
struct WireGateway {
    network: String,
    addresses: Vec<WireAddress>,
    nat: bool,
}

#[derive(Deserialize)]
struct WireInterface {
    subnet: String,
    nic: String,
    ip: String,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let external_network =
        wire.gateway.as_ref().map(|gateway| context.reference(Kind::Network, &gateway.network, None));
    let source_nat = wire.gateway.as_ref().map(|gateway| gateway.nat);
    let external_addresses = wire.gateway.into_iter().flat_map(|gateway| gateway.addresses);
    let interface = |interface: WireInterface| RouterInterface {
        subnet: context.reference(Kind::Subnet, &interface.subnet, None),
        network_interface: Some(context.reference(Kind::NetworkInterface, &interface.nic, None)),
        ip_address: Some(interface.ip),
    };
    let fields = Router {
        description: Some(wire.description),
        router_type: None,
        enabled: Some(wire.enabled),
        network: None,
        external_network,
        external_addresses: external_addresses.map(|address| address.canonical(context)).collect(),
        source_nat,
        interfaces: wire.interfaces.into_iter().map(interface).collect(),
        routes: wire.routes.into_iter().map(Route::from).collect(),
        default: Some(wire.default),
        distributed: Some(wire.distributed),
        highly_available: Some(wire.redundant),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::ROUTER, &common.status, RouterState::Unknown);
    Ok(observed.with_state(state, &common.status))
}

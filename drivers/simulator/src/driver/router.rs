use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{
    Canonical, Network, NetworkInterface, Route, Router, RouterInterface, RouterState, Subnet,
};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::network_interface::WireAddress;
use super::state;
use super::subnet::WireRoute;

#[derive(Deserialize)]
struct Wire {
    about: String,
    on: bool,
    usual: bool,
    gateway: Option<WireGateway>,
    ends: Vec<WireEnd>,
    routes: Vec<WireRoute>,
    spread: bool,
    doubled: bool,
}

#[derive(Deserialize)]
struct WireGateway {
    network: String,
    addresses: Vec<WireAddress>,
    masks: bool,
}

#[derive(Deserialize)]
struct WireEnd {
    subnet: String,
    plug: String,
    ip: String,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let external_network =
        wire.gateway.as_ref().map(|way| context.reference(Network::KIND, &way.network, None));
    let source_nat = wire.gateway.as_ref().map(|way| way.masks);
    let outside = wire.gateway.into_iter().flat_map(|way| way.addresses);
    let interface = |end: WireEnd| RouterInterface {
        subnet: context.reference(Subnet::KIND, &end.subnet, None),
        network_interface: Some(context.reference(NetworkInterface::KIND, &end.plug, None)),
        ip_address: Some(end.ip),
    };
    let fields = Router {
        description: Some(wire.about),
        router_type: None,
        enabled: Some(wire.on),
        network: None,
        external_network,
        external_addresses: outside.map(|address| address.canonical(context)).collect(),
        source_nat,
        interfaces: wire.ends.into_iter().map(interface).collect(),
        routes: wire.routes.into_iter().map(Route::from).collect(),
        default: Some(wire.usual),
        distributed: Some(wire.spread),
        highly_available: Some(wire.doubled),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::ROUTER, &common.status, RouterState::Unknown);
    Ok(observed.with_state(state, &common.status))
}

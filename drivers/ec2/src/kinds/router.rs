//! Routers: the route tables of VPCs, and the internet gateways through which traffic leaves the cloud.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Network, Route, Router, RouterInterface, RouterState, Subnet, Verb, VerbSupport};
use gateway_core::{Kind, Result};

use crate::association::is_associated;
use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::Element;
use crate::{state, tags};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::Router,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[
        CREATE,
        UPDATE,
        DELETE,
        VerbSupport::new(Verb::AddInterface),
        VerbSupport::new(Verb::RemoveInterface),
        VerbSupport::new(Verb::SetGateway),
        VerbSupport::new(Verb::ClearGateway),
    ],
    calls: &[
        ListCall::new(
            "DescribeRouteTables",
            "routeTableSet",
            Single::Filter("route-table-id"),
            Mapping::One(observe_table),
        )
        .paged(100)
        .named("route_table"),
        ListCall::new(
            "DescribeInternetGateways",
            "internetGatewaySet",
            Single::Filter("internet-gateway-id"),
            Mapping::One(observe_gateway),
        )
        .paged(1000)
        .named("internet_gateway"),
    ],
};

/// The next hop of a route to the VPC's own subnets.
const LOCAL: &str = "local";

/// Fields of the next hop, the most specific first: a route to an instance also names its interface.
const NEXT_HOPS: [&str; 12] = [
    "gatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "instanceId",
    "transitGatewayId",
    "vpcPeeringConnectionId",
    "egressOnlyInternetGatewayId",
    "localGatewayId",
    "carrierGatewayId",
    "coreNetworkArn",
    "odbNetworkArn",
    "ipAddress",
];

/// Fields of the destination.
const DESTINATIONS: [&str; 3] =
    ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];

/// Maps one item of `routeTableSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe_table(table: &Element, origin: Origin<'_>) -> Result<Observed> {
    let mut is_main = false;
    let mut interfaces = Vec::new();
    for association in table.items(&["associationSet"]) {
        is_main |= association.read_at(&["main"])?.unwrap_or(false);
        let subnet = association.text_at(&["subnetId"]);
        if let Some(subnet) = subnet.filter(|_| is_associated(association, "associationState")) {
            let subnet = origin.reference::<Subnet>(subnet);
            interfaces.push(RouterInterface { subnet, network_interface: None, ip_address: None });
        }
    }
    let fields = Router {
        router_type: Some("route_table".to_owned()),
        network: Some(origin.reference::<Network>(table.required(&["vpcId"])?)),
        interfaces,
        routes: table.items(&["routeSet"]).filter_map(route).collect(),
        default: Some(is_main),
        ..Router::default()
    };
    observe("routeTableId", table, &fields, RouterState::Available, origin)
}

/// Maps one item of `internetGatewaySet`.
///
/// # Errors
/// See [`observe_table`].
fn observe_gateway(gateway: &Element, origin: Origin<'_>) -> Result<Observed> {
    let is_attached = |item: &&Element| item.text_at(&["state"]) != Some("detached");
    let attachment = gateway.items(&["attachmentSet"]).find(is_attached);
    let word = attachment.map_or(Ok("detached"), |attachment| attachment.required(&["state"]))?;
    let fields = Router {
        router_type: Some("internet_gateway".to_owned()),
        network: attachment
            .and_then(|attachment| attachment.text_at(&["vpcId"]))
            .map(|id| origin.reference::<Network>(id)),
        ..Router::default()
    };
    observe("internetGatewayId", gateway, &fields, state::ROUTER.of(word), origin)
}

fn observe(
    id: &str,
    element: &Element,
    fields: &Router,
    state: RouterState,
    origin: Origin<'_>,
) -> Result<Observed> {
    let tags = tags::read(element);
    let id = element.required(&[id])?;
    let mut observed =
        Observed::new(id, tags::name(&tags), fields, element.to_json())?.with_derived_state(state);
    origin.set_owner(&mut observed, element.text_at(&["ownerId"]));
    observed.tags = tags;
    Ok(observed)
}

fn route(item: &Element) -> Option<Route> {
    let destination = DESTINATIONS.iter().find_map(|name| item.owned_at(&[name]))?;
    let next_hop = NEXT_HOPS.iter().find_map(|name| item.owned_at(&[name]));
    (next_hop.as_deref() != Some(LOCAL)).then_some(Route { destination, next_hop })
}

#[cfg(test)]
#[path = "router_test.rs"]
mod tests;

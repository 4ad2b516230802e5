//! What passes traffic in and out of VPCs: route tables, and internet gateways.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Network, Route, Router, RouterInterface, RouterState, Subnet};

use super::{Origin, is_associated, name_tag, set_owner, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: Router::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    parts: &[
        Part::new(
            "DescribeRouteTables",
            "routeTableSet",
            Single::Filter("route-table-id"),
            Map::One(observe_table),
        )
        .paged(100)
        .called("route_table"),
        Part::new(
            "DescribeInternetGateways",
            "internetGatewaySet",
            Single::Filter("internet-gateway-id"),
            Map::One(observe_gateway),
        )
        .paged(1000)
        .called("internet_gateway"),
    ],
};

/// What a route to the VPC's own subnets leads to.
const LOCAL: &str = "local";

/// Where a route may lead, the closest first: one to an instance names the interface in it too.
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

/// What a route is for.
const DESTINATIONS: [&str; 3] =
    ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];

/// Reads one item of `routeTableSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every route table has, or is of the wrong type.
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

/// Reads one item of `internetGatewaySet`.
///
/// # Errors
/// As [`observe_table`].
fn observe_gateway(gateway: &Element, origin: Origin<'_>) -> Result<Observed> {
    let is_there = |item: &&Element| item.text_at(&["state"]) != Some("detached");
    let attachment = gateway.items(&["attachmentSet"]).find(is_there);
    let state = match attachment {
        None => RouterState::Down,
        Some(attachment) => match attachment.required(&["state"])? {
            "available" | "attached" => RouterState::Available,
            "attaching" => RouterState::Pending,
            "detaching" => RouterState::Detaching,
            _ => RouterState::Unknown,
        },
    };
    let fields = Router {
        router_type: Some("internet_gateway".to_owned()),
        network: attachment
            .and_then(|attachment| attachment.text_at(&["vpcId"]))
            .map(|id| origin.reference::<Network>(id)),
        ..Router::default()
    };
    observe("internetGatewayId", gateway, &fields, state, origin)
}

fn observe(
    id: &str,
    element: &Element,
    fields: &Router,
    state: RouterState,
    origin: Origin<'_>,
) -> Result<Observed> {
    let tags = tags(element);
    let id = element.required(&[id])?;
    let mut observed =
        Observed::new(id, name_tag(&tags), fields, element.to_json())?.with_derived_state(state);
    set_owner(&mut observed, element.text_at(&["ownerId"]), origin);
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

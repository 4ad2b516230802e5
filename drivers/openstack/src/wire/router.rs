//! A router of Neutron.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{self, Canonical, Network, NetworkInterface, Route, RouterInterface, Subnet};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{Common, FixedIp, Nexthop, reference};
use super::{View, read};
use crate::state;

#[derive(Deserialize)]
struct Router {
    status: String,
    admin_state_up: Option<bool>,
    external_gateway_info: Option<Gateway>,
    #[serde(default)]
    routes: Vec<Nexthop>,
    /// This and the next are for administrators.
    distributed: Option<bool>,
    ha: Option<bool>,
}

#[derive(Default, Deserialize)]
struct Gateway {
    network_id: Option<String>,
    enable_snat: Option<bool>,
    #[serde(default)]
    external_fixed_ips: Vec<FixedIp>,
}

#[derive(Deserialize)]
struct Port {
    id: String,
    fixed_ips: Vec<End>,
}

#[derive(Deserialize)]
struct End {
    subnet_id: String,
    ip_address: String,
}

/// Maps one router, with the ends that its ports are.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, router): (Common, Router) = Common::read("router", &raw)?;
    let gateway = router.external_gateway_info.unwrap_or_default();
    let outside = gateway.external_fixed_ips.into_iter();
    let fields = kind::Router {
        description: common.description(),
        router_type: None,
        enabled: router.admin_state_up,
        network: None,
        external_network: reference::<Network>(view, gateway.network_id),
        external_addresses: outside.map(|address| address.address(view)).collect(),
        source_nat: gateway.enable_snat,
        interfaces: interfaces(view, common.id())?,
        routes: router.routes.into_iter().map(Route::from).collect(),
        default: None,
        distributed: router.distributed,
        highly_available: router.ha,
    };
    let state = state::router(&router.status);
    Ok(common.observed(view, &fields, raw)?.with_state(state, router.status))
}

fn interfaces(view: &View<'_>, router: &str) -> Result<Vec<RouterInterface>> {
    let mut interfaces = Vec::new();
    for port in view.router_ports.get(router).into_iter().flatten() {
        let port: Port = read("port", port)?;
        let at = view.reference(NetworkInterface::KIND, &port.id);
        interfaces.extend(port.fixed_ips.into_iter().map(|end| RouterInterface {
            subnet: view.reference(Subnet::KIND, &end.subnet_id),
            network_interface: Some(at.clone()),
            ip_address: Some(end.ip_address),
        }));
    }
    Ok(interfaces)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::testing::{fields, with_view};

    fn document() -> Value {
        json!({
            "id": "r1", "name": "out", "tenant_id": "p1", "admin_state_up": true, "status": "ACTIVE",
            "external_gateway_info": {"network_id": "n9", "enable_snat": true,
                "external_fixed_ips": [{"subnet_id": "b9", "ip_address": "172.24.2.35"}]},
            "description": "", "routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}], "flavor_id": null,
            "tags": [], "created_at": "2026-11-24T09:55:30Z", "updated_at": "2026-11-24T09:55:33Z",
            "revision_number": 4, "project_id": "p1", "distributed": false, "ha": true
        })
    }

    #[test]
    fn every_field_is_mapped_and_the_ends_come_from_its_ports() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let router: kind::Router = fields(&observed);
        assert_eq!(router.external_network.unwrap().external_id.as_deref(), Some("n9"));
        assert_eq!(
            (router.external_addresses[0].ip_address.as_str(), router.source_nat),
            ("172.24.2.35", Some(true))
        );
        assert_eq!(router.routes[0].next_hop.as_deref(), Some("10.0.0.9"));
        assert_eq!((router.enabled, router.distributed), (Some(true), Some(false)));
        assert_eq!((router.highly_available, router.description), (Some(true), None));
        let ends: Vec<_> = router.interfaces.iter().map(|end| end.ip_address.as_deref().unwrap()).collect();
        assert_eq!(ends, ["10.0.0.1", "fd00::1"]);
        let end = &router.interfaces[0];
        assert_eq!(end.subnet.external_id.as_deref(), Some("subnet of a"));
        assert_eq!(end.network_interface.as_ref().unwrap().external_id.as_deref(), Some("a"));
        assert_eq!((observed.state, observed.raw), (Some("available"), document()));
    }

    #[test]
    fn a_router_that_leads_nowhere_is_understood() {
        let mut alone = document();
        alone["id"] = json!("r2");
        alone["external_gateway_info"] = Value::Null;
        let router: kind::Router = fields(&with_view(|view| observe(view, alone)).unwrap());
        assert_eq!((router.external_network, router.source_nat), (None, None));
        assert!(router.external_addresses.is_empty() && router.interfaces.is_empty());
        assert!(with_view(|view| observe(view, json!({"id": "r2"}))).is_err());
    }
}

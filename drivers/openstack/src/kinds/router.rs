//! Routers of Neutron.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{self, Kind, Route, RouterInterface, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{self, Common, FixedIp, Nexthop, reference};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, read};
use crate::related::Related;
use crate::state;

/// Routers of Neutron.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[neutron::own(&["routers"], "routers")],
    says_state: true,
    related: Related::RouterPorts,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
        VerbSupport::new(Verb::AddInterface),
        VerbSupport::new(Verb::RemoveInterface),
        VerbSupport::new(Verb::SetGateway),
        VerbSupport::new(Verb::ClearGateway),
    ],
    ..Descriptor::new(Kind::Router, Lookup::Id { path: "routers", key: Some("router") }, observe)
};

#[derive(Deserialize)]
struct Router {
    status: String,
    admin_state_up: Option<bool>,
    external_gateway_info: Option<Gateway>,
    #[serde(default)]
    routes: Vec<Nexthop>,
    /// Shown to administrators only, like the next.
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
    fixed_ips: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    subnet_id: String,
    ip_address: String,
}

/// Maps one router. Its interfaces come from its ports.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, router): (Common, Router) = Common::read("router", &raw)?;
    let gateway = router.external_gateway_info.unwrap_or_default();
    let addresses = gateway.external_fixed_ips.into_iter();
    let fields = kind::Router {
        description: common.description(),
        router_type: None,
        enabled: router.admin_state_up,
        network: None,
        external_network: reference(view, Kind::Network, gateway.network_id),
        external_addresses: addresses.map(|address| address.address(view)).collect(),
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
    for port in view.related.router_ports.get(router).into_iter().flatten() {
        let port: Port = read("port", port)?;
        let interface = view.reference(Kind::NetworkInterface, &port.id);
        interfaces.extend(port.fixed_ips.into_iter().map(|address| RouterInterface {
            subnet: view.reference(Kind::Subnet, &address.subnet_id),
            network_interface: Some(interface.clone()),
            ip_address: Some(address.ip_address),
        }));
    }
    Ok(interfaces)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::service::Service;

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
    fn every_field_is_mapped() {
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
        let addresses: Vec<_> =
            router.interfaces.iter().map(|one| one.ip_address.as_deref().unwrap()).collect();
        assert_eq!(addresses, ["10.0.0.1", "fd00::1"]);
        let interface = &router.interfaces[0];
        assert_eq!(interface.subnet.external_id.as_deref(), Some("subnet of a"));
        assert_eq!(interface.network_interface.as_ref().unwrap().external_id.as_deref(), Some("a"));
        assert_eq!((observed.state, observed.raw), (Some("available"), document()));
    }

    #[test]
    fn router_without_gateway_is_mapped() {
        let mut alone = document();
        alone["id"] = json!("r2");
        alone["external_gateway_info"] = Value::Null;
        let router: kind::Router = fields(&with_view(|view| observe(view, alone)).unwrap());
        assert_eq!((router.external_network, router.source_nat), (None, None));
        assert!(router.external_addresses.is_empty() && router.interfaces.is_empty());
        assert!(with_view(|view| observe(view, json!({"id": "r2"}))).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

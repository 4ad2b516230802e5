//! Ports of Neutron.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{Kind, NetworkInterface, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{self, Common, FixedIp, reference};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty};
use crate::state;

/// Ports of Neutron.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[neutron::own(&["ports"], "ports")],
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::NetworkInterface, Lookup::Id { path: "ports", key: Some("port") }, observe)
};

#[derive(Deserialize)]
struct Port {
    network_id: String,
    status: String,
    mac_address: Option<String>,
    admin_state_up: Option<bool>,
    device_id: Option<String>,
    device_owner: Option<String>,
    #[serde(default)]
    fixed_ips: Vec<FixedIp>,
    #[serde(default)]
    security_groups: Vec<String>,
    port_security_enabled: Option<bool>,
}

/// Maps one port.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, port): (Common, Port) = Common::read("port", &raw)?;
    let owner = port.device_owner.as_deref().unwrap_or_default();
    let device_if = |is_kind: bool| port.device_id.clone().filter(|_| is_kind);
    let groups = port.security_groups.iter();
    let fields = NetworkInterface {
        description: common.description(),
        network: view.reference(Kind::Network, &port.network_id),
        addresses: port.fixed_ips.into_iter().map(|address| address.address(view)).collect(),
        mac_address: non_empty(port.mac_address),
        enabled: port.admin_state_up,
        instance: reference(view, Kind::Instance, device_if(is_of_server(owner))),
        router: reference(view, Kind::Router, device_if(is_of_router(owner))),
        device_owner: non_empty(port.device_owner.clone()),
        device_index: None,
        security_groups: groups.map(|id| view.reference(Kind::SecurityGroup, id)).collect(),
        port_security: port.port_security_enabled,
        delete_on_termination: None,
        datacenter: None,
    };
    let state = state::network_interface(&port.status);
    Ok(common.observed(view, &fields, raw)?.with_state(state, port.status))
}

/// Tells whether a port belongs to a server: `compute:ZONE`.
pub(super) fn is_of_server(device_owner: &str) -> bool {
    device_owner.starts_with("compute:")
}

/// Tells whether a port belongs to a router, for whatever use.
fn is_of_router(device_owner: &str) -> bool {
    device_owner.starts_with("network:router_") || device_owner == "network:ha_router_replicated_interface"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::service::Service;

    fn document() -> Value {
        json!({
            "id": "o1", "name": "", "network_id": "n1", "tenant_id": "p1", "mac_address": "fa:16:3e:f4:08:bb",
            "admin_state_up": true, "status": "ACTIVE", "device_id": "s1", "device_owner": "compute:nova",
            "fixed_ips": [{"subnet_id": "b1", "ip_address": "10.1.0.217"}], "allowed_address_pairs": [],
            "extra_dhcp_opts": [], "security_groups": ["g1"], "description": "", "binding:vnic_type": "normal",
            "port_security_enabled": true, "tags": [], "created_at": "2026-11-24T10:17:35Z",
            "updated_at": "2026-11-24T10:17:36Z", "revision_number": 3, "project_id": "p1"
        })
    }

    fn seen(device_owner: &str) -> (Option<String>, Option<String>) {
        let mut raw = document();
        raw["device_owner"] = json!(device_owner);
        let port: NetworkInterface = fields(&with_view(|view| observe(view, raw)).unwrap());
        assert_eq!(port.device_owner.as_deref().unwrap_or_default(), device_owner);
        (port.instance.and_then(|one| one.external_id), port.router.and_then(|one| one.external_id))
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let port: NetworkInterface = fields(&observed);
        assert_eq!((port.network.external_id.as_deref(), port.network.id.is_some()), (Some("n1"), true));
        assert_eq!(port.addresses[0].ip_address, "10.1.0.217");
        assert_eq!(port.addresses[0].subnet.as_ref().unwrap().external_id.as_deref(), Some("b1"));
        assert_eq!((port.mac_address.as_deref(), port.enabled), (Some("fa:16:3e:f4:08:bb"), Some(true)));
        assert_eq!(port.security_groups[0].external_id.as_deref(), Some("g1"));
        assert_eq!((port.port_security, port.description), (Some(true), None));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("active"), Some("ACTIVE")));
        assert_eq!((observed.owner.as_deref(), observed.raw), (Some("p1"), document()));
    }

    #[test]
    fn device_owner_tells_the_kind_of_device() {
        let one = Some("s1".to_owned());
        assert_eq!(seen("compute:nova"), (one.clone(), None));
        assert_eq!(seen("network:router_interface"), (None, one.clone()));
        assert_eq!(seen("network:router_gateway"), (None, one.clone()));
        assert_eq!(seen("network:ha_router_replicated_interface"), (None, one));
        assert_eq!(seen("network:dhcp"), (None, None));
        assert_eq!(seen(""), (None, None));
    }

    #[test]
    fn port_without_network_is_refused() {
        assert!(with_view(|view| observe(view, json!({"id": "o1", "status": "ACTIVE"}))).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

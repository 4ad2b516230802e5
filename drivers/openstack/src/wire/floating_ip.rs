//! A floating IP of Neutron: an address, and where it leads, which is a resource of its own.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{
    Canonical, Instance, IpAddress, IpAddressBinding, Network, NetworkInterface, Reference, Router,
};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{Common, reference};
use super::{View, non_empty, port};
use crate::state;

#[derive(Deserialize)]
struct FloatingIp {
    floating_ip_address: String,
    floating_network_id: Option<String>,
    status: String,
    port_id: Option<String>,
    fixed_ip_address: Option<String>,
    router_id: Option<String>,
    port_details: Option<PortDetails>,
    dns_name: Option<String>,
    dns_domain: Option<String>,
}

#[derive(Deserialize)]
struct PortDetails {
    device_id: Option<String>,
    device_owner: Option<String>,
}

impl FloatingIp {
    fn instance(&self, view: &View<'_>) -> Option<Reference> {
        let details = self.port_details.as_ref()?;
        let owner = details.device_owner.as_deref()?;
        reference::<Instance>(view, details.device_id.clone().filter(|_| port::is_of_server(owner)))
    }

    /// With its domain, which ends in a dot.
    fn dns_name(&self) -> Option<String> {
        let name = non_empty(self.dns_name.clone())?;
        Some(match non_empty(self.dns_domain.clone()) {
            Some(domain) => format!("{name}.{domain}"),
            None => name,
        })
    }
}

/// Maps one address. Its name is none: it has only its address.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, ip): (Common, FloatingIp) = Common::read("floating IP", &raw)?;
    let fields = IpAddress {
        description: common.description(),
        instance: ip.instance(view),
        dns_name: ip.dns_name(),
        ip_address: ip.floating_ip_address,
        network: reference::<Network>(view, ip.floating_network_id),
        network_interface: reference::<NetworkInterface>(view, ip.port_id.clone()),
        private_ip_address: non_empty(ip.fixed_ip_address),
        router: reference::<Router>(view, ip.router_id),
    };
    let state = state::floating_ip(&ip.status, ip.port_id.is_some());
    Ok(common.observed(view, &fields, raw)?.with_state(state, ip.status))
}

/// Maps where one leads, of those that lead somewhere. It ends, for another, when the address is led elsewhere.
pub(crate) fn observe_binding(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, ip): (Common, FloatingIp) = Common::read("floating IP", &raw)?;
    let port = ip.port_id.clone().unwrap_or_default();
    let native_key = format!("{}/{port}", common.id());
    let address = view.reference(IpAddress::KIND, common.id());
    let fields = IpAddressBinding {
        address: Reference { name: Some(ip.floating_ip_address.clone()), ..address },
        instance: ip.instance(view),
        ip_address: ip.floating_ip_address,
        network_interface: reference::<NetworkInterface>(view, Some(port)),
        private_ip_address: non_empty(ip.fixed_ip_address),
    };
    // What an operation left there it left on the address.
    Ok(Observed { native_key, marker: None, ..common.observed(view, &fields, raw)? })
}

#[cfg(test)]
mod tests {
    use gateway_core::id::OperationId;
    use gateway_core::marker::Marker;
    use serde_json::json;

    use super::*;
    use crate::wire::testing::{fields, with_view};

    fn document() -> Value {
        json!({
            "id": "f1", "tenant_id": "p1", "floating_ip_address": "172.24.0.108", "floating_network_id": "n9",
            "router_id": "r1", "port_id": "o1", "fixed_ip_address": "10.1.0.217", "status": "ACTIVE",
            "description": "front door", "dns_name": "www", "dns_domain": "x.test.",
            "port_details": {"name": "", "network_id": "n1", "device_id": "s1", "device_owner": "compute:nova"},
            "port_forwardings": [], "tags": [], "created_at": "2026-11-24T10:17:50Z",
            "updated_at": "2026-11-24T10:17:54Z", "revision_number": 2, "project_id": "p1"
        })
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let ip: IpAddress = fields(&observed);
        let id = |reference: Option<Reference>| reference.unwrap().external_id.unwrap();
        assert_eq!(
            (ip.ip_address.as_str(), ip.private_ip_address.as_deref()),
            ("172.24.0.108", Some("10.1.0.217"))
        );
        assert_eq!((id(ip.network), id(ip.network_interface)), ("n9".to_owned(), "o1".to_owned()));
        assert_eq!((id(ip.router), id(ip.instance)), ("r1".to_owned(), "s1".to_owned()));
        assert_eq!(
            (ip.description.as_deref(), ip.dns_name.as_deref()),
            (Some("front door"), Some("www.x.test."))
        );
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("in_use"), Some("ACTIVE")));
        assert_eq!((observed.name.as_str(), observed.raw), ("", document()));
    }

    #[test]
    fn where_it_leads_is_a_resource_of_its_own() {
        let observed = with_view(|view| observe_binding(view, document())).unwrap();
        let binding: IpAddressBinding = fields(&observed);
        let address = with_view(|view| Ok(view.reference(IpAddress::KIND, "f1"))).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), ("f1/o1", "f1"));
        assert_eq!(binding.address.external_id, address.external_id);
        assert_eq!(binding.address.name.as_deref(), Some("172.24.0.108"));
        assert_eq!(binding.instance.unwrap().external_id.as_deref(), Some("s1"));
        assert_eq!(binding.network_interface.unwrap().external_id.as_deref(), Some("o1"));
        assert_eq!((binding.ip_address.as_str(), observed.state), ("172.24.0.108", None));
        assert_eq!(binding.private_ip_address.as_deref(), Some("10.1.0.217"));
    }

    #[test]
    fn a_marker_is_the_addresss_and_not_the_bindings() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        let mut marked = document();
        marked["description"] = json!(marker.append_to(Some("front door")));
        let observed = with_view(|view| observe(view, marked.clone())).unwrap();
        assert_eq!(observed.marker, Some(marker));
        assert_eq!(fields::<IpAddress>(&observed).description.as_deref(), Some("front door"));
        assert_eq!(with_view(|view| observe_binding(view, marked)).unwrap().marker, None);
    }

    #[test]
    fn one_that_leads_nowhere_or_to_no_server_is_understood() {
        let mut unused = document();
        for gone in ["router_id", "port_id", "fixed_ip_address", "port_details"] {
            unused[gone] = Value::Null;
        }
        unused["status"] = json!("DOWN");
        let observed = with_view(|view| observe(view, unused)).unwrap();
        let ip: IpAddress = fields(&observed);
        assert_eq!((ip.network_interface, ip.instance, ip.router), (None, None, None));
        assert_eq!(observed.state, Some("available"));
        let mut balancer = document();
        balancer["port_details"]["device_owner"] = json!("Octavia");
        assert_eq!(fields::<IpAddress>(&with_view(|view| observe(view, balancer)).unwrap()).instance, None);
    }
}

//! Floating IPs of Neutron. The binding of an address to a port is a resource of its own.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{IpAddress, Kind, Reference, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::network_interface;
use super::neutron::{self, Common, reference};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty};
use crate::listing::Pass;
use crate::state;

/// Floating IPs of Neutron.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[FLOATING_IPS],
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::IpAddress, FLOATING_IP, observe)
};

/// The listing of floating IPs, which bindings share.
pub(super) const FLOATING_IPS: Pass = neutron::own(&["floatingips"], "floatingips");

/// The lookup of a floating IP, which bindings share.
pub(super) const FLOATING_IP: Lookup = Lookup::Id { path: "floatingips", key: Some("floatingip") };

/// A floating IP as Neutron shows it; bindings are mapped from it too.
#[derive(Deserialize)]
pub(super) struct FloatingIp {
    pub(super) floating_ip_address: String,
    floating_network_id: Option<String>,
    status: String,
    pub(super) port_id: Option<String>,
    pub(super) fixed_ip_address: Option<String>,
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
    /// Returns the instance of the port that the address is bound to.
    pub(super) fn instance(&self, view: &View<'_>) -> Option<Reference> {
        let details = self.port_details.as_ref()?;
        let owner = details.device_owner.as_deref()?;
        reference(
            view,
            Kind::Instance,
            details.device_id.clone().filter(|_| network_interface::is_of_server(owner)),
        )
    }

    /// Returns the name with its domain, which ends in a dot.
    fn dns_name(&self) -> Option<String> {
        let name = non_empty(self.dns_name.clone())?;
        Some(match non_empty(self.dns_domain.clone()) {
            Some(domain) => format!("{name}.{domain}"),
            None => name,
        })
    }
}

/// Maps one address. It has no name.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, ip): (Common, FloatingIp) = Common::read("floating IP", &raw)?;
    let fields = IpAddress {
        description: common.description(),
        instance: ip.instance(view),
        dns_name: ip.dns_name(),
        ip_address: ip.floating_ip_address,
        network: reference(view, Kind::Network, ip.floating_network_id),
        network_interface: reference(view, Kind::NetworkInterface, ip.port_id.clone()),
        private_ip_address: non_empty(ip.fixed_ip_address),
        router: reference(view, Kind::Router, ip.router_id),
    };
    let state = state::ip_address(&ip.status, ip.port_id.is_some());
    Ok(common.observed(view, &fields, raw)?.with_state(state, ip.status))
}

#[cfg(test)]
pub(super) mod tests {
    use gateway_core::id::OperationId;
    use gateway_core::marker::Marker;
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::kinds::ip_address_binding;
    use crate::service::Service;

    pub(in crate::kinds) fn document() -> Value {
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
    fn marker_is_of_the_address_and_not_of_the_binding() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        let mut marked = document();
        marked["description"] = json!(marker.append_to(Some("front door")));
        let observed = with_view(|view| observe(view, marked.clone())).unwrap();
        assert_eq!(observed.marker, Some(marker));
        assert_eq!(fields::<IpAddress>(&observed).description.as_deref(), Some("front door"));
        assert_eq!(with_view(|view| ip_address_binding::observe(view, marked)).unwrap().marker, None);
    }

    #[test]
    fn unbound_address_and_address_of_a_balancer_are_mapped() {
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

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

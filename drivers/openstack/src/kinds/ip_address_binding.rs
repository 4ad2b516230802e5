//! Bindings of Neutron's floating IPs to ports.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{IpAddressBinding, Kind, Reference, Verb, VerbSupport};
use serde_json::Value;

use super::ip_address::{FLOATING_IP, FLOATING_IPS, FloatingIp};
use super::neutron::{Common, reference};
use crate::descriptor::Descriptor;
use crate::document::{View, non_empty};

/// Floating IPs of Neutron that are bound to a port.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[FLOATING_IPS],
    is_kind: |floating_ip| floating_ip["port_id"].is_string(),
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::IpAddressBinding, FLOATING_IP, observe)
};

/// Maps the binding of a bound address. When the address is bound to another port, that is another binding.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, ip): (Common, FloatingIp) = Common::read("floating IP", &raw)?;
    let port = ip.port_id.clone().unwrap_or_default();
    let native_key = format!("{}/{port}", common.id());
    let address = view.reference(Kind::IpAddress, common.id());
    let fields = IpAddressBinding {
        address: Reference { name: Some(ip.floating_ip_address.clone()), ..address },
        instance: ip.instance(view),
        ip_address: ip.floating_ip_address,
        network_interface: reference(view, Kind::NetworkInterface, Some(port)),
        private_ip_address: non_empty(ip.fixed_ip_address),
    };
    // A marker in the description is the address's.
    Ok(Observed { native_key, marker: None, ..common.observed(view, &fields, raw)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::kinds::ip_address::tests::document;
    use crate::service::Service;

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let binding: IpAddressBinding = fields(&observed);
        let address = with_view(|view| Ok(view.reference(Kind::IpAddress, "f1"))).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), ("f1/o1", "f1"));
        assert_eq!(binding.address.external_id, address.external_id);
        assert_eq!(binding.address.name.as_deref(), Some("172.24.0.108"));
        assert_eq!(binding.instance.unwrap().external_id.as_deref(), Some("s1"));
        assert_eq!(binding.network_interface.unwrap().external_id.as_deref(), Some("o1"));
        assert_eq!((binding.ip_address.as_str(), observed.state), ("172.24.0.108", None));
        assert_eq!(binding.private_ip_address.as_deref(), Some("10.1.0.217"));
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

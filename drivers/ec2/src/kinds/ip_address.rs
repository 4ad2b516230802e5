//! Elastic addresses.

use std::net::IpAddr;

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Instance, IpAddress, NetworkInterface, Reference, When};
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::{Element, wrong_document};
use crate::{state, tags};

pub(crate) const ACTION: &str = "DescribeAddresses";
pub(crate) const LIST: &str = "addressesSet";

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::IpAddress,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[CREATE, UPDATE, DELETE.only(When::In(&["available"]))],
    calls: &[ListCall::new(ACTION, LIST, Single::Derived(parameter), Mapping::One(observe))],
};

/// Returns the parameter that takes a native key. An address outside of VPCs has no allocation and is its own key.
pub(crate) fn parameter(native_key: &str) -> (&'static str, &str) {
    let is_address = native_key.parse::<IpAddr>().is_ok();
    (if is_address { "PublicIp" } else { "AllocationId" }, native_key)
}

/// Returns the native key of an address.
///
/// # Errors
/// `WrongDocument`, when the address has neither an allocation nor an address.
pub(crate) fn native_key(address: &Element) -> Result<&str> {
    address.text_at(&["allocationId"]).map_or_else(|| ip_address(address), Ok)
}

/// Returns the address itself, which may belong to a carrier's or a customer's network.
///
/// # Errors
/// `WrongDocument`, when it is missing.
pub(crate) fn ip_address(address: &Element) -> Result<&str> {
    ["publicIp", "carrierIp", "customerOwnedIp"]
        .iter()
        .find_map(|name| address.text_at(&[name]))
        .ok_or_else(|| wrong_document("an elastic address without address"))
}

/// The target of an association.
pub(crate) struct Target {
    pub(crate) network_interface: Option<Reference>,
    pub(crate) instance: Option<Reference>,
    pub(crate) private_ip_address: Option<String>,
}

impl Target {
    /// Reads the target of an address.
    pub(crate) fn of(address: &Element, origin: Origin<'_>) -> Self {
        Self {
            network_interface: address
                .text_at(&["networkInterfaceId"])
                .map(|id| origin.reference::<NetworkInterface>(id)),
            instance: address.text_at(&["instanceId"]).map(|id| origin.reference::<Instance>(id)),
            private_ip_address: address.owned_at(&["privateIpAddress"]),
        }
    }

    fn is_known(&self) -> bool {
        self.network_interface.is_some() || self.instance.is_some()
    }
}

/// Maps one item of `addressesSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing.
fn observe(address: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(address);
    let target = Target::of(address, origin);
    let is_associated = address.text_at(&["associationId"]).is_some() || target.is_known();
    let fields = IpAddress {
        description: None,
        ip_address: ip_address(address)?.to_owned(),
        network: None,
        network_interface: target.network_interface,
        instance: target.instance,
        private_ip_address: target.private_ip_address,
        router: None,
        dns_name: None,
    };
    let mut observed = Observed::new(native_key(address)?, tags::name(&tags), &fields, address.to_json())?
        .with_derived_state(state::of_address(is_associated));
    origin.set_owner(&mut observed, None);
    observed.tags = tags;
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::*;
    use crate::fixtures::with_origin;

    const ADDRESS: &str = "<item><allocationId>eipalloc-1</allocationId><associationId>eipassoc-1</associationId>\
        <domain>vpc</domain><networkInterfaceId>eni-1</networkInterfaceId><networkInterfaceOwnerId>111</networkInterfaceOwnerId>\
        <privateIpAddress>10.9.1.144</privateIpAddress><tagSet><item><key>Name</key><value>front</value></item></tagSet>\
        <instanceId>i-1</instanceId><publicIp>127.64.93.192</publicIp></item>";

    #[test]
    fn associated_address_names_interface_and_instance() {
        let observed = with_origin(ADDRESS, observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("eipalloc-1", "front"));
        assert_eq!((observed.state, &observed.cloud_state), (Some("in_use"), &None));
        assert_eq!(observed.owner.as_deref(), Some("111"));
        let expected = with_origin("<a/>", |_, origin| IpAddress {
            ip_address: "127.64.93.192".to_owned(),
            network_interface: Some(origin.reference::<NetworkInterface>("eni-1")),
            instance: Some(origin.reference::<Instance>("i-1")),
            private_ip_address: Some("10.9.1.144".to_owned()),
            ..IpAddress::default()
        });
        assert_eq!(serde_json::from_value::<IpAddress>(observed.fields.into()).unwrap(), expected);
    }

    #[test]
    fn free_address_is_available() {
        let free = "<item><allocationId>eipalloc-1</allocationId><domain>vpc</domain><tagSet/><instanceId/>\
            <publicIp>127.64.93.192</publicIp></item>";
        let observed = with_origin(free, observe).unwrap();
        assert_eq!(observed.state, Some("available"));
        assert!(observed.fields["instance"].is_null() && observed.fields["network_interface"].is_null());
    }

    #[test]
    fn address_outside_of_vpcs_is_its_own_key() {
        let classic = "<item><domain>standard</domain><instanceId>i-1</instanceId><publicIp>127.1.2.3</publicIp></item>";
        let observed = with_origin(classic, observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.state), ("127.1.2.3", Some("in_use")));
        assert_eq!(parameter("127.1.2.3").0, "PublicIp");
        assert_eq!(parameter("eipalloc-1").0, "AllocationId");
    }

    #[test]
    fn carrier_address_is_mapped_and_missing_address_is_an_error() {
        let carrier = with_origin(&ADDRESS.replace("publicIp", "carrierIp"), observe).unwrap();
        assert_eq!(carrier.fields["ip_address"], "127.64.93.192");
        let error = with_origin(&ADDRESS.replace("publicIp", "ip"), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
    }
}

//! Elastic addresses.

use std::net::IpAddr;

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Instance, IpAddress, IpAddressState, NetworkInterface, Reference};

use super::{Origin, name_tag, set_owner, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::{Element, odd};

pub(crate) const ACTION: &str = "DescribeAddresses";
pub(crate) const SET: &str = "addressesSet";

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: IpAddress::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    parts: &[Part::new(ACTION, SET, Single::Derived(parameter), Map::One(observe))],
};

/// An address outside of VPCs has no allocation and is its own key.
fn parameter(native_key: &str) -> (&'static str, &str) {
    let is_address = native_key.parse::<IpAddr>().is_ok();
    (if is_address { "PublicIp" } else { "AllocationId" }, native_key)
}

/// The key of an address.
///
/// # Errors
/// `WrongDocument`, when the address has neither an allocation nor itself.
pub(crate) fn key(address: &Element) -> Result<&str> {
    address.text_at(&["allocationId"]).map_or_else(|| ip_address(address), Ok)
}

/// The address itself, which a carrier's or a customer's network may have given.
///
/// # Errors
/// `WrongDocument`, when there is none.
pub(crate) fn ip_address(address: &Element) -> Result<&str> {
    ["publicIp", "carrierIp", "customerOwnedIp"]
        .iter()
        .find_map(|name| address.text_at(&[name]))
        .ok_or_else(|| odd("an address without address"))
}

/// What an address leads to.
pub(crate) struct Target {
    pub(crate) network_interface: Option<Reference>,
    pub(crate) instance: Option<Reference>,
    pub(crate) private_ip_address: Option<String>,
}

impl Target {
    pub(crate) fn of(address: &Element, origin: Origin<'_>) -> Self {
        Self {
            network_interface: address
                .text_at(&["networkInterfaceId"])
                .map(|id| origin.reference::<NetworkInterface>(id)),
            instance: address.text_at(&["instanceId"]).map(|id| origin.reference::<Instance>(id)),
            private_ip_address: address.owned_at(&["privateIpAddress"]),
        }
    }

    fn is_there(&self) -> bool {
        self.network_interface.is_some() || self.instance.is_some()
    }
}

/// Reads one item of `addressesSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every address has.
fn observe(address: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(address);
    let target = Target::of(address, origin);
    let is_associated = address.text_at(&["associationId"]).is_some() || target.is_there();
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
    let state = if is_associated { IpAddressState::InUse } else { IpAddressState::Available };
    let mut observed =
        Observed::new(key(address)?, name_tag(&tags), &fields, address.to_json())?.with_derived_state(state);
    set_owner(&mut observed, None, origin);
    observed.tags = tags;
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::super::testing::with_origin;
    use super::*;

    const ADDRESS: &str = "<item><allocationId>eipalloc-1</allocationId><associationId>eipassoc-1</associationId>\
        <domain>vpc</domain><networkInterfaceId>eni-1</networkInterfaceId><networkInterfaceOwnerId>111</networkInterfaceOwnerId>\
        <privateIpAddress>10.9.1.144</privateIpAddress><tagSet><item><key>Name</key><value>front</value></item></tagSet>\
        <instanceId>i-1</instanceId><publicIp>127.64.93.192</publicIp></item>";

    #[test]
    fn an_associated_address_leads_to_interface_and_instance() {
        let seen = with_origin(ADDRESS, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str()), ("eipalloc-1", "front"));
        assert_eq!((seen.state, &seen.cloud_state), (Some("in_use"), &None));
        assert_eq!(seen.owner.as_deref(), Some("111"));
        let expected = with_origin("<a/>", |_, origin| IpAddress {
            ip_address: "127.64.93.192".to_owned(),
            network_interface: Some(origin.reference::<NetworkInterface>("eni-1")),
            instance: Some(origin.reference::<Instance>("i-1")),
            private_ip_address: Some("10.9.1.144".to_owned()),
            ..IpAddress::default()
        });
        assert_eq!(serde_json::from_value::<IpAddress>(seen.fields.into()).unwrap(), expected);
    }

    #[test]
    fn a_free_address_is_available() {
        let free = "<item><allocationId>eipalloc-1</allocationId><domain>vpc</domain><tagSet/><instanceId/>\
            <publicIp>127.64.93.192</publicIp></item>";
        let seen = with_origin(free, observe).unwrap();
        assert_eq!(seen.state, Some("available"));
        assert!(seen.fields["instance"].is_null() && seen.fields["network_interface"].is_null());
    }

    #[test]
    fn an_address_outside_of_vpcs_is_its_own_key() {
        let classic = "<item><domain>standard</domain><instanceId>i-1</instanceId><publicIp>127.1.2.3</publicIp></item>";
        let seen = with_origin(classic, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.state), ("127.1.2.3", Some("in_use")));
        assert_eq!(parameter("127.1.2.3").0, "PublicIp");
        assert_eq!(parameter("eipalloc-1").0, "AllocationId");
    }

    #[test]
    fn a_carriers_address_counts_and_none_is_odd() {
        let carrier = with_origin(&ADDRESS.replace("publicIp", "carrierIp"), observe).unwrap();
        assert_eq!(carrier.fields["ip_address"], "127.64.93.192");
        let error = with_origin(&ADDRESS.replace("publicIp", "ip"), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
    }
}

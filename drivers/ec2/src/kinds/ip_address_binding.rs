//! Elastic addresses that lead somewhere.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, IpAddress, IpAddressBinding};

use super::ip_address::{self, Target};
use super::{Origin, set_owner};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: IpAddressBinding::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    parts: &[Part::new(
        ip_address::ACTION,
        ip_address::SET,
        Single::Filter("association-id"),
        Map::Many(observe),
    )],
};

/// Reads one item of `addressesSet`, where it is associated.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every address has.
fn observe(address: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let Some(id) = address.text_at(&["associationId"]) else { return Ok(Vec::new()) };
    let target = Target::of(address, origin);
    let fields = IpAddressBinding {
        address: origin.reference::<IpAddress>(ip_address::key(address)?),
        ip_address: ip_address::ip_address(address)?.to_owned(),
        network_interface: target.network_interface,
        instance: target.instance,
        private_ip_address: target.private_ip_address,
    };
    // Name and tags in the document are the address's.
    let mut observed = Observed::new(id, "", &fields, address.to_json())?;
    set_owner(&mut observed, None, origin);
    Ok(vec![observed])
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use gateway_core::kind::NetworkInterface;

    use super::super::testing::with_origin;
    use super::*;

    const ADDRESS: &str = "<item><allocationId>eipalloc-1</allocationId><associationId>eipassoc-1</associationId>\
        <domain>vpc</domain><networkInterfaceId>eni-1</networkInterfaceId><networkInterfaceOwnerId>111</networkInterfaceOwnerId>\
        <privateIpAddress>10.9.1.144</privateIpAddress><tagSet><item><key>Name</key><value>front</value></item></tagSet>\
        <instanceId/><publicIp>127.64.93.192</publicIp></item>";

    #[test]
    fn a_binding_joins_the_address_and_what_it_leads_to() {
        let [seen] = &with_origin(ADDRESS, observe).unwrap()[..] else { panic!() };
        assert_eq!((seen.native_key.as_str(), seen.name.as_str(), seen.state), ("eipassoc-1", "", None));
        assert!(seen.tags.is_empty());
        assert_eq!(seen.owner.as_deref(), Some("111"));
        let expected = with_origin("<a/>", |_, origin| IpAddressBinding {
            address: origin.reference::<IpAddress>("eipalloc-1"),
            ip_address: "127.64.93.192".to_owned(),
            network_interface: Some(origin.reference::<NetworkInterface>("eni-1")),
            instance: None,
            private_ip_address: Some("10.9.1.144".to_owned()),
        });
        assert_eq!(serde_json::from_value::<IpAddressBinding>(seen.fields.clone().into()).unwrap(), expected);
    }

    #[test]
    fn a_free_address_has_none_and_a_bound_nothing_is_odd() {
        let free = ADDRESS.replace("eipassoc-1", "");
        assert!(with_origin(&free, observe).unwrap().is_empty());
        let error = with_origin(&ADDRESS.replace("publicIp", "ip"), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
    }
}

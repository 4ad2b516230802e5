//! Associations of elastic addresses with interfaces and instances.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{IpAddress, IpAddressBinding};
use gateway_core::{Kind, Result};

use super::ip_address::{self, Target};
use crate::descriptor::{CREATE, DELETE, Descriptor};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::Element;

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::IpAddressBinding,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[CREATE, DELETE],
    calls: &[ListCall::new(
        ip_address::ACTION,
        ip_address::LIST,
        Single::Filter("association-id"),
        Mapping::Many(observe),
    )],
};

/// Maps one item of `addressesSet`, if it is associated.
///
/// # Errors
/// `WrongDocument`, when a required field is missing.
fn observe(address: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let Some(id) = address.text_at(&["associationId"]) else { return Ok(Vec::new()) };
    let target = Target::of(address, origin);
    let fields = IpAddressBinding {
        address: origin.reference::<IpAddress>(ip_address::native_key(address)?),
        ip_address: ip_address::ip_address(address)?.to_owned(),
        network_interface: target.network_interface,
        instance: target.instance,
        private_ip_address: target.private_ip_address,
    };
    // Name and tags in the document belong to the address.
    let mut observed = Observed::new(id, "", &fields, address.to_json())?;
    origin.set_owner(&mut observed, None);
    Ok(vec![observed])
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use gateway_core::kind::NetworkInterface;

    use super::*;
    use crate::fixtures::with_origin;

    const ADDRESS: &str = "<item><allocationId>eipalloc-1</allocationId><associationId>eipassoc-1</associationId>\
        <domain>vpc</domain><networkInterfaceId>eni-1</networkInterfaceId><networkInterfaceOwnerId>111</networkInterfaceOwnerId>\
        <privateIpAddress>10.9.1.144</privateIpAddress><tagSet><item><key>Name</key><value>front</value></item></tagSet>\
        <instanceId/><publicIp>127.64.93.192</publicIp></item>";

    #[test]
    fn binding_names_address_and_target() {
        let [observed] = &with_origin(ADDRESS, observe).unwrap()[..] else { panic!() };
        assert_eq!(
            (observed.native_key.as_str(), observed.name.as_str(), observed.state),
            ("eipassoc-1", "", None)
        );
        assert!(observed.tags.is_empty());
        assert_eq!(observed.owner.as_deref(), Some("111"));
        let expected = with_origin("<a/>", |_, origin| IpAddressBinding {
            address: origin.reference::<IpAddress>("eipalloc-1"),
            ip_address: "127.64.93.192".to_owned(),
            network_interface: Some(origin.reference::<NetworkInterface>("eni-1")),
            instance: None,
            private_ip_address: Some("10.9.1.144".to_owned()),
        });
        assert_eq!(
            serde_json::from_value::<IpAddressBinding>(observed.fields.clone().into()).unwrap(),
            expected
        );
    }

    #[test]
    fn free_address_has_no_binding_and_missing_address_is_an_error() {
        let free = ADDRESS.replace("eipassoc-1", "");
        assert!(with_origin(&free, observe).unwrap().is_empty());
        let error = with_origin(&ADDRESS.replace("publicIp", "ip"), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
    }
}

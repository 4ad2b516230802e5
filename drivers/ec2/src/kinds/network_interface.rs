//! Network interfaces.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Instance, InterfaceAddress, Network, NetworkInterface, Reference, Subnet, When};
use gateway_core::{Kind, Result};

use super::security_group;
use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::Element;
use crate::{state, tags};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::NetworkInterface,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    verbs: &[CREATE, UPDATE, DELETE.only(When::In(&["inactive"]))],
    calls: &[ListCall::new(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        Single::Parameter("NetworkInterfaceId"),
        Mapping::One(observe),
    )
    .paged(1000)],
};

/// Maps one item of `networkInterfaceSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(interface: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(interface);
    let word = interface.required(&["status"])?;
    let security_groups: Vec<_> =
        interface.items(&["groupSet"]).map(|group| security_group::reference(group, origin)).collect();
    // EC2 shows an attachment for a while after it has ended.
    let is_attached = interface.text_at(&["attachment", "status"]) != Some("detached");
    let attachment = interface.child("attachment").filter(|_| is_attached);
    let fields = NetworkInterface {
        description: interface.owned_at(&["description"]),
        network: origin.reference::<Network>(interface.required(&["vpcId"])?),
        addresses: addresses(interface, origin),
        mac_address: interface.owned_at(&["macAddress"]),
        enabled: None,
        instance: attachment
            .and_then(|attachment| attachment.text_at(&["instanceId"]))
            .map(|id| origin.reference::<Instance>(id)),
        router: None,
        device_owner: interface.owned_at(&["interfaceType"]),
        device_index: attachment.map_or(Ok(None), |attachment| attachment.read_at(&["deviceIndex"]))?,
        port_security: port_security(interface, &security_groups)?,
        security_groups,
        delete_on_termination: attachment
            .map_or(Ok(None), |attachment| attachment.read_at(&["deleteOnTermination"]))?,
        datacenter: interface.owned_at(&["availabilityZone"]),
    };
    let id = interface.required(&["networkInterfaceId"])?;
    let mut observed = Observed::new(id, tags::name(&tags), &fields, interface.to_json())?
        .with_state(state::NETWORK_INTERFACE.of(word), word);
    origin.set_owner(&mut observed, interface.text_at(&["ownerId"]));
    observed.tags = tags;
    Ok(observed)
}

/// Returns the IPv4 addresses, then the IPv6 addresses, all in the interface's one subnet.
fn addresses(interface: &Element, origin: Origin<'_>) -> Vec<InterfaceAddress> {
    let subnet = interface.text_at(&["subnetId"]).map(|id| origin.reference::<Subnet>(id));
    let of = |list, name| interface.items(&[list]).filter_map(move |item| item.owned_at(&[name]));
    let mut found: Vec<_> = of("privateIpAddressesSet", "privateIpAddress").collect();
    if found.is_empty() {
        found.extend(interface.owned_at(&["privateIpAddress"]));
    }
    found.extend(of("ipv6AddressesSet", "ipv6Address"));
    let with_subnet = |ip_address| InterfaceAddress { ip_address, subnet: subnet.clone() };
    found.into_iter().map(with_subnet).collect()
}

/// Returns whether traffic is filtered: by security groups, else by the check of source and destination.
fn port_security(interface: &Element, groups: &[Reference]) -> Result<Option<bool>> {
    let is_checked: Option<bool> = interface.read_at(&["sourceDestCheck"])?;
    Ok(if groups.is_empty() { is_checked } else { Some(true) })
}

#[cfg(test)]
#[path = "network_interface_test.rs"]
mod tests;

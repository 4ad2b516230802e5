//! Network interfaces.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{
    Canonical as _, Instance, InterfaceAddress, Network, NetworkInterface, NetworkInterfaceState, Reference,
    Subnet,
};

use super::{Origin, name_tag, security_group, set_owner, state_of, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: NetworkInterface::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    parts: &[Part::new(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        Single::Parameter("NetworkInterfaceId"),
        Map::One(observe),
    )
    .paged(1000)],
};

/// EC2's words for the state of an interface; `associated` is a branch of another interface.
pub(crate) const STATES: [(&str, NetworkInterfaceState); 6] = [
    ("pending", NetworkInterfaceState::Pending),
    ("available", NetworkInterfaceState::Inactive),
    ("associated", NetworkInterfaceState::Active),
    ("attaching", NetworkInterfaceState::Pending),
    ("in-use", NetworkInterfaceState::Active),
    ("detaching", NetworkInterfaceState::Detaching),
];

/// Reads one item of `networkInterfaceSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every interface has, or is of the wrong type.
fn observe(interface: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(interface);
    let word = interface.required(&["status"])?;
    let security_groups: Vec<_> =
        interface.items(&["groupSet"]).map(|group| security_group(group, origin)).collect();
    // What it left is told for a while.
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
    let mut observed = Observed::new(id, name_tag(&tags), &fields, interface.to_json())?
        .with_state(state_of(&STATES, word, NetworkInterfaceState::Unknown), word);
    set_owner(&mut observed, interface.text_at(&["ownerId"]), origin);
    observed.tags = tags;
    Ok(observed)
}

/// Those of version 4 and then those of version 6, all of one subnet.
fn addresses(interface: &Element, origin: Origin<'_>) -> Vec<InterfaceAddress> {
    let subnet = interface.text_at(&["subnetId"]).map(|id| origin.reference::<Subnet>(id));
    let of = |set, name| interface.items(&[set]).filter_map(move |item| item.owned_at(&[name]));
    let mut found: Vec<_> = of("privateIpAddressesSet", "privateIpAddress").collect();
    if found.is_empty() {
        found.extend(interface.owned_at(&["privateIpAddress"]));
    }
    found.extend(of("ipv6AddressesSet", "ipv6Address"));
    let with_subnet = |ip_address| InterfaceAddress { ip_address, subnet: subnet.clone() };
    found.into_iter().map(with_subnet).collect()
}

/// Groups guard, and so does the check of source and destination; without both an interface routes for others.
fn port_security(interface: &Element, groups: &[Reference]) -> Result<Option<bool>> {
    let is_checked: Option<bool> = interface.read_at(&["sourceDestCheck"])?;
    Ok(if groups.is_empty() { is_checked } else { Some(true) })
}

#[cfg(test)]
#[path = "network_interface_test.rs"]
mod tests;

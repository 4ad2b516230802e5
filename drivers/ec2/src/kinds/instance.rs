//! Instances.

use std::collections::BTreeSet;

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Image, Instance, InstanceState, InstanceType, Reference, Volume};
use gateway_core::marker::Marker;
use gateway_core::{Result, Timestamp};
use serde_json::Value;

use super::instance_type::Size;
use super::{Origin, name_tag, security_group, state_of, tags, time_at};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: Instance::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    parts: &[Part::new(
        "DescribeInstances",
        "reservationSet",
        Single::Parameter("InstanceId"),
        Map::Many(observe_all),
    )
    .paged(1000)
    .with_sizes(type_names)],
};

/// EC2's words for the state of an instance.
pub(crate) const STATES: [(&str, InstanceState); 6] = [
    ("pending", InstanceState::Pending),
    ("running", InstanceState::Running),
    ("stopping", InstanceState::Stopping),
    ("stopped", InstanceState::Stopped),
    ("shutting-down", InstanceState::Terminating),
    ("terminated", InstanceState::Terminated),
];

/// The list inside a reservation.
const INSTANCES: &str = "instancesSet";

/// An instance with the reservation that it is listed under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reserved<'a> {
    pub(crate) reservation: &'a Element,
    pub(crate) instance: &'a Element,
}

impl<'a> Reserved<'a> {
    /// The name of its type.
    ///
    /// # Errors
    /// `WrongDocument`, when it is missing.
    pub(crate) fn type_name(self) -> Result<&'a str> {
        self.instance.required(&["instanceType"])
    }
}

/// The instances of one item of `reservationSet`.
pub(crate) fn in_reservation(reservation: &Element) -> impl Iterator<Item = Reserved<'_>> {
    reservation.items(&[INSTANCES]).map(move |instance| Reserved { reservation, instance })
}

/// The names of the types of all instances in these reservations.
fn type_names(reservations: &[Element]) -> Result<BTreeSet<String>> {
    let reserved = reservations.iter().flat_map(in_reservation);
    reserved.map(|one| one.type_name().map(ToOwned::to_owned)).collect()
}

fn observe_all(reservation: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    in_reservation(reservation)
        .map(|one| observe(one, origin.sizes.get(one.type_name()?).copied(), origin))
        .collect()
}

/// Reads one instance; `size` is that of its type, where that is known.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every instance has, or is of the wrong type.
pub(crate) fn observe(reserved: Reserved<'_>, size: Option<Size>, origin: Origin<'_>) -> Result<Observed> {
    let Reserved { instance, reservation } = reserved;
    let tags = tags(instance);
    let word = instance.required(&["instanceState", "name"])?;
    let type_name = reserved.type_name()?;
    let addresses = addresses(instance);
    let launched_at = time_at(instance, &["launchTime"])?;
    let fields = Instance {
        description: None,
        instance_type: Reference {
            name: Some(type_name.to_owned()),
            ..origin.reference::<InstanceType>(type_name)
        },
        vcpus: vcpus(instance)?.or(size.map(|size| size.vcpus)),
        memory_mib: size.map(|size| size.memory_mib),
        disk_gib: (instance.text_at(&["rootDeviceType"]) == Some("ebs")).then_some(0),
        image: instance.text_at(&["imageId"]).map(|id| origin.reference::<Image>(id)),
        datacenter: instance.owned_at(&["placement", "availabilityZone"]),
        private_ip_addresses: addresses.private,
        public_ip_addresses: addresses.public,
        ssh_key: instance.owned_at(&["keyName"]),
        security_groups: instance.items(&["groupSet"]).map(|group| security_group(group, origin)).collect(),
        volumes: instance
            .items(&["blockDeviceMapping"])
            .filter_map(|disk| Some(origin.reference::<Volume>(disk.text_at(&["ebs", "volumeId"])?)))
            .collect(),
        launched_at,
        locked: None,
        fault: fault(instance),
    };
    let raw = raw(instance, reservation);
    let mut observed = Observed::new(instance.required(&["instanceId"])?, name_tag(&tags), &fields, raw)?
        .with_state(state_of(&STATES, word, InstanceState::Unknown), word);
    let owner = reservation.text_at(&["ownerId"]).unwrap_or(origin.account);
    observed.owner = Some(owner.to_owned());
    observed.created_at = first_interface_at(instance)?.or(launched_at);
    observed.tags = tags;
    // Whoever takes the tag away leaves this.
    observed.marker = instance.text_at(&["clientToken"]).and_then(Marker::parse);
    Ok(observed)
}

fn vcpus(instance: &Element) -> Result<Option<u32>> {
    let cores: Option<u32> = instance.read_at(&["cpuOptions", "coreCount"])?;
    let threads: Option<u32> = instance.read_at(&["cpuOptions", "threadsPerCore"])?;
    Ok(cores.zip(threads).map(|(cores, threads)| cores.saturating_mul(threads)))
}

#[derive(Default)]
struct Addresses {
    private: Vec<String>,
    public: Vec<String>,
}

/// Of all interfaces in their order; an instance between interfaces still has its own two fields.
fn addresses(instance: &Element) -> Addresses {
    let mut found = Addresses::default();
    for interface in instance.items(&["networkInterfaceSet"]) {
        for address in interface.items(&["privateIpAddressesSet"]) {
            push(&mut found.private, address.text_at(&["privateIpAddress"]));
            push(&mut found.public, address.text_at(&["association", "publicIp"]));
        }
        for address in interface.items(&["ipv6AddressesSet"]) {
            push(&mut found.private, address.text_at(&["ipv6Address"]));
        }
    }
    push(&mut found.private, instance.text_at(&["privateIpAddress"]));
    push(&mut found.public, instance.text_at(&["ipAddress"]));
    found
}

fn push(addresses: &mut Vec<String>, address: Option<&str>) {
    if let Some(address) = address.filter(|address| !addresses.iter().any(|known| known == address)) {
        addresses.push(address.to_owned());
    }
}

/// Why it is in its state, unless somebody wanted it so.
fn fault(instance: &Element) -> Option<String> {
    let reason = instance.child("stateReason")?;
    let code = reason.text_at(&["code"])?;
    let is_wanted =
        code.contains("Initiated") || !(code.starts_with("Server.") || code.starts_with("Client."));
    (!is_wanted).then(|| reason.text_at(&["message"]).unwrap_or(code).to_owned())
}

/// Every start moves `launchTime`, but the first interface stays attached from the creation on.
fn first_interface_at(instance: &Element) -> Result<Option<Timestamp>> {
    let mut interfaces = instance.items(&["networkInterfaceSet"]);
    let first = interfaces.find(|interface| interface.text_at(&["attachment", "deviceIndex"]) == Some("0"));
    first.map_or(Ok(None), |interface| time_at(interface, &["attachment", "attachTime"]))
}

/// The instance as sent, with its reservation's own fields beside.
fn raw(instance: &Element, reservation: &Element) -> Value {
    let mut raw = instance.to_json();
    let mut around = reservation.to_json();
    if let (Some(raw), Some(around)) = (raw.as_object_mut(), around.as_object_mut()) {
        around.remove(INSTANCES);
        raw.insert("reservation".to_owned(), Value::Object(std::mem::take(around)));
    }
    raw
}

#[cfg(test)]
#[path = "instance_test.rs"]
mod tests;

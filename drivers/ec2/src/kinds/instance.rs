//! Instances, listed by reservation.

use std::collections::BTreeSet;

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Image, Instance, InstanceType, Reference, Verb, VerbSupport, Volume, When};
use gateway_core::marker::Marker;
use gateway_core::{Kind, Result, Timestamp};
use serde_json::Value;

use super::security_group;
use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::sizes::Size;
use crate::xml::Element;
use crate::{state, tags};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::Instance,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    // EC2 does not pause, suspend, shelve, lock or rebuild.
    verbs: &[
        CREATE,
        UPDATE,
        DELETE,
        VerbSupport::new(Verb::Start),
        VerbSupport::new(Verb::Stop),
        VerbSupport::new(Verb::Reboot),
        VerbSupport::new(Verb::Resize).only(When::In(&["stopped"])),
        VerbSupport::new(Verb::CreateImage).only(When::In(&["running", "stopped"])),
        VerbSupport::new(Verb::ConsoleOutput),
    ],
    calls: &[ListCall::new(
        "DescribeInstances",
        "reservationSet",
        Single::Parameter("InstanceId"),
        Mapping::Many(observe_all),
    )
    .paged(1000)
    .with_sizes(type_names)],
};

/// The list of instances in a reservation.
const INSTANCES: &str = "instancesSet";

/// An instance with its reservation.
#[derive(Clone, Copy, Debug)]
struct Reserved<'a> {
    reservation: &'a Element,
    instance: &'a Element,
}

impl<'a> Reserved<'a> {
    /// Returns the name of the instance's type.
    ///
    /// # Errors
    /// `WrongDocument`, when it is missing.
    fn type_name(self) -> Result<&'a str> {
        self.instance.required(&["instanceType"])
    }
}

/// Returns the instances of one item of `reservationSet`.
fn in_reservation(reservation: &Element) -> impl Iterator<Item = Reserved<'_>> {
    reservation.items(&[INSTANCES]).map(move |instance| Reserved { reservation, instance })
}

/// Returns the names of the types of all instances in these reservations.
fn type_names(reservations: &[Element]) -> Result<BTreeSet<String>> {
    let reserved = reservations.iter().flat_map(in_reservation);
    reserved.map(|one| one.type_name().map(ToOwned::to_owned)).collect()
}

fn observe_all(reservation: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    in_reservation(reservation)
        .map(|one| observe(one, origin.sizes.get(one.type_name()?).copied(), origin))
        .collect()
}

/// Maps one instance; `size` is that of its type, if it is known.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(reserved: Reserved<'_>, size: Option<Size>, origin: Origin<'_>) -> Result<Observed> {
    let Reserved { instance, reservation } = reserved;
    let tags = tags::read(instance);
    let word = instance.required(&["instanceState", "name"])?;
    let type_name = reserved.type_name()?;
    let addresses = addresses(instance);
    let launched_at = instance.time_at(&["launchTime"])?;
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
        security_groups: instance
            .items(&["groupSet"])
            .map(|group| security_group::reference(group, origin))
            .collect(),
        volumes: instance
            .items(&["blockDeviceMapping"])
            .filter_map(|disk| Some(origin.reference::<Volume>(disk.text_at(&["ebs", "volumeId"])?)))
            .collect(),
        launched_at,
        locked: None,
        fault: fault(instance),
    };
    let raw = raw(instance, reservation);
    let mut observed = Observed::new(instance.required(&["instanceId"])?, tags::name(&tags), &fields, raw)?
        .with_state(state::INSTANCE.of(word), word);
    let owner = reservation.text_at(&["ownerId"]).unwrap_or(origin.account);
    observed.owner = Some(owner.to_owned());
    observed.created_at = first_interface_at(instance)?.or(launched_at);
    observed.tags = tags;
    // The client token stays even if somebody removes the tag.
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

/// Returns the addresses of all interfaces in their order, then those in the instance's own two fields.
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

/// Returns the reason of the state, unless somebody requested that state.
fn fault(instance: &Element) -> Option<String> {
    let reason = instance.child("stateReason")?;
    let code = reason.text_at(&["code"])?;
    let is_requested =
        code.contains("Initiated") || !(code.starts_with("Server.") || code.starts_with("Client."));
    (!is_requested).then(|| reason.text_at(&["message"]).unwrap_or(code).to_owned())
}

/// Returns the time when the first interface was attached. It is the creation; `launchTime` changes with every start.
fn first_interface_at(instance: &Element) -> Result<Option<Timestamp>> {
    let mut interfaces = instance.items(&["networkInterfaceSet"]);
    let first = interfaces.find(|interface| interface.text_at(&["attachment", "deviceIndex"]) == Some("0"));
    first.map_or(Ok(None), |interface| interface.time_at(&["attachment", "attachTime"]))
}

/// Returns the instance as EC2 sent it, with the reservation's own fields under `reservation`.
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

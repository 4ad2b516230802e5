//! Instances that clients make.

use gateway_core::Timestamp;
use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::body::{Body, Chosen, Instance, InstanceType, Record, Volume};
use super::super::lifecycle::Status;
use super::super::shelf::{Owner, Place};
use super::super::sort::Sort;
use super::super::world::World;
use super::{image, interface, own, usable, volume, zone};

/// Most bytes that a start-up program is given, as base64.
const MOST_START_UP: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Any published type and image when not given.
    #[serde(rename = "type")]
    instance_type: Option<String>,
    image: Option<String>,
    /// Where it gets interfaces; in one of the usual subnets when nothing is named.
    #[serde(default)]
    networks: Vec<String>,
    #[serde(default)]
    subnets: Vec<String>,
    /// Interfaces that are there.
    #[serde(default)]
    plugs: Vec<String>,
    /// In place of the usual one.
    firewalls: Option<Vec<String>>,
    /// By name.
    key: Option<String>,
    zone: Option<String>,
    /// For its start-up program, as base64.
    start_up: Option<String>,
    boot: Option<Boot>,
}

/// The disk that it boots from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Boot {
    /// One that is there.
    disk: Option<String>,
    /// Or one that is made of the image.
    size_gb: Option<u64>,
    class: Option<String>,
    #[serde(default)]
    goes_with_machine: bool,
}

pub(super) fn first_form(
    world: &mut World,
    place: Place,
    wanted: Wanted,
    now: Timestamp,
) -> Result<(Status, Body), Refusal> {
    let published = |sort| world.shelf(Place { owner: Owner::Everybody, sort, ..place }).near(0);
    let instance_type = match wanted.instance_type.as_deref() {
        Some(id) => usable(world, place, Sort::InstanceType, id)?,
        None => published(Sort::InstanceType).unwrap_or_default(),
    };
    let boots_from_disk = wanted.boot.as_ref().is_some_and(|boot| boot.disk.is_some());
    let image = match wanted.image.as_deref() {
        Some(id) => Some(ready_image(world, place, id)?),
        None if boots_from_disk => None,
        None => published(Sort::Image),
    };
    afford(world, place, size(world, place, instance_type)?)?;
    fits(world, place, image, instance_type)?;
    let mut chosen = Chosen {
        key: wanted.key.map(|name| key(world, place, name)).transpose()?,
        firewalls: firewalls(world, place, wanted.firewalls)?,
        start_up: start_up(wanted.start_up.as_deref())?,
        ..Chosen::default()
    };
    let [first, _] = world.zones(place);
    chosen.zone = zone(world, place, wanted.zone)?.unwrap_or(first);
    // What is named is looked up before anything is made of it.
    chosen.plugs = free_plugs(world, place, &wanted.plugs)?;
    let subnets = new_subnets(world, place, &wanted.networks, &wanted.subnets)?;
    let disks: Vec<u64> = match wanted.boot {
        Some(boot) => vec![boot_disk(world, place, boot, image, &mut chosen, now)?],
        None => Vec::new(),
    };
    for subnet in subnets {
        let plug = interface::with_instance(world, place, subnet, &chosen.firewalls, now)?;
        chosen.plugs.push(plug);
    }
    let inside = chosen.plugs.is_empty().then(|| world.inside_address(place));
    let chosen = Some(Box::new(chosen));
    let body = Instance { instance_type, image, inside, outside: None, disks, booted: None, chosen };
    Ok((Status::Booting, Body::Instance(body)))
}

/// Ties its disks and interfaces to a new instance, which had no number when they were made.
pub(super) fn settle_in(world: &mut World, place: Place, number: u64, now: Timestamp) {
    let Some(instance) = world.instance_at(place, number).filter(|_| place.sort == Sort::Instance) else {
        return;
    };
    let plugs = instance.chosen.as_ref().map(|chosen| chosen.plugs.clone()).unwrap_or_default();
    for plug in &plugs {
        if let Some(plug) = world.plug_at_mut(place, *plug) {
            plug.holder = Some(number);
        }
        let bound = world.bound_to(place, *plug);
        if let Some(chosen) = world.choose(place, number) {
            chosen.bound.extend(bound);
        }
    }
    world.set_plugs(place, &plugs, Status::Booting.of_plug(), now);
    let Some(instance) = world.instance_at(place, number) else { return };
    for disk in instance.disks.clone() {
        if let Some(volume) = world.volume_at_mut(place, disk) {
            volume.attached_to = Some(number);
        }
        world.change(Place { sort: Sort::Volume, ..place }, disk, Status::Attached, now);
    }
}

/// Interfaces that are there and nobody has.
fn free_plugs(world: &World, place: Place, ids: &[String]) -> Result<Vec<u64>, Refusal> {
    let mut plugs = Vec::new();
    for id in ids {
        let number = own(world, place, Sort::NetworkInterface, id)?;
        let is_free = world.plug_at(place, number).is_some_and(|plug| plug.holder.is_none());
        if !is_free || plugs.contains(&number) {
            return Err(Refusal::in_use("only a free interface can be given to a machine"));
        }
        plugs.push(number);
    }
    Ok(plugs)
}

/// The subnets that interfaces are made in.
fn new_subnets(
    world: &World,
    place: Place,
    networks: &[String],
    subnets: &[String],
) -> Result<Vec<u64>, Refusal> {
    let of_network = networks
        .iter()
        .map(|id| interface::first_subnet(world, place, own(world, place, Sort::Network, id)?));
    of_network.chain(subnets.iter().map(|id| own(world, place, Sort::Subnet, id))).collect()
}

fn boot_disk(
    world: &mut World,
    place: Place,
    boot: Boot,
    image: Option<u64>,
    chosen: &mut Chosen,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let volumes = Place { sort: Sort::Volume, ..place };
    let number = match (boot.disk, boot.size_gb) {
        (Some(id), None) => {
            let number = own(world, place, Sort::Volume, &id)?;
            let status = world.shelf(volumes).get(number).map(|record| record.status);
            if status != Some(Status::Free) {
                return Err(Refusal::in_use("only a free disk can be booted from"));
            }
            number
        }
        (None, Some(gigabytes)) if (1..=volume::LARGEST).contains(&gigabytes) => {
            volume::afford(world, place, gigabytes)?;
            let choice = volume::chosen(world, place, boot.class, Some(chosen.zone.clone()), image)?;
            let body = Volume { gigabytes, attached_to: None, copy_of: None, chosen: choice };
            world.create(volumes, Record::new(String::new(), Status::Forming, now, Body::Volume(body)))
        }
        _ => return Err(Refusal::invalid("boot needs either a disk or a size of 1 GB at least")),
    };
    chosen.own_disk = boot.goes_with_machine.then_some(number);
    Ok(number)
}

pub(in super::super) fn ready_image(world: &World, place: Place, id: &str) -> Result<u64, Refusal> {
    let number = usable(world, place, Sort::Image, id)?;
    match image::usable_at(world, place, number) {
        Some(record) if record.status != Status::Ready => Err(Refusal::conflict("the image is not ready")),
        _ => Ok(number),
    }
}

pub(in super::super) fn size(world: &World, place: Place, number: u64) -> Result<InstanceType, Refusal> {
    let types = world.shelf(Place { owner: Owner::Everybody, sort: Sort::InstanceType, ..place });
    match types.get(number).map(|record| &record.body) {
        Some(Body::InstanceType(size)) => Ok(*size),
        _ => Err(Refusal::unknown("instance_type", &Sort::InstanceType.id(number))),
    }
}

/// An image that needs more than the type has does not boot.
pub(in super::super) fn fits(
    world: &World,
    place: Place,
    image: Option<u64>,
    instance_type: u64,
) -> Result<(), Refusal> {
    let size = size(world, place, instance_type)?;
    let image = image.and_then(|number| image::image_at(world, place, number));
    let is_large = image
        .is_some_and(|image| image.needs_disk_gb > size.disk_gb || image.needs_memory_mb > size.memory_mb);
    if is_large { Err(Refusal::invalid("the image needs a larger type")) } else { Ok(()) }
}

fn afford(world: &World, place: Place, size: InstanceType) -> Result<(), Refusal> {
    world.afford(place, "machines", 1)?;
    world.afford(place, "cores", u64::from(size.cores))?;
    world.afford(place, "memory_mb", size.memory_mb)
}

fn key(world: &World, place: Place, name: String) -> Result<String, Refusal> {
    let mut keys = world.shelf(Place { sort: Sort::SshKey, ..place }).after(None);
    match keys.any(|(_, record)| record.name == name) {
        true => Ok(name),
        false => Err(Refusal::unknown("ssh_key", &name)),
    }
}

/// The groups that are named, or the usual one.
pub(super) fn firewalls(
    world: &World,
    place: Place,
    wanted: Option<Vec<String>>,
) -> Result<Vec<u64>, Refusal> {
    match wanted {
        Some(ids) => ids.iter().map(|id| own(world, place, Sort::SecurityGroup, id)).collect(),
        None => {
            let groups = world.shelf(Place { sort: Sort::SecurityGroup, ..place }).after(None);
            let usual = |record: &Record| matches!(record.body, Body::SecurityGroup { usual: true, .. });
            Ok(groups.filter(|(_, record)| usual(record)).map(|(number, _)| number).collect())
        }
    }
}

fn start_up(text: Option<&str>) -> Result<usize, Refusal> {
    use base64::Engine as _;
    let Some(text) = text else { return Ok(0) };
    let read = base64::engine::general_purpose::STANDARD.decode(text);
    match read {
        Ok(bytes) if text.len() <= MOST_START_UP => Ok(bytes.len()),
        _ => Err(Refusal::invalid("start_up is base64 of 64 KiB at most")),
    }
}

/// A locked instance is changed by nobody.
pub(in super::super) fn unlocked(record: &Record) -> Result<(), Refusal> {
    match &record.body {
        Body::Instance(Instance { chosen: Some(chosen), .. }) if chosen.locked => {
            Err(Refusal::conflict("the machine is locked"))
        }
        _ => Ok(()),
    }
}

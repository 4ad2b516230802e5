//! Attaching, detaching and growing volumes.

use gateway_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::Refusal;
use super::super::lifecycle::Status;
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::super::write::{form, own, refused, volume::LARGEST};
use super::no_such_order;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attach {
    instance: Option<String>,
    device: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Detach {
    /// Where it must be; wherever it is when not given.
    instance: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grow {
    size_gb: u64,
}

pub(super) fn order(
    world: &mut World,
    place: Place,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match word {
        "attach" => attach(world, place, number, form(parameters)?, now),
        "detach" => detach(world, place, number, form(parameters)?, now),
        "grow" => grow(world, place, number, form(parameters)?, now),
        _ => Err(no_such_order()),
    }
}

fn attach(
    world: &mut World,
    place: Place,
    number: u64,
    wanted: Attach,
    now: Timestamp,
) -> Result<(), Refusal> {
    let instances = Place { sort: Sort::Instance, ..place };
    let id = wanted.instance.ok_or_else(|| Refusal::invalid("attach needs the id of an instance"))?;
    let holder = own(world, place, Sort::Instance, &id)?;
    if status(world, place, number) != Some(Status::Free) {
        return Err(Refusal::conflict("only a free volume can be attached"));
    }
    let ending = [None, Some(Status::Removing), Some(Status::Removed)];
    let of_holder = status(world, instances, holder);
    if ending.contains(&of_holder) {
        return Err(Refusal::conflict("the machine is going"));
    }
    if let Some(instance) = world.instance_at_mut(place, holder) {
        instance.disks.push(number);
    }
    if let Some(record) = world.shelf_mut(instances).get_mut(holder) {
        record.changed = now;
    }
    if wanted.device.is_some()
        && let Some(chosen) = world.choose_volume(place, number)
    {
        chosen.device = wanted.device;
    }
    if let Some(volume) = world.volume_at_mut(place, number) {
        volume.attached_to = Some(holder);
    }
    world.change(place, number, Status::Attached, now);
    Ok(())
}

fn detach(
    world: &mut World,
    place: Place,
    number: u64,
    wanted: Detach,
    now: Timestamp,
) -> Result<(), Refusal> {
    let holder = world.volume_at(place, number).and_then(|volume| volume.attached_to);
    let named = wanted.instance.as_deref().map(|id| Sort::Instance.number(id));
    if named.is_some_and(|named| named != holder) {
        return Err(not_attached());
    }
    if !world.take_off(place, number, now) {
        return Err(not_attached());
    }
    world.free_volume(place, number, now);
    Ok(())
}

fn not_attached() -> Refusal {
    Refusal::new(http::StatusCode::NOT_FOUND, "no_such_resource", "the volume is not attached there")
}

/// A free volume is busy while it grows; one that is attached grows under way.
fn grow(world: &mut World, place: Place, number: u64, wanted: Grow, now: Timestamp) -> Result<(), Refusal> {
    let before = world.volume_at(place, number).map_or(0, |volume| volume.gigabytes);
    let status = status(world, place, number).unwrap_or(Status::Erasing);
    if !matches!(status, Status::Free | Status::Attached) {
        return Err(refused(status));
    }
    if wanted.size_gb <= before || wanted.size_gb > LARGEST {
        return Err(Refusal::invalid(format!("a disk of {before} GB cannot grow to {}", wanted.size_gb)));
    }
    world.afford(place, "disk_gb", wanted.size_gb - before)?;
    if let Some(volume) = world.volume_at_mut(place, number) {
        volume.gigabytes = wanted.size_gb;
    }
    match status {
        Status::Free => world.change(place, number, Status::Growing, now),
        _ => world.touch(place, number, now),
    }
    Ok(())
}

fn status(world: &World, place: Place, number: u64) -> Option<Status> {
    world.shelf(place).get(number).map(|record| record.status)
}

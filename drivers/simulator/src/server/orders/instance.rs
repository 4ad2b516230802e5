//! What is ordered of instances.

use axum::response::Response;
use gateway_core::Timestamp;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::{Refusal, json_answer};
use super::super::body::Before;
use super::super::lifecycle::{Order, Status};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::super::write::{self, Words, form, refused, usable};
use super::no_such_order;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reboot {
    #[serde(default)]
    #[expect(dead_code, reason = "what is simulated goes down either way")]
    hard: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resize {
    #[serde(rename = "type")]
    instance_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebuild {
    image: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(super) fn order(
    world: &mut World,
    place: Place,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
    let status = record.status;
    let is_going = matches!(status, Status::Removing | Status::Removed);
    match word {
        "lock" | "unlock" if is_going => return Err(refused(status)),
        "lock" | "unlock" => {
            form::<Nothing>(parameters)?;
            if let Some(chosen) = world.choose(place, number) {
                chosen.locked = word == "lock";
            }
            world.touch(place, number, now);
            return Ok(());
        }
        _ => write::instance::unlocked(record)?,
    }
    if let "keep_size" | "old_size" = word {
        form::<Nothing>(parameters)?;
        return end_resize(world, place, number, word == "keep_size", now);
    }
    let order = Order::parse(word).ok_or_else(no_such_order)?;
    let next = order.from(status).ok_or_else(|| refused(status))?;
    match order {
        Order::Resize => resize(world, place, number, &form(parameters)?)?,
        Order::Rebuild => rebuild(world, place, number, form(parameters)?)?,
        Order::Reboot => {
            let Reboot { .. } = form(parameters)?;
        }
        _ => {
            let Nothing {} = form(parameters)?;
        }
    }
    world.change(place, number, next, now);
    Ok(())
}

fn resize(world: &mut World, place: Place, number: u64, wanted: &Resize) -> Result<(), Refusal> {
    let instance_type = usable(world, place, Sort::InstanceType, &wanted.instance_type)?;
    let status = world.shelf(place).get(number).map_or(Status::Failed, |record| record.status);
    let instance = world.instance_at(place, number).ok_or_else(Refusal::no_resource)?;
    let before = Before { instance_type: instance.instance_type, status };
    if before.instance_type == instance_type {
        return Err(Refusal::invalid("it is of that type already"));
    }
    write::instance::fits(world, place, instance.image, instance_type)?;
    let (old, new) = (
        write::instance::size(world, place, before.instance_type)?,
        write::instance::size(world, place, instance_type)?,
    );
    world.afford(place, "cores", u64::from(new.cores.saturating_sub(old.cores)))?;
    world.afford(place, "memory_mb", new.memory_mb.saturating_sub(old.memory_mb))?;
    if let Some(chosen) = world.choose(place, number) {
        chosen.before = Some(before);
    }
    if let Some(instance) = world.instance_at_mut(place, number) {
        instance.instance_type = instance_type;
    }
    Ok(())
}

/// Keeps the new type, or goes back to the old one.
fn end_resize(
    world: &mut World,
    place: Place,
    number: u64,
    keeps: bool,
    now: Timestamp,
) -> Result<(), Refusal> {
    let status = world.shelf(place).get(number).map_or(Status::Failed, |record| record.status);
    if status != Status::Resized {
        return Err(refused(status));
    }
    let before = world.choose(place, number).and_then(|chosen| chosen.before.take());
    let before = before.ok_or_else(|| refused(status))?;
    if let Some(instance) = world.instance_at_mut(place, number).filter(|_| !keeps) {
        instance.instance_type = before.instance_type;
    }
    world.change(place, number, before.status, now);
    Ok(())
}

fn rebuild(world: &mut World, place: Place, number: u64, wanted: Rebuild) -> Result<(), Refusal> {
    let image = write::instance::ready_image(world, place, &wanted.image)?;
    let instance = world.instance_at(place, number).ok_or_else(Refusal::no_resource)?;
    write::instance::fits(world, place, Some(image), instance.instance_type)?;
    if let Some(instance) = world.instance_at_mut(place, number) {
        instance.image = Some(image);
    }
    if let Some(record) = world.shelf_mut(place).get_mut(number)
        && let Some(name) = wanted.name
    {
        record.name = name;
    }
    Ok(())
}

/// Makes an image of an instance; returns its number.
pub(super) fn image(
    world: &mut World,
    place: Place,
    number: u64,
    mut parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let words = Words::take(&mut parameters)?;
    form::<Nothing>(parameters)?;
    let status = world.shelf(place).get(number).map_or(Status::Failed, |record| record.status);
    if !matches!(status, Status::Active | Status::Halted | Status::Frozen | Status::Asleep) {
        return Err(refused(status));
    }
    let made_of = world.instance_at(place, number).and_then(|instance| instance.image);
    let body = write::image::of_instance(world, place, made_of);
    write::make(world, Place { sort: Sort::Image, ..place }, words, Status::Uploading, body, now)
}

/// What it wrote since it was booted.
pub(super) fn console(world: &World, place: Place, number: u64) -> Result<Response, Refusal> {
    let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
    let instance = world.instance_at(place, number).ok_or_else(Refusal::no_resource)?;
    if matches!(record.status, Status::Removing | Status::Removed) {
        return Err(refused(record.status));
    }
    let mut text = String::new();
    if let Some(booted) = instance.booted {
        text = format!("{} booted at {booted}\n", record.name);
        if let Some(chosen) = instance.chosen.as_ref().filter(|chosen| chosen.start_up > 0) {
            text += &format!("start-up: {} bytes read\n", chosen.start_up);
        }
        text += "login: \n";
    }
    Ok(json_answer(StatusCode::OK, &json!({ "kind": "console", "text": text })))
}

//! Commands of instances.

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::commands::metadata::Metadata;
use crate::cloud::commands::reference::usable;
use crate::cloud::commands::{image, instance};
use crate::cloud::lifecycle::instance_command::InstanceCommand;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::ResizeOrigin;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reboot {
    #[serde(default)]
    #[expect(dead_code, reason = "the simulated reboot is the same either way")]
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
struct NoParameters {}

pub(crate) fn execute(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let record = tables.records(table).get(number).ok_or_else(Refusal::no_resource)?;
    let status = record.status;
    let is_going = matches!(status, Status::Removing | Status::Removed);
    match word {
        "lock" | "unlock" if is_going => return Err(Refusal::wrong_status(status)),
        "lock" | "unlock" => {
            parse::<NoParameters>(parameters)?;
            if let Some(overrides) = tables.overrides_mut(table, number) {
                overrides.locked = word == "lock";
            }
            tables.mark_changed(table, number, now);
            return Ok(());
        }
        _ => instance::check_unlocked(record)?,
    }
    if let "keep_size" | "old_size" = word {
        parse::<NoParameters>(parameters)?;
        return end_resize(tables, table, number, word == "keep_size", now);
    }
    let command = InstanceCommand::parse(word).ok_or_else(Refusal::unknown_command)?;
    let next = command.next(status).ok_or_else(|| Refusal::wrong_status(status))?;
    match command {
        InstanceCommand::Resize => resize(tables, table, number, &parse(parameters)?)?,
        InstanceCommand::Rebuild => rebuild(tables, table, number, parse(parameters)?)?,
        InstanceCommand::Reboot => {
            let Reboot { .. } = parse(parameters)?;
        }
        _ => {
            let NoParameters {} = parse(parameters)?;
        }
    }
    tables.change(table, number, next, now);
    Ok(())
}

fn resize(tables: &mut Tables, table: TableKey, number: u64, request: &Resize) -> Result<(), Refusal> {
    let instance_type = usable(tables, table, Kind::InstanceType, &request.instance_type)?;
    let status = tables.records(table).get(number).map_or(Status::Failed, |record| record.status);
    let instance = tables.instance_at(table, number).ok_or_else(Refusal::no_resource)?;
    let before = ResizeOrigin { instance_type: instance.instance_type, status };
    if before.instance_type == instance_type {
        return Err(Refusal::invalid("the instance has that type already"));
    }
    instance::fits(tables, table, instance.image, instance_type)?;
    let (old, new) =
        (instance::size(tables, table, before.instance_type)?, instance::size(tables, table, instance_type)?);
    tables.check_quota(table, "cores", u64::from(new.cores.saturating_sub(old.cores)))?;
    tables.check_quota(table, "memory_mb", new.memory_mb.saturating_sub(old.memory_mb))?;
    if let Some(overrides) = tables.overrides_mut(table, number) {
        overrides.before = Some(before);
    }
    if let Some(instance) = tables.instance_at_mut(table, number) {
        instance.instance_type = instance_type;
    }
    Ok(())
}

/// Confirms or reverts a resize.
fn end_resize(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    confirms: bool,
    now: Timestamp,
) -> Result<(), Refusal> {
    let status = tables.records(table).get(number).map_or(Status::Failed, |record| record.status);
    if status != Status::Resized {
        return Err(Refusal::wrong_status(status));
    }
    let before = tables.overrides_mut(table, number).and_then(|overrides| overrides.before.take());
    let before = before.ok_or_else(|| Refusal::wrong_status(status))?;
    if let Some(instance) = tables.instance_at_mut(table, number).filter(|_| !confirms) {
        instance.instance_type = before.instance_type;
    }
    tables.change(table, number, before.status, now);
    Ok(())
}

fn rebuild(tables: &mut Tables, table: TableKey, number: u64, request: Rebuild) -> Result<(), Refusal> {
    let image = image::ready_image(tables, table, &request.image)?;
    let instance = tables.instance_at(table, number).ok_or_else(Refusal::no_resource)?;
    instance::fits(tables, table, Some(image), instance.instance_type)?;
    if let Some(instance) = tables.instance_at_mut(table, number) {
        instance.image = Some(image);
    }
    if let Some(record) = tables.records_mut(table).get_mut(number)
        && let Some(name) = request.name
    {
        record.name = name;
    }
    Ok(())
}

/// Creates an image of an instance and returns its number.
pub(crate) fn image(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    mut parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let metadata = Metadata::take(&mut parameters)?;
    parse::<NoParameters>(parameters)?;
    let status = tables.records(table).get(number).map_or(Status::Failed, |record| record.status);
    if !matches!(status, Status::Active | Status::Halted | Status::Frozen | Status::Asleep) {
        return Err(Refusal::wrong_status(status));
    }
    let made_of = tables.instance_at(table, number).and_then(|instance| instance.image);
    let body = image::of_instance(tables, table, made_of);
    metadata.insert(tables, TableKey { kind: Kind::Image, ..table }, Status::Uploading, body, now)
}

/// Returns the console output since the last boot.
pub(crate) fn console(tables: &Tables, table: TableKey, number: u64) -> Result<String, Refusal> {
    let record = tables.records(table).get(number).ok_or_else(Refusal::no_resource)?;
    let instance = tables.instance_at(table, number).ok_or_else(Refusal::no_resource)?;
    if matches!(record.status, Status::Removing | Status::Removed) {
        return Err(Refusal::wrong_status(record.status));
    }
    let mut text = String::new();
    if let Some(booted) = instance.booted {
        text = format!("{} booted at {booted}\n", record.name);
        if let Some(overrides) = instance.overrides.as_ref().filter(|overrides| overrides.user_data > 0) {
            text += &format!("user data: {} bytes read\n", overrides.user_data);
        }
        text += "login: \n";
    }
    Ok(text)
}

//! Commands of volumes: attach, detach and grow.

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::commands::reference::own;
use crate::cloud::commands::volume::MAX_SIZE_GB;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attach {
    instance: Option<String>,
    device: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Detach {
    /// Instance to which the volume must be attached; default: any.
    instance: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grow {
    size_gb: u64,
}

pub(crate) fn execute(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match word {
        "attach" => attach(tables, table, number, parse(parameters)?, now),
        "detach" => detach(tables, table, number, parse(parameters)?, now),
        "grow" => grow(tables, table, number, parse(parameters)?, now),
        _ => Err(Refusal::unknown_command()),
    }
}

fn attach(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    request: Attach,
    now: Timestamp,
) -> Result<(), Refusal> {
    let instances = TableKey { kind: Kind::Instance, ..table };
    let id = request.instance.ok_or_else(|| Refusal::invalid("`instance` is required"))?;
    let holder = own(tables, table, Kind::Instance, &id)?;
    if status(tables, table, number) != Some(Status::Free) {
        return Err(Refusal::conflict("the volume must be free"));
    }
    let ending = [None, Some(Status::Removing), Some(Status::Removed)];
    let of_holder = status(tables, instances, holder);
    if ending.contains(&of_holder) {
        return Err(Refusal::conflict("the machine is being removed"));
    }
    if let Some(instance) = tables.instance_at_mut(table, holder) {
        instance.disks.push(number);
    }
    if let Some(record) = tables.records_mut(instances).get_mut(holder) {
        record.changed = now;
    }
    if request.device.is_some()
        && let Some(overrides) = tables.volume_overrides_mut(table, number)
    {
        overrides.device = request.device;
    }
    if let Some(volume) = tables.volume_at_mut(table, number) {
        volume.attached_to = Some(holder);
    }
    tables.change(table, number, Status::Attached, now);
    Ok(())
}

fn detach(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    request: Detach,
    now: Timestamp,
) -> Result<(), Refusal> {
    let holder = tables.volume_at(table, number).and_then(|volume| volume.attached_to);
    let named = request.instance.as_deref().map(|id| Kind::Instance.number(id));
    if named.is_some_and(|named| named != holder) {
        return Err(not_attached());
    }
    if !tables.detach(table, number, now) {
        return Err(not_attached());
    }
    tables.release_volume(table, number, now);
    Ok(())
}

fn not_attached() -> Refusal {
    Refusal::new(http::StatusCode::NOT_FOUND, "no_such_resource", "the volume is not attached there")
}

/// Grows a volume: a free one passes through `GROWING`, an attached one stays attached.
fn grow(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    request: Grow,
    now: Timestamp,
) -> Result<(), Refusal> {
    let before = tables.volume_at(table, number).map_or(0, |volume| volume.gigabytes);
    let status = status(tables, table, number).unwrap_or(Status::Erasing);
    if !matches!(status, Status::Free | Status::Attached) {
        return Err(Refusal::wrong_status(status));
    }
    if request.size_gb <= before || request.size_gb > MAX_SIZE_GB {
        return Err(Refusal::invalid(format!("a disk of {before} GB cannot grow to {} GB", request.size_gb)));
    }
    tables.check_quota(table, "disk_gb", request.size_gb - before)?;
    if let Some(volume) = tables.volume_at_mut(table, number) {
        volume.gigabytes = request.size_gb;
    }
    match status {
        Status::Free => tables.change(table, number, Status::Growing, now),
        _ => tables.mark_changed(table, number, now),
    }
    Ok(())
}

fn status(tables: &Tables, table: TableKey, number: u64) -> Option<Status> {
    tables.records(table).get(number).map(|record| record.status)
}

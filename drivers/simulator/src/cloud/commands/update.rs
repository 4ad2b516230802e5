//! Updates of records by clients.

use gateway_core::{Kind, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::commands::metadata::MetadataUpdate;
use crate::cloud::commands::network_interface;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// Members of an update besides the metadata.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldUpdate {
    /// For a network interface.
    firewalls: Option<Vec<String>>,
    /// For a quota.
    #[serde(default, deserialize_with = "explicit_null")]
    limit: Option<Option<u64>>,
}

/// Distinguishes null from an absent member.
fn explicit_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Updates metadata, the security groups of an interface, or the limit of a quota.
pub(crate) fn update(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    mut request: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let metadata = MetadataUpdate::take(&mut request)?;
    let update: FieldUpdate = parse(request)?;
    tables.entry(table, number).ok_or_else(Refusal::no_resource)?;
    match table.kind {
        Kind::NetworkInterface => tables.materialize_nic(table, number),
        Kind::IpAddress => tables.materialize_address(table, number),
        _ => {}
    }
    match (table.kind, update) {
        (Kind::Quota, FieldUpdate { firewalls: None, limit: Some(limit) }) if metadata.is_empty() => {
            tables.set_limit(table, number, limit)?;
        }
        (Kind::NetworkInterface, FieldUpdate { firewalls: Some(ids), limit: None }) => {
            network_interface::set_firewalls(tables, table, number, ids, now)?;
        }
        (kind, FieldUpdate { firewalls: None, limit: None }) if kind.has_metadata() => {}
        (kind, _) => {
            let message = format!("{} do not allow an update of these members", kind.spec().plural);
            return Err(Refusal::invalid(message));
        }
    }
    let record = tables.records_mut(table).get_mut(number).ok_or_else(Refusal::no_resource)?;
    if matches!(record.status, Status::Removing | Status::Removed | Status::Erasing) {
        return Err(Refusal::wrong_status(record.status));
    }
    metadata.write(record)?;
    record.changed = now;
    Ok(())
}

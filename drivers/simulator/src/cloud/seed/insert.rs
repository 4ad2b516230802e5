//! Insertion of seeded records.

use std::time::Duration;

use gateway_core::Timestamp;

use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// 2026-01-01: seeded records are older than this, whenever the cloud is started.
pub(crate) const SEEDED_BEFORE: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// Greatest age before that.
const YEAR_SECONDS: usize = 365 * 24 * 3600;

/// Adds a seeded record with a description.
pub(crate) fn insert_described(
    tables: &mut Tables,
    table: TableKey,
    name: &str,
    status: Status,
    body: Body,
    description: &str,
) -> u64 {
    let number = insert(tables, table, name.to_owned(), status, body);
    if let Some(record) = tables.records_mut(table).get_mut(number) {
        record.description = description.into();
    }
    number
}

/// Adds a seeded record of random age.
pub(crate) fn insert(tables: &mut Tables, table: TableKey, name: String, status: Status, body: Body) -> u64 {
    let number = tables.unused_number(table);
    let age = Duration::from_secs(tables.random.below(YEAR_SECONDS) as u64);
    tables.records_mut(table).insert(number, Record::new(name, status, SEEDED_BEFORE.minus(age), body));
    number
}

//! References to records in request bodies.

use gateway_core::Kind;

use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::table::{Owner, TableKey};

/// Returns the number of a record of the account.
pub(crate) fn own(tables: &Tables, table: TableKey, kind: Kind, id: &str) -> Result<u64, Refusal> {
    let number = kind.number(id).filter(|number| tables.entry(TableKey { kind, ..table }, *number).is_some());
    number.ok_or_else(|| Refusal::unknown(kind.as_str(), id))
}

/// Returns the number of a published record or of a record of the account.
pub(crate) fn usable(tables: &Tables, table: TableKey, kind: Kind, id: &str) -> Result<u64, Refusal> {
    let published = TableKey { owner: Owner::Public, kind, ..table };
    own(tables, published, kind, id).or_else(|_| own(tables, table, kind, id))
}

/// Checks the name of a zone.
pub(crate) fn check_zone(
    tables: &Tables,
    table: TableKey,
    name: Option<String>,
) -> Result<Option<String>, Refusal> {
    match name {
        Some(zone) if !tables.zones(table).contains(&zone) => Err(Refusal::unknown("datacenter", &zone)),
        name => Ok(name),
    }
}

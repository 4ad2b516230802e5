//! Quotas of the seeded accounts.

use gateway_core::Kind;

use crate::cloud::seed::insert::SEEDED_BEFORE;
use crate::cloud::tables::Tables;
use crate::cloud::tables::measure::MEASURES;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// Least limit of a seeded quota.
const MIN_LIMIT: u64 = 16;

/// Adds the quotas of an account in a region, after all other records: each limit is twice the usage. Their numbers are
/// the same for every account.
pub(crate) fn account(tables: &mut Tables, table: TableKey) {
    for (measure, number) in MEASURES.iter().zip(1..) {
        let limit = (tables.used(table, measure) * 2).max(MIN_LIMIT).next_power_of_two();
        let body = Body::Quota { measure, limit: measure.limited.then_some(limit) };
        let record = Record::new(measure.word.to_owned(), Status::Kept, SEEDED_BEFORE, body);
        tables.records_mut(TableKey { kind: Kind::Quota, ..table }).insert(number, record);
    }
}

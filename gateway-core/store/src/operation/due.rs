//! Operations that are due, and the removal of old ones.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, OperationId, Region};
use gateway_core::shares::{CallCapacity, Endpoint};

use crate::db::schema::{operations, regions};
use crate::db::{NEVER, Session, Store, corrupt, database};
use crate::due::{DueWork, Holders, Part, region_with_first};

/// An operation that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueOperation {
    /// Id.
    pub id: OperationId,
    /// Endpoint that it calls.
    pub endpoint: Endpoint,
    /// Account that it calls for.
    pub account: AccountId,
}

/// The due operations.
struct DueOperations;

/// An operation: id, cloud, region, account.
type Row = (Vec<u8>, Vec<u8>, String, Vec<u8>);

impl DueWork for DueOperations {
    type Row = Row;

    fn first_by_endpoint(session: &mut Session<'_>) -> Result<Vec<(Endpoint, i64)>> {
        let first = operations::table
            .filter(operations::cloud_id.eq(regions::cloud_id))
            .filter(operations::region.eq(regions::name))
            .filter(operations::due_at.lt(NEVER))
            .order(operations::due_at)
            .select(operations::due_at);
        let rows = regions::table
            .select((regions::cloud_id, regions::name, first.single_value()))
            .load(session.connection)
            .map_err(database)?;
        rows.into_iter().filter_map(region_with_first).collect()
    }

    fn due_before(
        session: &mut Session<'_>,
        time: i64,
        limit: usize,
        part: Option<Part<'_>>,
    ) -> Result<Vec<(i64, Row)>> {
        let row = (operations::id, operations::cloud_id, operations::region, operations::account_id);
        let mut query = operations::table
            .filter(operations::due_at.lt(time))
            .order(operations::due_at)
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select((operations::due_at, row))
            .into_boxed();
        if let Some(part) = part {
            query = query
                .filter(operations::cloud_id.eq(part.endpoint.cloud.to_bytes()))
                .filter(operations::region.eq(part.region()));
            query = match part.holders {
                Holders::Only(holder) => query.filter(operations::account_id.eq(holder)),
                Holders::AllBut(holders) => query.filter(operations::account_id.ne_all(holders)),
            };
        }
        query.load(session.connection).map_err(database)
    }
}

fn due_operation((id, cloud, region, account): Row) -> Result<DueOperation> {
    let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
    Ok(DueOperation {
        id: OperationId::from_bytes(&id).ok_or_else(|| corrupt("operation id"))?,
        endpoint: Endpoint::of_region(cloud, Region::new(region)),
        account: AccountId::from_bytes(&account).ok_or_else(|| corrupt("account id"))?,
    })
}

impl Store {
    /// Returns due operations that have a free slot; and the wait until the next one is due.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operations_due(
        &self,
        limit: usize,
        capacity: CallCapacity,
    ) -> Result<(Vec<DueOperation>, Option<Duration>)> {
        self.read(move |session| {
            let now = session.now()?;
            let mut rows = session.due_before::<DueOperations>(NEVER, limit, &capacity)?;
            let later = rows.split_off(rows.partition_point(|(due, _)| *due <= now.0));
            let due = rows.into_iter().map(|(_, row)| due_operation(row)).collect::<Result<_>>()?;
            Ok((due, later.first().map(|(due, _)| Timestamp(*due).since(now))))
        })
        .await
    }

    /// Removes operations that were over before a time, at most `limit`; returns their count.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operations_purge(&self, before: Timestamp, limit: i64) -> Result<usize> {
        self.write(move |session| {
            let old = operations::table
                .filter(operations::finished_at.lt(before.0))
                .order(operations::finished_at)
                .limit(limit)
                .select(operations::id)
                .load::<Vec<u8>>(session.connection)
                .map_err(database)?;
            diesel::delete(operations::table.filter(operations::id.eq_any(old)))
                .execute(session.connection)
                .map_err(database)
        })
        .await
    }
}

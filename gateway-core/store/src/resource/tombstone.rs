//! Tombstones: the versions of deleted records, so that a record that returns continues its count.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::db::schema::tombstones;
use crate::db::{Connection, Session, Store, corrupt, database};

/// Version and time of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tombstone {
    pub(super) version: i64,
    pub(super) observed_at: i64,
}

impl Store {
    /// Removes tombstones from before `cutoff`, the oldest first. At most `limit`; returns their count.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn tombstones_purge(&self, cutoff: Timestamp, limit: i64) -> Result<usize> {
        // Neither database has the form of the other; both go along the index of times.
        const MYSQL: &str = "DELETE FROM tombstones WHERE observed_at < ? ORDER BY observed_at LIMIT ?";
        const SQLITE: &str = "DELETE FROM tombstones WHERE (target_id, id) IN \
                              (SELECT target_id, id FROM tombstones WHERE observed_at < ? ORDER BY observed_at LIMIT ?)";
        self.write(move |session| {
            let sql = match session.connection {
                Connection::Mysql(_) => MYSQL,
                Connection::Sqlite(_) => SQLITE,
            };
            let delete = diesel::sql_query(sql).bind::<BigInt, _>(cutoff.0).bind::<BigInt, _>(limit);
            delete.execute(session.connection).map_err(database)
        })
        .await
    }
}

impl Session<'_> {
    /// Returns the tombstones of those records that were deleted.
    pub(super) fn tombstones(
        &mut self,
        target: TargetId,
        ids: &[ResourceId],
    ) -> Result<HashMap<ResourceId, Tombstone>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = tombstones::table
            .filter(tombstones::target_id.eq(target.0))
            .filter(tombstones::id.eq_any(ids.iter().map(|id| id.to_bytes())))
            .select((tombstones::id, tombstones::version, tombstones::observed_at))
            .load::<(Vec<u8>, i64, i64)>(self.connection)
            .map_err(database)?;
        rows.into_iter()
            .map(|(id, version, observed_at)| {
                let id = ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?;
                Ok((id, Tombstone { version, observed_at }))
            })
            .collect()
    }

    pub(super) fn tombstone_add(
        &mut self,
        target: TargetId,
        id: ResourceId,
        version: i64,
        observed_at: Timestamp,
    ) -> Result<()> {
        diesel::insert_into(tombstones::table)
            .values((
                tombstones::target_id.eq(target.0),
                tombstones::id.eq(id.to_bytes()),
                tombstones::version.eq(version),
                tombstones::observed_at.eq(observed_at.0),
            ))
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }

    /// Removes the tombstones of records that exist again.
    pub(super) fn tombstones_remove(
        &mut self,
        target: TargetId,
        ids: impl Iterator<Item = ResourceId>,
    ) -> Result<()> {
        diesel::delete(
            tombstones::table
                .filter(tombstones::target_id.eq(target.0))
                .filter(tombstones::id.eq_any(ids.map(ResourceId::to_bytes))),
        )
        .execute(self.connection)
        .map(drop)
        .map_err(database)
    }
}

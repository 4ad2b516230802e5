//! Tombstones: the versions of deleted records, so that a record that returns continues its count.

use std::collections::HashMap;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::db::schema::tombstones;
use crate::db::{Session, corrupt, database};

/// Version and time of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tombstone {
    pub(super) version: i64,
    pub(super) observed_at: i64,
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

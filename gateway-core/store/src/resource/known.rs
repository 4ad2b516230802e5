//! Known records of a target, for comparison with a listing.

use diesel::prelude::*;
use gateway_core::document::observation::ContentHash;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::db::schema::resources;
use crate::db::{Store, corrupt, database};

/// Id and content hash of a stored record: 32 bytes of it in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownRecord {
    /// Record.
    pub id: ResourceId,
    /// Hash of its content.
    pub hash: ContentHash,
}

impl Store {
    /// Returns a page of a target's records, in the order of ids.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn known_records(
        &self,
        target: TargetId,
        after: Option<ResourceId>,
        limit: i64,
    ) -> Result<Vec<KnownRecord>> {
        self.read(move |session| {
            let rows = resources::table
                .filter(resources::target_id.eq(target.0))
                .filter(resources::id.gt(after.map(ResourceId::to_bytes).unwrap_or_default()))
                .order(resources::id)
                .limit(limit)
                .select((resources::id, resources::hash))
                .load::<(Vec<u8>, Vec<u8>)>(session.connection)
                .map_err(database)?;
            rows.into_iter()
                .map(|(id, hash)| {
                    let id = ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?;
                    let hash = hash.try_into().map_err(|_| corrupt("hash"))?;
                    Ok(KnownRecord { id, hash: ContentHash(hash) })
                })
                .collect()
        })
        .await
    }

    /// Returns the native keys of records.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn native_keys(
        &self,
        target: TargetId,
        ids: Vec<ResourceId>,
    ) -> Result<Vec<(ResourceId, String)>> {
        self.read(move |session| {
            let rows = resources::table
                .filter(resources::target_id.eq(target.0))
                .filter(resources::id.eq_any(ids.iter().map(|id| id.to_bytes())))
                .select((resources::id, resources::native_key))
                .load::<(Vec<u8>, String)>(session.connection)
                .map_err(database)?;
            rows.into_iter()
                .map(|(id, key)| {
                    Ok((ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?, key))
                })
                .collect()
        })
        .await
    }
}

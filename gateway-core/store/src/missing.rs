//! What whole listings lacked: suspicion that becomes proof, or passes.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::connection::insert_all;
use crate::error::{corrupt, database};
use crate::schema::{missing_resources, resources};
use crate::target::Fence;
use crate::{Session, Store};

#[derive(Insertable)]
#[diesel(table_name = missing_resources)]
struct Row {
    target_id: i64,
    id: Vec<u8>,
    missed_at: i64,
}

/// Rows in one statement: bounded, so that a mass vanishing does not make one statement of megabytes.
const CHUNK: usize = 500;

impl Store {
    /// What the last whole listing lacked.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn missing_list(&self, target: TargetId) -> Result<HashSet<ResourceId>> {
        self.read(move |session| session.missing_list(target)).await
    }

    /// Remembers what this listing lacked, and forgets what it had again.
    ///
    /// # Errors
    /// `LeaseLost` when the lease is not ours any more.
    pub async fn missing_set(&self, fence: Fence, missing: HashSet<ResourceId>) -> Result<()> {
        self.write(move |session| {
            session.check_fence(fence)?;
            let known = session.missing_list(fence.target)?;
            let back: Vec<_> = known.difference(&missing).map(|id| id.to_bytes()).collect();
            for chunk in back.chunks(CHUNK) {
                let rows = missing_resources::table
                    .filter(missing_resources::target_id.eq(fence.target.0))
                    .filter(missing_resources::id.eq_any(chunk));
                diesel::delete(rows).execute(session.connection).map_err(database)?;
            }
            let missed_at = session.now()?.0;
            let new: Vec<_> = missing
                .difference(&known)
                .map(|id| Row { target_id: fence.target.0, id: id.to_bytes(), missed_at })
                .collect();
            for chunk in new.chunks(CHUNK) {
                insert_all!(session, missing_resources::table, chunk)?;
            }
            Ok(())
        })
        .await
    }

    /// The native keys of records, to ask the cloud for each.
    ///
    /// # Errors
    /// Unavailable without a database.
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

impl Session<'_> {
    fn missing_list(&mut self, target: TargetId) -> Result<HashSet<ResourceId>> {
        let ids = missing_resources::table
            .filter(missing_resources::target_id.eq(target.0))
            .select(missing_resources::id)
            .load::<Vec<u8>>(self.connection)
            .map_err(database)?;
        ids.iter().map(|id| ResourceId::from_bytes(id).ok_or_else(|| corrupt("resource id"))).collect()
    }
}

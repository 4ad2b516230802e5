//! Missing records: known, and absent from the last whole listing.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::db::schema::missing_resources;
use crate::db::{Session, Store, corrupt, database, insert_all};
use crate::target::Fence;

#[derive(Insertable)]
#[diesel(table_name = missing_resources)]
struct Row {
    target_id: i64,
    id: Vec<u8>,
    missed_at: i64,
}

/// Rows in one statement. More would let a mass vanishing make one statement of megabytes; fewer takes more round trips.
const CHUNK: usize = 500;

impl Store {
    /// Returns the records that the last whole listing lacked.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn missing_list(&self, target: TargetId) -> Result<HashSet<ResourceId>> {
        self.read(move |session| session.missing_list(target)).await
    }

    /// Records what a listing lacked, and removes the records that it had again.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
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

//! Operations that are due, and the removal of old ones.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, OperationId};

use crate::db::schema::operations;
use crate::db::{NEVER, Store, corrupt, database};

impl Store {
    /// Returns due operations with their accounts, except those of `full` accounts; and the wait until the next one is
    /// due.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operations_due(
        &self,
        limit: i64,
        full: Vec<AccountId>,
    ) -> Result<(Vec<(OperationId, AccountId)>, Option<Duration>)> {
        self.read(move |session| {
            let now = session.now()?;
            let rows = operations::table
                .filter(operations::due_at.lt(NEVER))
                .filter(operations::account_id.ne_all(full.iter().map(|account| account.to_bytes())))
                .order(operations::due_at)
                .limit(limit)
                .select((operations::id, operations::account_id, operations::due_at))
                .load::<(Vec<u8>, Vec<u8>, i64)>(session.connection)
                .map_err(database)?;
            let next = rows.iter().map(|(.., due)| Timestamp(*due)).find(|due| *due > now);
            let due = rows.iter().filter(|(.., due)| *due <= now.0);
            let ids = due.map(|(id, account, _)| {
                let id = OperationId::from_bytes(id).ok_or_else(|| corrupt("operation id"))?;
                Ok((id, AccountId::from_bytes(account).ok_or_else(|| corrupt("account id"))?))
            });
            Ok((ids.collect::<Result<_>>()?, next.map(|next| next.since(now))))
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

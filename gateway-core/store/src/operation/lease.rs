//! Leases on operations.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::error::{Error, Result};
use gateway_core::id::{OperationId, ProcessId};

use super::record::Operation;
use super::state::OperationState;
use crate::db::schema::operations;
use crate::db::{Store, database, for_update, lease_lost};

/// The lease on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationLease {
    /// Operation.
    pub operation: OperationId,
    /// Number of the lease.
    pub epoch: i64,
}

impl OperationLease {
    /// Returns the error of a holder that was overtaken.
    pub(super) fn lost(self) -> Error {
        lease_lost(format_args!("operation {}", self.operation))
    }

    /// Fails if a statement found no operation under this lease.
    pub(super) fn require(self, changed: usize) -> Result<()> {
        if changed == 0 { Err(self.lost()) } else { Ok(()) }
    }
}

/// Selects the operation while the lease is valid.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn leased(held: OperationLease) -> _ {
    let (id, epoch): (Vec<u8>, i64) = (held.operation.to_bytes(), held.epoch);
    operations::table
        .filter(operations::id.eq(id))
        .filter(operations::lease_epoch.eq(epoch))
        .filter(operations::finished_at.is_null())
}

impl Store {
    /// Claims an operation that is due; `None` while another process has it or when it is over.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operation_claim(
        &self,
        id: OperationId,
        owner: ProcessId,
        lease: Duration,
    ) -> Result<Option<(Operation, OperationLease)>> {
        self.write(move |session| {
            let now = session.now()?;
            let due = operations::table.find(id.to_bytes()).filter(operations::due_at.le(now.0));
            if for_update!(session, due.select(operations::lease_epoch), i64)?.is_empty() {
                return Ok(None);
            }
            let mut row = session.operation_row(id)?;
            let epoch = row.lease_epoch + 1;
            // A holder that did not give it back may have called the cloud until its lease ended.
            if row.state == OperationState::Running.as_str() {
                row.sent_at = row.sent_at.map(|sent| sent.max(row.due_at));
            }
            diesel::update(operations::table.find(id.to_bytes()))
                .set((
                    operations::sent_at.eq(row.sent_at),
                    operations::lease_epoch.eq(epoch),
                    operations::lease_owner.eq(owner.to_bytes()),
                    operations::due_at.eq(now.plus(lease).0),
                ))
                .execute(session.connection)
                .map_err(database)?;
            Ok(Some((row.into_operation()?, OperationLease { operation: id, epoch })))
        })
        .await
    }

    /// Extends a lease. A lease that was given back is left alone.
    ///
    /// # Errors
    /// `LeaseLost` if another process has it.
    pub async fn operation_renew(&self, held: OperationLease, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let until = session.now()?.plus(lease).0;
            let changed = diesel::update(leased(held).filter(operations::lease_owner.is_not_null()))
                .set(operations::due_at.eq(until))
                .execute(session.connection)
                .map_err(database)?;
            if changed > 0 {
                return Ok(());
            }
            // The same process may have settled the operation already: that is no loss.
            let epoch = operations::table.find(held.operation.to_bytes()).select(operations::lease_epoch);
            let epoch: Option<i64> = epoch.first(session.connection).optional().map_err(database)?;
            held.require(usize::from(epoch == Some(held.epoch)))
        })
        .await
    }
}

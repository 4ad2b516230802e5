//! The lease of an operation: the right of one process to work on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::fence;
use gateway_core::id::{AccountId, OperationId, ProcessId};
use gateway_store::{Operation, OperationLease};
use tokio::task::JoinHandle;

use super::Operations;

/// Renewals within the time of one lease. More survive more failed renewals; fewer cost fewer statements.
const RENEWALS: u32 = 3;

impl Operations {
    /// Returns the holder and the time of the leases of this process.
    pub(crate) fn lease(&self) -> (ProcessId, Duration) {
        (self.process, self.times.lease)
    }

    /// Takes over an operation whose lease has ended; none if another process holds it.
    pub(crate) async fn take_over(
        self: &Arc<Self>,
        id: OperationId,
    ) -> Result<Option<JoinHandle<Option<OneTimeOutput>>>> {
        let taken = self.store.operation_claim(id, self.process, self.times.lease).await?;
        Ok(taken.map(|(operation, held)| self.start(operation, held)))
    }

    /// Works on an operation until it ends or its lease is lost.
    pub(super) async fn under_lease(
        &self,
        operation: &Operation,
        held: OperationLease,
        work: impl Future<Output = Result<Option<OneTimeOutput>>>,
    ) -> Option<OneTimeOutput> {
        let work = async {
            tokio::select! {
                outcome = work => outcome,
                error = self.renew(operation.account, held) => Err(error),
            }
        };
        match fence::around(work).await {
            Ok(output) => output,
            Err(error) => {
                // The lease ends by itself, and a process takes the operation over.
                tracing::warn!(error = error.chain(), "operation is left to another process");
                None
            }
        }
    }

    /// Renews the lease until it is lost.
    async fn renew(&self, account: AccountId, held: OperationLease) -> Error {
        loop {
            tokio::time::sleep(self.times.lease / RENEWALS).await;
            let until = Instant::now() + self.times.lease;
            match self.store.operation_renew(held, self.times.lease).await {
                Ok(()) => {
                    fence::extend(until);
                    // Without an answer the share stays as it was.
                    let _ = self.share_known_budget(account).await;
                }
                Err(error) if error.kind() == ErrorKind::LeaseLost => return error,
                // The lease may outlast a fault of the database; until then, writes are fenced.
                Err(error) => {
                    tracing::debug!(error = error.chain(), "lease was not renewed");
                }
            }
        }
    }
}

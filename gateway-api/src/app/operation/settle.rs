//! Settlement of operations.

use gateway_core::error::Result;
use gateway_store::{Operation, OperationLease, OperationOutcome, Settlement};

use super::Operations;
use crate::instruments;

impl Operations {
    /// Settles an operation for good or until its next attempt, and records it in the metrics.
    pub(super) async fn settle(
        &self,
        operation: &Operation,
        held: OperationLease,
        outcome: OperationOutcome,
        settled: Settlement,
    ) -> Result<()> {
        let state = outcome.state;
        self.store.operation_settle(held, outcome, settled).await?;
        let time = self.clock.now().since(operation.accepted_at);
        instruments::operation::settled(operation.verb, state.as_str(), time);
        Ok(())
    }
}

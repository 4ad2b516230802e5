//! The journal as its callers read it.

use gateway_core::id::OperationId;
use gateway_store::{Operation, OperationState};

use crate::app::access::Caller;
use crate::app::error::Failure;
use crate::app::{App, Error, Result};

/// A request for a page of the caller's operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationQuery {
    /// Only operations in this state.
    pub(crate) state: Option<OperationState>,
    /// Only operations older than this one.
    pub(crate) before: Option<OperationId>,
    pub(crate) limit: usize,
}

/// A page of operations, the newest first.
#[derive(Debug)]
pub(crate) struct OperationPage {
    pub(crate) operations: Vec<Operation>,
    /// The `before` of the next page; none on the last.
    pub(crate) next: Option<OperationId>,
}

impl App {
    /// Returns a page of the caller's operations.
    pub(crate) async fn list_operations(
        &self,
        caller: &Caller,
        query: OperationQuery,
    ) -> Result<OperationPage> {
        let OperationQuery { state, before, limit } = query;
        let mut operations = self.store.operation_list(caller.claims.sub, state, before, limit + 1).await?;
        let is_more = operations.len() > limit;
        operations.truncate(limit);
        let next = operations.last().filter(|_| is_more).map(|operation| operation.id);
        Ok(OperationPage { operations, next })
    }

    /// Returns an operation of the caller.
    pub(crate) async fn get_operation(&self, caller: &Caller, id: OperationId) -> Result<Operation> {
        let operation = self.store.operation_get(id).await?;
        operation.filter(|operation| operation.principal == caller.claims.sub).ok_or(Error::UnknownOperation)
    }
}

/// Returns the failure of an operation that did not succeed.
pub(crate) fn failure(operation: &Operation) -> Option<Failure> {
    let answer = operation.answer.as_ref().filter(|_| operation.state != OperationState::Succeeded)?;
    serde_json::from_str(answer).ok()
}

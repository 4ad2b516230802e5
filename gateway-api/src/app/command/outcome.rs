//! The outcome of a command that succeeded.

use gateway_core::driver::OneTimeOutput;
use gateway_store::{Operation, OperationState};

use crate::app::{Error, Result};

/// The outcome of a command that succeeded.
pub(crate) struct Outcome {
    pub(crate) operation: Box<Operation>,
    /// A secret that this answer alone carries.
    pub(crate) output: Option<OneTimeOutput>,
}

impl Outcome {
    /// Returns the outcome of an operation that is over, or the error that it ended with.
    pub(super) fn of(operation: Box<Operation>, output: Option<OneTimeOutput>) -> Result<Self> {
        if operation.state == OperationState::Succeeded {
            return Ok(Self { operation, output });
        }
        let failure = crate::app::operation::failure(&operation)
            .ok_or_else(|| Error::internal("an operation that did not succeed has no readable failure"))?;
        Err(Error::Failed { operation: operation.id, failure: Box::new(failure) })
    }
}

//! The settlement of operations.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::error::{CloudWords, Error, Result};

use super::lease::{OperationLease, leased};
use super::record::CompletedStep;
use super::state::OperationState;
use crate::db::schema::operations;
use crate::db::{NEVER, Store, database, for_update};

/// The outcome of an operation.
#[derive(Clone, Debug)]
pub struct OperationOutcome {
    /// New state.
    pub state: OperationState,
    /// HTTP status of the answer.
    pub status: u16,
    /// Answer: a JSON document without one-time output.
    pub answer: String,
    /// Completed steps.
    pub completed: Vec<CompletedStep>,
    /// The cloud's own error code and text.
    pub cloud_words: Option<CloudWords>,
}

/// The finality of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The operation is over.
    Final,
    /// A process tries again after this wait.
    RetryIn(Duration),
}

impl Store {
    /// Settles an operation, for good or until the next attempt, and gives the lease back.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
    pub async fn operation_settle(
        &self,
        held: OperationLease,
        outcome: OperationOutcome,
        settled: Settlement,
    ) -> Result<()> {
        let words =
            outcome.cloud_words.as_ref().map(serde_json::to_string).transpose().map_err(Error::internal)?;
        let made = serde_json::to_string(&outcome.completed).map_err(Error::internal)?;
        self.write(move |session| {
            if for_update!(session, leased(held).select(operations::lease_epoch), i64)?.is_empty() {
                return Err(held.lost());
            }
            let row = session.operation_row(held.operation)?;
            let now = session.now()?;
            let (due, finished) = match settled {
                Settlement::Final => (NEVER, Some(now.0)),
                Settlement::RetryIn(wait) => (now.plus(wait).0, None),
            };
            // The process that settled it is known for a while, as one that works for the account.
            let owner = finished.and(row.lease_owner.clone());
            let status = i32::from(outcome.status);
            // An attempt that found nothing new adds no line.
            if row.state != outcome.state.as_str() || finished.is_some() {
                let code = outcome.cloud_words.as_ref().map(|words| words.code.as_str());
                session.audit_add(&row, outcome.state, Some(status), code)?;
            }
            diesel::update(operations::table.find(held.operation.to_bytes()))
                .set((
                    operations::state.eq(outcome.state.as_str()),
                    operations::due_at.eq(due),
                    operations::lease_owner.eq(owner),
                    operations::finished_at.eq(finished),
                    // An accepted operation has called no cloud, as far as a later attempt is concerned.
                    operations::sent_at.eq(if outcome.state == OperationState::Accepted {
                        None
                    } else {
                        row.sent_at
                    }),
                    operations::made.eq(&made),
                    operations::status.eq(status),
                    operations::answer.eq(&outcome.answer),
                    operations::cloud_words.eq(&words),
                    operations::sealed.eq(if finished.is_some() { "" } else { &row.sealed }),
                ))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

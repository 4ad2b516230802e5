//! The wait for the outcome of an operation.

use std::time::Duration;

use gateway_core::backoff::Backoff;
use gateway_core::driver::OneTimeOutput;
use gateway_core::id::OperationId;
use gateway_core::shares::{CallKey, Slot};
use gateway_store::Operation;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::admission::Admission;
use super::deadline::Deadline;
use super::outcome::Outcome;
use crate::app::{App, Error, Result};

/// First and longest wait between reads of an operation that runs elsewhere or is to be tried again. Longer costs fewer
/// statements; shorter answers sooner.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// An operation whose outcome is awaited.
pub(super) enum Pending {
    /// This process runs it.
    Running {
        id: OperationId,
        task: JoinHandle<Option<OneTimeOutput>>,
        /// The slot of the request; none for the report of an upload, whose number the fronts limit.
        slot: Option<Slot<CallKey>>,
    },
    /// An earlier delivery of the request began it, here or in another process.
    Known(Box<Operation>),
}

impl Pending {
    /// Starts the operation of an admitted request if it is new.
    pub(super) fn from(admission: Admission, app: &App) -> Self {
        match admission {
            Admission::New(operation, held, slot) => Self::Running {
                id: operation.id,
                task: app.operations.start(*operation, held),
                slot: Some(slot),
            },
            Admission::Known(operation) => Self::Known(operation),
        }
    }

    /// Returns the id of the operation.
    pub(super) fn id(&self) -> OperationId {
        match self {
            Self::Running { id, .. } => *id,
            Self::Known(operation) => operation.id,
        }
    }
}

/// Waits until the operation is over, and takes it over if its process died.
///
/// # Errors
/// `StillRunning` if it is not over in time, or if the account or its cloud has its share of requests that wait. The
/// operation goes on.
pub(super) async fn wait(app: &App, deadline: Deadline, pending: Pending) -> Result<Outcome> {
    let until = Instant::now() + deadline.left(app.clock.now());
    let (id, mut task, _slot) = match pending {
        Pending::Known(operation) if operation.is_over() => return Outcome::of(operation, None),
        Pending::Known(operation) => {
            let Operation { cloud, region, account, .. } = &*operation;
            let path = CallKey::for_account(*cloud, region.clone(), *account);
            let slot = app.shares.commands.try_take(&path);
            let slot = slot.ok_or(Error::StillRunning { operation: operation.id })?;
            (operation.id, None, Some(slot))
        }
        Pending::Running { id, task, slot } => (id, Some(task), slot),
    };
    let late = || Error::StillRunning { operation: id };
    let mut output = None;
    let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
    loop {
        match task.take() {
            Some(mut running) => {
                let ended = tokio::time::timeout_at(until, &mut running).await.map_err(|_| late())?;
                output = ended.ok().flatten().or(output);
            }
            None => tokio::time::sleep(backoff.next_wait()).await,
        }
        let operation = app.store.operation_get(id).await?.ok_or_else(late)?;
        if operation.is_over() {
            return Outcome::of(Box::new(operation), output);
        }
        if Instant::now() >= until {
            return Err(late());
        }
        // Our clock may be ahead of the database's, which then refuses the lease until its own time has come.
        if operation.due_at <= app.clock.now() {
            task = app.operations.take_over(id).await?;
        }
    }
}

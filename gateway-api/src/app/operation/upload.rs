//! Uploads: a front streams the content to the cloud, and the operation is settled by the front's report and by the state
//! of the resource.
//!
//! The reports of the front renew the lease. If the front dies, the operation is taken over like any other; since the
//! content is lost, the upload is not repeated: only its effect is looked for.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::driver::{Done, Forward, Forwarded, OneTimeOutput, Step};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Command;
use gateway_core::marker::Marker;
use gateway_core::{Timestamp, crash};
use gateway_store::{Operation, OperationLease, Settlement};
use serde_json::json;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::attempt::{Attempted, NotDone, Run, Sent, done_to_target};
use super::call_slot::UPLOAD_WAIT;
use super::record::READ_WAITS;
use super::upload_end::UploadEnd;
use super::{Operations, spec_of};

/// Reports that may be lost before an upload is given up. More outlasts longer faults of the bus; fewer notices sooner
/// that a front has died.
const LOST_REPORTS: u32 = 4;

impl Operations {
    /// Returns the time between two reports of a front.
    pub(crate) fn report_every(&self) -> Duration {
        self.times.lease
    }

    /// Asks the driver for the destination of the content and journals the upload as sent; none if it has failed instead.
    pub(crate) async fn begin_upload(
        &self,
        operation: &Operation,
        held: OperationLease,
    ) -> Result<Option<Forward>> {
        let scope = self.scope_of(operation).await?;
        let forward = async {
            let prepared = self.prepare(operation, &json!({}), scope.clone()).await?;
            let target =
                prepared.target.as_ref().ok_or_else(|| Error::internal("an upload has no target"))?;
            let _slot = self.call_slot(&scope, &prepared.opened.budget, UPLOAD_WAIT).await?;
            let forward = self.ask(&scope, prepared.opened.session.upload(&scope.region, target)).await?;
            self.store.operation_call_started(held, self.times.lease * LOST_REPORTS).await?;
            Ok::<_, Error>(forward)
        };
        match forward.await {
            Ok(forward) => {
                crash::point("upload.sent");
                Ok(Some(forward))
            }
            Err(error) => {
                if error.kind() == ErrorKind::Unauthorized {
                    self.forget_session(operation).await?;
                }
                let outcome = self.failed(operation, &scope, Vec::new(), &error).await?;
                self.settle(operation, held, outcome, Settlement::Final).await?;
                Ok(None)
            }
        }
    }

    /// Renews the lease of an upload whose front is still streaming.
    ///
    /// # Errors
    /// `LeaseLost` if the upload was given up.
    pub(crate) async fn continue_upload(&self, held: OperationLease) -> Result<()> {
        self.store.operation_call_continues(held, self.times.lease * LOST_REPORTS).await
    }

    /// Settles an upload by its end, even if no caller waits for it.
    pub(crate) fn end_upload(
        self: &Arc<Self>,
        operation: Operation,
        held: OperationLease,
        end: UploadEnd,
    ) -> JoinHandle<Option<OneTimeOutput>> {
        let this = Arc::clone(self);
        let span = tracing::error_span!("operation", operation = %operation.id);
        let work = async move {
            let work = this.conclude(&operation, held, end);
            this.under_lease(&operation, held, async { work.await.map(|()| None) }).await
        };
        self.tasks.spawn(work.instrument(span))
    }

    async fn conclude(&self, operation: &Operation, held: OperationLease, end: UploadEnd) -> Result<()> {
        let scope = self.scope_of(operation).await?;
        let prepared = self.prepare(operation, &json!({}), scope).await?;
        let (scope, opened) = (&prepared.scope, &prepared.opened);
        let run = Run { operation, held, spec: spec_of(operation)?, scope, opened };
        let step = Step {
            kind: operation.kind,
            verb: operation.verb,
            command: &Command::Plain,
            target: prepared.target.as_ref(),
            named: &prepared.named,
            marker: Marker { operation: operation.id, ordinal: 1 },
        };
        let attempted = match self.call_slot(scope, &opened.budget, self.slot_wait()).await {
            Ok(_slot) => {
                let attempted = self.result(&run, &step, end).await?;
                if matches!(attempted, Attempted::NotDone(_)) {
                    self.record(scope, opened, &done_to_target(&step).touched, false).await?;
                }
                attempted
            }
            // The state of the resource will show how the upload ended.
            Err(error) => Attempted::NotDone(self.without_slot(operation, true, error).await?),
        };
        match attempted {
            Attempted::Done(done) => self.succeed(operation, held, &prepared, done).await,
            Attempted::NotDone(not_done) => {
                let (outcome, settled) = self.not_done(operation, scope, Vec::new(), not_done).await?;
                self.settle(operation, held, outcome, settled).await
            }
        }
    }

    async fn result(&self, run: &Run<'_>, step: &Step<'_>, end: UploadEnd) -> Result<Attempted> {
        let now = self.store.now().await?;
        match end {
            UploadEnd::Answered { status: 200..300, .. } => {
                self.record_done(run, step, Done::default()).await
            }
            UploadEnd::Answered { endpoint, status, headers, body } => {
                let answer = Forwarded { endpoint, status, headers, body };
                let error = run.opened.session.upload_refused(&answer);
                let error = self.without_blame(run.operation, error).await?;
                if error.changed_nothing() {
                    return Ok(Attempted::NotDone(NotDone::Refused(error)));
                }
                Ok(match self.find_repeatedly(run, step, now).await? {
                    Attempted::NotDone(NotDone::BrokenOff(..)) => Attempted::NotDone(NotDone::Refused(error)),
                    Attempted::NotDone(NotDone::Unclear(_, wait)) => {
                        Attempted::NotDone(NotDone::Unclear(error, wait))
                    }
                    other => other,
                })
            }
            UploadEnd::Broken { by, why, whole } => {
                // A cloud never takes partial content for the whole: an empty resource stays empty, without a wait.
                let sent = if whole { now } else { now.minus(self.times.settle) };
                Ok(match self.find_repeatedly(run, step, sent).await? {
                    Attempted::NotDone(NotDone::BrokenOff(..)) => {
                        Attempted::NotDone(NotDone::BrokenOff(by, why))
                    }
                    other => other,
                })
            }
        }
    }

    /// Turns the refusal of a cloud's own token into a temporary error: it says nothing about the credential. The next
    /// upload gets another token.
    async fn without_blame(&self, operation: &Operation, error: Error) -> Result<Error> {
        if error.kind() != ErrorKind::Unauthorized {
            return Ok(error);
        }
        self.forget_session(operation).await?;
        let words = error.cloud().cloned().unwrap_or_default();
        let message = format!("the cloud refused its own token ({error}); send the content again");
        Ok(Error::unavailable(message).with_cloud(words).untouched())
    }

    /// Looks for the effect of an upload several times, because some clouds need a moment to notice the end of a stream.
    async fn find_repeatedly(&self, run: &Run<'_>, step: &Step<'_>, sent: Timestamp) -> Result<Attempted> {
        let sent = Sent { at: sent, attempts: 1 };
        for wait in READ_WAITS {
            match self.attempt(run, step, Some(sent)).await? {
                Attempted::NotDone(NotDone::Unclear(..)) => tokio::time::sleep(wait).await,
                ended => return Ok(ended),
            }
        }
        self.attempt(run, step, Some(sent)).await
    }
}

//! An attempt at one step of an operation: done, refused, or of unknown effect; and never done twice.

use std::time::{Duration, Instant};

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Repeat, Verb, VerbSpec};
use gateway_core::{Timestamp, crash, fence};
use gateway_sessions::OpenSession;
use gateway_store::{Operation, OperationLease};

use super::Operations;
use super::scope::AccountScope;
use crate::app::error::UploadParty;

/// Most attempts at one step. More outlasts longer faults of a cloud; each may create the resource again in vain.
const MOST_ATTEMPTS: i32 = 5;

/// Shortest and longest wait before an operation is looked at again.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The operation of a step, and the means to do it.
pub(super) struct Run<'a> {
    pub(super) operation: &'a Operation,
    pub(super) held: OperationLease,
    pub(super) spec: &'static VerbSpec,
    pub(super) scope: &'a AccountScope,
    pub(super) opened: &'a OpenSession,
}

/// The result of an attempt.
pub(super) enum Attempted {
    /// The step is done, and its result is stored.
    Done(Done),
    /// The step is not done, as far as is known.
    NotDone(NotDone),
}

/// A step that is not done.
pub(super) enum NotDone {
    /// The cloud or the gateway refused it for good.
    Refused(Error),
    /// The cloud asks for fewer calls and has done nothing; it is tried again after the wait.
    Later(Error, Duration),
    /// Its effect is not known yet; it is looked for again after the wait.
    Unclear(Error, Duration),
    /// Its effect will never be known.
    Lost(Error),
    /// The content of an upload broke off.
    BrokenOff(UploadParty, String),
}

impl NotDone {
    /// An upload whose front or handler ended in the middle: no one has the content any more.
    fn interrupted_upload() -> Self {
        let why = "the gateway was interrupted during the upload";
        Self::BrokenOff(UploadParty::Gateway, why.to_owned())
    }
}

/// The last call of a cloud for a step.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    /// The end of the call, as far as it is known.
    pub(super) at: Timestamp,
    pub(super) attempts: i32,
}

/// The effect of earlier attempts.
pub(super) enum Found {
    /// The step is done.
    Done(Done),
    /// Nothing was done.
    Nothing,
    /// The effect is not known yet.
    Unclear(Error),
    /// The effect cannot be known.
    Unknowable(Error),
    /// The step was done and has failed.
    Failed(Error),
}

impl Operations {
    /// Does one step, or finds that it was done. `sent` is the last call of an earlier process.
    pub(super) async fn attempt(
        &self,
        run: &Run<'_>,
        step: &Step<'_>,
        mut sent: Option<Sent>,
    ) -> Result<Attempted> {
        let mut unclear = None;
        loop {
            if let Some(sent) = sent {
                match self.find(run, step, sent).await? {
                    Found::Done(done) => return self.record_done(run, step, done).await,
                    Found::Nothing if sent.attempts >= MOST_ATTEMPTS => {
                        let error = unclear.unwrap_or_else(|| {
                            Error::unavailable("the cloud was asked several times and has not done it")
                        });
                        // A harmless step is repeated without a look, so that it may have been done.
                        return Ok(Attempted::NotDone(match run.spec.repeat {
                            Repeat::Harmless => NotDone::Lost(error),
                            _ => NotDone::Refused(error),
                        }));
                    }
                    Found::Nothing => {}
                    Found::Unclear(error) => {
                        let elapsed = self.store.now().await?.since(sent.at);
                        let error = unclear.unwrap_or(error);
                        return Ok(Attempted::NotDone(match self.is_in_time(run.operation).await? {
                            true => NotDone::Unclear(error, elapsed.clamp(SHORTEST_WAIT, LONGEST_WAIT)),
                            false => NotDone::Lost(error),
                        }));
                    }
                    Found::Unknowable(error) => {
                        return Ok(Attempted::NotDone(NotDone::Lost(unclear.unwrap_or(error))));
                    }
                    Found::Failed(error) => return Ok(Attempted::NotDone(NotDone::Refused(error))),
                }
            }
            if step.verb == Verb::Upload {
                return Ok(Attempted::NotDone(NotDone::interrupted_upload()));
            }
            let attempts = sent.map_or(0, |sent| sent.attempts) + 1;
            // An error of the journal is no answer of the cloud: nothing was sent, and the operation is taken up again.
            self.journal_call(run).await?;
            match self.call(run, step).await {
                // Another process holds the lease by now, and finds that nothing was done.
                Err(error) if error.kind() == ErrorKind::LeaseLost => return Err(error),
                Ok(done) => return self.record_done(run, step, done).await,
                Err(error) if step.verb == Verb::Delete && error.kind() == ErrorKind::NotFound => {
                    return self.record_done(run, step, done_to_target(step)).await;
                }
                Err(error)
                    if error.kind() == ErrorKind::RateLimited && self.is_in_time(run.operation).await? =>
                {
                    let wait = error.retry_after().unwrap_or(SHORTEST_WAIT * 4);
                    let wait = wait.clamp(SHORTEST_WAIT, LONGEST_WAIT);
                    return Ok(Attempted::NotDone(NotDone::Later(error, wait)));
                }
                Err(error) if error.changed_nothing() => {
                    return Ok(Attempted::NotDone(NotDone::Refused(error)));
                }
                Err(error) if error.changed_a_part() => {
                    self.record_done(run, step, done_to_target(step)).await?;
                    return Ok(Attempted::NotDone(NotDone::Refused(error)));
                }
                Err(error) => {
                    tracing::warn!(attempt = attempts, error = error.chain(), "effect of a call is unknown");
                    unclear = Some(error);
                    // The time after the call, which may have waited for long and left late.
                    let at = self.persist(|| self.store.operation_call_ended(run.held)).await?;
                    sent = Some(Sent { at, attempts });
                }
            }
        }
    }

    /// Writes to the journal that the cloud is called now, and extends the lease for the call.
    async fn journal_call(&self, run: &Run<'_>) -> Result<()> {
        crash::point("operation.accepted");
        let until = Instant::now() + self.times.lease;
        self.store.operation_call_started(run.held, self.times.lease).await?;
        fence::extend(until);
        crash::point("operation.sent");
        Ok(())
    }

    /// Asks the cloud to do a step. Call [`Self::journal_call`] first.
    async fn call(&self, run: &Run<'_>, step: &Step<'_>) -> Result<Done> {
        let done = self.ask(run.scope, run.opened.session.act(&run.scope.region, step)).await;
        crash::point("operation.acted");
        self.share_pause(run.operation.account, &run.opened.budget).await;
        done
    }

    /// Stores the result of a step that is done.
    pub(super) async fn record_done(
        &self,
        run: &Run<'_>,
        step: &Step<'_>,
        mut done: Done,
    ) -> Result<Attempted> {
        if done.touched.is_empty() {
            done.touched = done_to_target(step).touched;
        }
        let is_create = step.verb == Verb::Create;
        self.persist(|| self.record(run.scope, run.opened, &done.touched, is_create)).await?;
        crash::point("operation.shown");
        Ok(Attempted::Done(done))
    }

    /// Returns whether the effect of an operation is still looked for.
    pub(super) async fn is_in_time(&self, operation: &Operation) -> Result<bool> {
        Ok(self.store.now().await?.since(operation.accepted_at) < self.times.give_up)
    }
}

/// Returns the result of a step of which only the target is known.
pub(super) fn done_to_target(step: &Step<'_>) -> Done {
    let touched = step.target.map(|target| Touched::new(target.kind, target.native_key.clone()));
    Done { touched: touched.into_iter().collect(), ..Done::default() }
}

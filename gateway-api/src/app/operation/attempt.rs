//! One thing of an operation: done, refused, or not known; and never done twice.

use std::time::{Duration, Instant};

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::AccountId;
use gateway_core::kind::{Repeat, Verb, VerbSpec};
use gateway_core::{Timestamp, crash, fence};
use gateway_sessions::OpenSession;
use gateway_store::{Operation, OperationLease};

use super::{Operations, Place, upload};
use crate::app::error::UploadParty;

/// Times that a cloud is asked for one thing. More outlasts longer faults of a cloud; each asks for it anew.
const MOST: i32 = 5;

/// Shortest and longest wait until somebody looks again.
const SOON: Duration = Duration::from_millis(500);
pub(super) const LATE: Duration = Duration::from_secs(60);

/// What a thing is done with.
pub(super) struct Job<'a> {
    pub(super) operation: &'a Operation,
    pub(super) held: OperationLease,
    pub(super) spec: &'static VerbSpec,
    pub(super) place: &'a Place,
    pub(super) opened: &'a OpenSession,
}

/// How it ended.
pub(super) enum Ended {
    /// It is done, and shown.
    Done(Done),
    /// It is not, as far as anybody knows.
    Not(Not),
}

/// How something ended that is not done.
pub(super) enum Not {
    /// It will not be done.
    Refused(Error),
    /// Not now: the cloud asks for fewer calls, and has done nothing.
    Later(Error, Duration),
    /// Nobody knows yet.
    Unclear(Error, Duration),
    /// Nobody will ever know.
    Lost(Error),
    /// Content broke off on its way: on whose side, and why.
    BrokenOff(UploadParty, String),
}

/// The last time that a cloud was asked for it: when that ended, as far as it is known.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) at: Timestamp,
    pub(super) attempts: i32,
}

/// What a look found.
pub(super) enum Found {
    Did(Done),
    Not,
    NotYet(Error),
    Nothing(Error),
    /// It was done, and to no good end.
    Failed(Error),
}

impl Operations {
    /// Does one thing, or finds that it was done. `sent` is of those who tried before.
    pub(super) async fn attempt(
        &self,
        job: &Job<'_>,
        step: &Step<'_>,
        mut sent: Option<Sent>,
    ) -> Result<Ended> {
        let mut unclear = None;
        loop {
            if let Some(sent) = sent {
                match self.find(job, step, sent).await? {
                    Found::Did(done) => return self.shown(job, step, done).await,
                    Found::Not if sent.attempts >= MOST => {
                        let error = unclear.unwrap_or_else(|| {
                            Error::unavailable("the cloud was asked several times and has not done it")
                        });
                        // What may be done again was not looked for, and may have been done.
                        return Ok(Ended::Not(match job.spec.repeat {
                            Repeat::Harmless => Not::Lost(error),
                            _ => Not::Refused(error),
                        }));
                    }
                    Found::Not => {}
                    Found::NotYet(error) => {
                        let asked = self.store.now().await?.since(sent.at);
                        let error = unclear.unwrap_or(error);
                        return Ok(match self.has_patience(job.operation).await? {
                            true => Ended::Not(Not::Unclear(error, asked.clamp(SOON, LATE))),
                            false => Ended::Not(Not::Lost(error)),
                        });
                    }
                    Found::Nothing(error) => return Ok(Ended::Not(Not::Lost(unclear.unwrap_or(error)))),
                    Found::Failed(error) => return Ok(Ended::Not(Not::Refused(error))),
                }
            }
            if step.verb == Verb::Upload {
                return Ok(Ended::Not(upload::broken_off()));
            }
            let attempts = sent.map_or(0, |sent| sent.attempts) + 1;
            crash::point("operation.accepted");
            let until = Instant::now() + self.times.lease;
            self.store.operation_call_started(job.held, self.times.lease).await?;
            fence::extend(until);
            crash::point("operation.sent");
            let acted = job.opened.session.act(&job.place.region, step).await;
            crash::point("operation.acted");
            if let Some(pause) = job.opened.budget.take_unshared_pause() {
                self.pass_on(job.operation.account, pause).await;
            }
            match acted {
                // It is another's by now, who finds that nothing was done.
                Err(error) if error.kind() == ErrorKind::LeaseLost => return Err(error),
                Ok(done) => return self.shown(job, step, done).await,
                Err(error) if step.verb == Verb::Delete && error.kind() == ErrorKind::NotFound => {
                    return self.shown(job, step, of_target(step)).await;
                }
                Err(error)
                    if error.kind() == ErrorKind::RateLimited && self.has_patience(job.operation).await? =>
                {
                    let wait = error.retry_after().unwrap_or(SOON * 4).clamp(SOON, LATE);
                    return Ok(Ended::Not(Not::Later(error, wait)));
                }
                Err(error) if error.changed_nothing() => return Ok(Ended::Not(Not::Refused(error))),
                Err(error) if error.changed_a_part() => {
                    self.shown(job, step, of_target(step)).await?;
                    return Ok(Ended::Not(Not::Refused(error)));
                }
                Err(error) => {
                    tracing::info!(id = %job.operation.id, error = error.chain(), "nobody knows yet what a cloud did");
                    unclear = Some(error);
                    // From here on: it may have waited for long, for its turn or for the answer, and left late.
                    let at = self.insist(|| self.store.operation_call_ended(job.held)).await?;
                    sent = Some(Sent { at, attempts });
                }
            }
        }
    }

    /// Tells the other processes of a pause that the cloud asked for. That is no reason to forget what it did.
    async fn pass_on(&self, account: AccountId, pause: Duration) {
        let told = async {
            let until = self.store.now().await?.plus(pause);
            self.store.account_pause(account, until).await
        };
        if let Err(error) = told.await {
            tracing::warn!(%account, error = error.chain(), "other processes were not told of a pause");
        }
    }

    pub(super) async fn shown(&self, job: &Job<'_>, step: &Step<'_>, mut done: Done) -> Result<Ended> {
        if done.touched.is_empty() {
            done.touched = of_target(step).touched;
        }
        let is_made = step.verb == Verb::Create;
        self.insist(|| self.show(job.place, job.opened, &done.touched, is_made)).await?;
        crash::point("operation.shown");
        Ok(Ended::Done(done))
    }

    /// Whether it is still worth looking.
    pub(super) async fn has_patience(&self, operation: &Operation) -> Result<bool> {
        Ok(self.store.now().await?.since(operation.accepted_at) < self.times.give_up)
    }

    /// Looks for what an earlier try did.
    async fn find(&self, job: &Job<'_>, step: &Step<'_>, sent: Sent) -> Result<Found> {
        let unknown = || Error::unavailable("the cloud does not show yet whether it did it");
        // What was asked for a moment ago may still be on its way.
        let is_certain = self.store.now().await?.since(sent.at) >= self.times.settle;
        let not = || if is_certain { Found::Not } else { Found::NotYet(unknown()) };
        let session = &job.opened.session;
        Ok(match job.spec.repeat {
            Repeat::Harmless => Found::Not,
            Repeat::Never => Found::Nothing(Error::unavailable(
                "nobody can tell whether the cloud did it, and it is not done again",
            )),
            Repeat::Found => match session.find(&job.place.region, step).await {
                Ok(Some(found)) => {
                    let mut done = of_target(step);
                    done.touched.insert(0, found);
                    Found::Did(done)
                }
                Ok(None) => not(),
                Err(error) => Found::NotYet(error),
            },
            Repeat::ByState if step.verb == Verb::Upload => self.find_content(job, step, is_certain).await?,
            Repeat::ByState => {
                let target = step.target()?;
                match session.get(&job.place.region, step.kind, &target.native_key).await {
                    // The state tells; a lock, which bars the verb too, says nothing of it.
                    Ok(Some(seen)) if job.spec.when.takes(seen.state) => not(),
                    Ok(Some(_)) => Found::Did(of_target(step)),
                    Ok(None) => Found::Did(of_target(step)),
                    Err(error) => Found::NotYet(error),
                }
            }
        })
    }
}

/// What is known to be touched when nobody tells: the target.
pub(super) fn of_target(step: &Step<'_>) -> Done {
    let touched = step.target.map(|target| Touched::new(target.kind, target.native_key.clone()));
    Done { touched: touched.into_iter().collect(), ..Done::default() }
}

//! Uploads: the content goes by a front to the cloud, and the operation is settled by what the front tells and the
//! cloud shows.
//!
//! The front holds the lease, so to speak: as long as it reports, the lease is renewed. When it ends in the middle,
//! the operation is taken up like any other; as nobody has the content any more, it is looked at and not done again.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::access::keyring::Purpose;
use gateway_core::access::seal;
use gateway_core::driver::{Done, Forward, Forwarded, OneTimeOutput, Step};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::OperationId;
use gateway_core::kind::Command;
use gateway_core::marker::Marker;
use gateway_core::{Timestamp, crash};
use gateway_store::{Operation, OperationLease, Settlement};
use serde_json::json;
use tokio::task::JoinHandle;

use super::attempt::{Ended, Found, Job, Not, Sent, of_target};
use super::record::LOOKS;
use super::{Operations, Place};
use crate::app::error::UploadParty;
use crate::http::forwarding::End;

/// Reports that may get lost before an upload is taken for dead. More outlasts longer outages of the bus; fewer finds
/// sooner that a front has ended.
const REPORTS: u32 = 4;

impl Operations {
    /// How often the front has to say that it is still at it.
    pub(crate) fn report_every(&self) -> Duration {
        self.times.lease
    }

    /// Finds out where the content goes, and notes that it is on its way; none when the operation is over instead.
    pub(crate) async fn begin_upload(
        &self,
        operation: &Operation,
        held: OperationLease,
    ) -> Result<Option<Forward>> {
        let place = self.place_of(operation).await?;
        let found = async {
            let workplace = self.set_up(operation, &json!({}), place.clone()).await?;
            let target =
                workplace.target.as_ref().ok_or_else(|| Error::internal("an upload has no target"))?;
            let forward = workplace.opened.session.upload(&place.region, target).await?;
            self.store.operation_call_started(held, self.times.lease * REPORTS).await?;
            Ok(forward)
        };
        match found.await {
            Ok(forward) => {
                crash::point("upload.sent");
                Ok(Some(forward))
            }
            Err(error) => {
                let error: Error = error;
                if error.kind() == ErrorKind::Unauthorized {
                    self.forget(operation).await?;
                }
                let outcome = self.failed(operation, &place, Vec::new(), &error).await?;
                self.store.operation_settle(held, outcome, Settlement::Final).await?;
                Ok(None)
            }
        }
    }

    /// What proves that a report is of this upload and this lease.
    pub(crate) fn ticket(&self, held: OperationLease) -> Result<String> {
        let place = place_of_ticket(held.operation);
        let epoch = held.epoch.to_string();
        seal::seal(&self.keyring.get(), Purpose::Bus, self.clock.now(), &place, epoch.as_bytes())
    }

    /// The lease of which a report comes.
    ///
    /// # Errors
    /// Invalid, for a ticket of something else.
    pub(crate) fn held_by(&self, operation: OperationId, ticket: &str) -> Result<OperationLease> {
        let plain = seal::open(&self.keyring.get(), Purpose::Bus, &place_of_ticket(operation), ticket)?;
        let epoch = std::str::from_utf8(&plain).ok().and_then(|text| text.parse().ok());
        let epoch = epoch.ok_or_else(|| Error::internal("a ticket has no number"))?;
        Ok(OperationLease { operation, epoch })
    }

    /// The front is still at it.
    ///
    /// # Errors
    /// `LeaseLost` when the upload was taken for dead meanwhile.
    pub(crate) async fn upload_goes_on(&self, held: OperationLease) -> Result<()> {
        self.store.operation_call_continues(held, self.times.lease * REPORTS).await
    }

    /// Settles an upload by how it ended, even if nobody waits for that.
    pub(crate) fn end_upload(
        self: &Arc<Self>,
        operation: Operation,
        held: OperationLease,
        end: End,
    ) -> JoinHandle<Option<OneTimeOutput>> {
        let this = Arc::clone(self);
        self.tasks.spawn(async move {
            let work = this.conclude(&operation, held, end);
            this.holding(operation.id, held, async { work.await.map(|()| None) }).await
        })
    }

    async fn conclude(&self, operation: &Operation, held: OperationLease, end: End) -> Result<()> {
        let place = self.place_of(operation).await?;
        let workplace = self.set_up(operation, &json!({}), place).await?;
        let (place, opened) = (&workplace.place, &workplace.opened);
        let job = Job { operation, held, spec: super::spec_of(operation)?, place, opened };
        let step = Step {
            kind: operation.kind,
            verb: operation.verb,
            command: &Command::Plain,
            target: workplace.target.as_ref(),
            named: &workplace.named,
            marker: Marker { operation: operation.id, ordinal: 1 },
        };
        let now = self.store.now().await?;
        let ended = match end {
            End::Answered { status: 200..300, .. } => self.shown(&job, &step, Done::default()).await?,
            End::Answered { endpoint, status, headers, body } => {
                let answer = Forwarded { endpoint, status, headers, body };
                let error = self.refused(operation, opened.session.upload_refused(&answer)).await?;
                match error.changed_nothing() {
                    true => Ended::Not(Not::Refused(error)),
                    false => match self.look_for_a_while(&job, &step, now).await? {
                        Ended::Not(Not::BrokenOff(..)) => Ended::Not(Not::Refused(error)),
                        Ended::Not(Not::Unclear(_, wait)) => Ended::Not(Not::Unclear(error, wait)),
                        other => other,
                    },
                }
            }
            End::Broken { by, why, whole } => {
                // Half a content is never taken for the whole: what is empty now stays so.
                let sent = if whole { now } else { now.minus(self.times.settle) };
                match self.look_for_a_while(&job, &step, sent).await? {
                    Ended::Not(Not::BrokenOff(..)) => Ended::Not(Not::BrokenOff(by, why)),
                    other => other,
                }
            }
        };
        match ended {
            Ended::Done(done) => self.succeed(operation, held, &workplace, done).await,
            Ended::Not(not) => {
                self.show(place, opened, &of_target(&step).touched, false).await?;
                let (outcome, settled) = self.not_done(operation, place, Vec::new(), not).await?;
                self.store.operation_settle(held, outcome, settled).await
            }
        }
    }

    /// A refused token says nothing of the credential: the next upload gets another.
    async fn refused(&self, operation: &Operation, error: Error) -> Result<Error> {
        if error.kind() != ErrorKind::Unauthorized {
            return Ok(error);
        }
        self.forget(operation).await?;
        let words = error.cloud().cloned().unwrap_or_default();
        let message = format!("the cloud takes its own token no more: send the content again ({error})");
        Ok(Error::unavailable(message).with_cloud(words).untouched())
    }

    /// Some clouds need a moment to see that content broke off.
    async fn look_for_a_while(&self, job: &Job<'_>, step: &Step<'_>, sent: Timestamp) -> Result<Ended> {
        let sent = Sent { at: sent, attempts: 1 };
        for wait in LOOKS {
            match self.attempt(job, step, Some(sent)).await? {
                Ended::Not(Not::Unclear(..)) => tokio::time::sleep(wait).await,
                ended => return Ok(ended),
            }
        }
        self.attempt(job, step, Some(sent)).await
    }

    pub(super) async fn place_of(&self, operation: &Operation) -> Result<Place> {
        Place::load(&self.store, operation.cloud, operation.region.clone(), operation.account).await
    }

    /// What an image shows of an upload: it is empty, it is being filled, it has its content, or it is none any more.
    pub(super) async fn find_content(
        &self,
        job: &Job<'_>,
        step: &Step<'_>,
        is_certain: bool,
    ) -> Result<Found> {
        let target = step.target()?;
        let unknown = || Error::unavailable("the cloud does not show yet whether it has the content");
        Ok(match job.opened.session.get(&job.place.region, step.kind, &target.native_key).await {
            Ok(Some(mut seen)) => {
                seen.allow(job.opened.capability.verbs(step.kind));
                match seen.state {
                    _ if seen.actions.contains(&step.verb) && is_certain => Found::Not,
                    _ if seen.actions.contains(&step.verb) || seen.is_transitional() => {
                        Found::NotYet(unknown())
                    }
                    Some("available" | "deactivated") => Found::Did(of_target(step)),
                    _ => Found::Failed(Error::new(ErrorKind::Conflict, "the content has left it broken")),
                }
            }
            Ok(None) => Found::Failed(Error::new(ErrorKind::NotFound, "the image is gone")),
            Err(error) => Found::NotYet(error),
        })
    }
}

/// Nobody has the content any more.
pub(super) fn broken_off() -> Not {
    Not::BrokenOff(UploadParty::Gateway, "the gateway was interrupted while the content went by".to_owned())
}

fn place_of_ticket(id: OperationId) -> String {
    format!("upload|{id}")
}

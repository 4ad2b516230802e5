//! An operation from its lease to its answer.

use gateway_core::crash;
use gateway_core::driver::{Done, Known, OneTimeOutput, References, Step, Touched};
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::kind::Command;
use gateway_core::kind::Verb;
use gateway_core::marker::Marker;
use gateway_sessions::OpenSession;
use gateway_store::{CompletedStep, Operation, OperationLease, OperationOutcome as Outcome, Settlement};
use serde_json::{Value, json};

use super::attempt::{Ended, Job, LATE, Not, Sent};
use super::outcome::users;
use super::{Operations, Place, record, sense};

/// What an operation works with.
pub(super) struct Workplace {
    pub(super) place: Place,
    pub(super) opened: OpenSession,
    pub(super) target: Option<Known>,
    pub(super) named: References,
}

impl Workplace {
    /// What a step made or changed, as an operation keeps it.
    fn made(&self, ordinal: u32, touched: &Touched) -> CompletedStep {
        let id = self.opened.cloud.resource_id(&self.place.region, touched.kind, &touched.native_key);
        CompletedStep { ordinal, kind: touched.kind, native_key: touched.native_key.clone(), id }
    }
}

impl Operations {
    /// Does what is left to do of it, and writes down how it ended.
    pub(super) async fn carry_out(
        &self,
        operation: &Operation,
        held: OperationLease,
    ) -> Result<Option<OneTimeOutput>> {
        match self.go_on(operation, held).await {
            // Whoever came next would meet the same: it is told, instead of tried without end.
            Err(error) if error.status() == Status::Permanent && error.kind() != ErrorKind::LeaseLost => {
                let Some(now) = self.store.operation_get(operation.id).await? else { return Err(error) };
                let (outcome, settled) = match (now.sent_at, self.has_patience(operation).await?) {
                    (None, _) => (
                        self.outcomes.failed(operation, now.completed, &error, Vec::new())?,
                        Settlement::Final,
                    ),
                    (_, true) => (
                        self.outcomes.unknown(operation, now.completed, &error)?,
                        Settlement::RetryIn(LATE.min(self.times.give_up)),
                    ),
                    (_, false) => {
                        (self.outcomes.unknown(operation, now.completed, &error)?, Settlement::Final)
                    }
                };
                self.store.operation_settle(held, outcome, settled).await?;
                Ok(None)
            }
            ended => ended,
        }
    }

    async fn go_on(&self, operation: &Operation, held: OperationLease) -> Result<Option<OneTimeOutput>> {
        let order = self.unseal(operation)?;
        let spec = super::spec_of(operation)?;
        let place = self.place_of(operation).await?;
        let was_sent = operation.sent_at.is_some();
        let workplace = match self.set_up(operation, &order, place.clone()).await {
            Ok(workplace) => workplace,
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            // It was asked for, and a listing found it gone before anybody could tell.
            Err(error)
                if error.kind() == ErrorKind::NotFound && operation.verb == Verb::Delete && was_sent =>
            {
                self.store
                    .operation_settle(
                        held,
                        self.outcomes.succeeded(operation, record::answer(&[])?, Vec::new()),
                        Settlement::Final,
                    )
                    .await?;
                return Ok(None);
            }
            // Nothing was asked of a cloud, at least not by us.
            Err(error) if !was_sent => {
                let outcome = self.failed(operation, &place, operation.completed.clone(), &error).await?;
                self.store.operation_settle(held, outcome, Settlement::Final).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Workplace { place, opened, target, named } = &workplace;
        let job = Job { operation, held, spec, place, opened };
        let count = order.get("count").and_then(Value::as_u64).unwrap_or(1) as u32;
        let mut made = operation.completed.clone();
        let mut sent = operation.sent_at.map(|at| Sent { at, attempts: operation.attempts });
        let mut told = None;
        for ordinal in 1..=count {
            if made.iter().any(|one| one.ordinal == ordinal) {
                continue;
            }
            let single = Command::read(spec, one_of(&order, ordinal, count));
            let single =
                single.map_err(|faults| Error::internal(format!("an order became odd: {faults:?}")))?;
            let step = Step {
                kind: operation.kind,
                verb: operation.verb,
                command: &single,
                target: target.as_ref(),
                named,
                marker: Marker { operation: operation.id, ordinal },
            };
            let (outcome, settled) = match self.attempt(&job, &step, sent.take()).await? {
                Ended::Done(done) => {
                    told = done.answer.or(told);
                    made.extend(done.touched.first().map(|first| workplace.made(ordinal, first)));
                    if ordinal < count {
                        self.insist(|| self.store.operation_record_steps(held, made.clone())).await?;
                    }
                    continue;
                }
                Ended::Not(not) => self.not_done(operation, place, made, not).await?,
            };
            self.insist(|| self.store.operation_settle(held, outcome.clone(), settled)).await?;
            return Ok(None);
        }
        self.settle_done(operation, held, &workplace, made).await?;
        Ok(told)
    }

    /// Writes down that it is done.
    async fn settle_done(
        &self,
        operation: &Operation,
        held: OperationLease,
        workplace: &Workplace,
        made: Vec<CompletedStep>,
    ) -> Result<()> {
        let (place, cloud) = (&workplace.place, &workplace.opened.cloud.name);
        let documents = self.insist(|| self.documents(place, cloud, &made)).await?;
        let outcome = self.outcomes.succeeded(operation, record::answer(&documents)?, made);
        self.insist(|| self.store.operation_settle(held, outcome.clone(), Settlement::Final)).await?;
        crash::point("operation.settled");
        Ok(())
    }

    /// The same of what did one thing.
    pub(super) async fn succeed(
        &self,
        operation: &Operation,
        held: OperationLease,
        workplace: &Workplace,
        done: Done,
    ) -> Result<()> {
        let made = done.touched.first().map(|first| workplace.made(1, first));
        self.settle_done(operation, held, workplace, made.into_iter().collect()).await
    }

    /// How it is written down that something is not done, or not known to be.
    pub(super) async fn not_done(
        &self,
        operation: &Operation,
        place: &Place,
        made: Vec<CompletedStep>,
        not: Not,
    ) -> Result<(Outcome, Settlement)> {
        Ok(match not {
            Not::Refused(error) => {
                if error.kind() == ErrorKind::Unauthorized {
                    self.forget(operation).await?;
                }
                (self.failed(operation, place, made, &error).await?, Settlement::Final)
            }
            Not::Later(error, wait) => {
                (self.outcomes.later(operation, made, &error)?, Settlement::RetryIn(wait))
            }
            Not::Unclear(error, wait) => {
                (self.outcomes.unknown(operation, made, &error)?, Settlement::RetryIn(wait))
            }
            Not::Lost(error) => (self.outcomes.unknown(operation, made, &error)?, Settlement::Final),
            Not::BrokenOff(by, why) => (self.outcomes.broken(operation, by, &why)?, Settlement::Final),
        })
    }

    pub(super) async fn set_up(
        &self,
        operation: &Operation,
        order: &Value,
        place: Place,
    ) -> Result<Workplace> {
        let opened = self.open(operation.principal, operation.account, operation.cloud).await?;
        let target = match operation.resource {
            None => None,
            Some(id) => Some(self.target_of(&place, operation, id).await?),
        };
        let spec = super::spec_of(operation)?;
        let (named, faults) = sense::named(&self.store, &place, spec, order).await?;
        match faults.into_iter().next() {
            None => Ok(Workplace { place, opened, target, named }),
            Some(fault) => Err(Error::invalid(fault.detail).at(fault.pointer).untouched()),
        }
    }

    /// The resource that the operation is about. One that a poll found gone meanwhile is gone.
    async fn target_of(
        &self,
        place: &Place,
        operation: &Operation,
        id: gateway_core::id::ResourceId,
    ) -> Result<Known> {
        let known = place.known(&self.store, operation.kind, id).await?;
        known.ok_or_else(|| Error::new(ErrorKind::NotFound, "the resource is gone"))
    }

    /// A refused credential is not tried from memory again.
    pub(super) async fn forget(&self, operation: &Operation) -> Result<()> {
        let credential = self.store.credential_of(operation.principal, operation.account).await?;
        credential.into_iter().for_each(|credential| self.sessions.forget(credential.id));
        Ok(())
    }

    pub(super) async fn failed(
        &self,
        operation: &Operation,
        place: &Place,
        made: Vec<CompletedStep>,
        error: &Error,
    ) -> Result<Outcome> {
        let users = users(&self.store, place, operation, error).await?;
        self.outcomes.failed(operation, made, error, users)
    }
}

/// The order of one of several: they are told apart by a number in their names.
fn one_of(order: &Value, ordinal: u32, count: u32) -> Value {
    let mut order = order.clone();
    if count > 1
        && let Some(members) = order.as_object_mut()
    {
        members.insert("count".to_owned(), json!(1));
        if let Some(name) = members.get("name").and_then(Value::as_str) {
            let name = format!("{name}-{ordinal}");
            members.insert("name".to_owned(), name.into());
        }
    }
    order
}

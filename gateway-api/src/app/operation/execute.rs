//! Execution of an operation: its steps, and the settlement of its outcome.

use gateway_core::crash;
use gateway_core::driver::{Done, OneTimeOutput, Step};
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::kind::{Command, Verb};
use gateway_core::marker::Marker;
use gateway_store::{CompletedStep, Operation, OperationLease, OperationOutcome as Outcome, Settlement};
use serde_json::{Value, json};

use super::attempt::{Attempted, LONGEST_WAIT, NotDone, Run, Sent};
use super::outcome::users;
use super::prepare::Prepared;
use super::record::answer;
use super::scope::AccountScope;
use super::{Operations, spec_of};

impl Operations {
    /// Runs the remaining steps of an operation and settles it.
    pub(super) async fn execute(
        &self,
        operation: &Operation,
        held: OperationLease,
    ) -> Result<Option<OneTimeOutput>> {
        match self.run_steps(operation, held).await {
            // A permanent error would stop the next process too: it is the outcome.
            Err(error) if error.status() == Status::Permanent && error.kind() != ErrorKind::LeaseLost => {
                let Some(now) = self.store.operation_get(operation.id).await? else { return Err(error) };
                let (outcome, settled) = match (now.sent_at, self.is_in_time(operation).await?) {
                    (None, _) => {
                        (self.outcomes.failed(now.completed, &error, Vec::new())?, Settlement::Final)
                    }
                    (_, true) => (
                        self.outcomes.unknown(now.completed, &error)?,
                        Settlement::RetryIn(LONGEST_WAIT.min(self.times.give_up)),
                    ),
                    (_, false) => (self.outcomes.unknown(now.completed, &error)?, Settlement::Final),
                };
                self.settle(operation, held, outcome, settled).await?;
                Ok(None)
            }
            ended => ended,
        }
    }

    async fn run_steps(&self, operation: &Operation, held: OperationLease) -> Result<Option<OneTimeOutput>> {
        let body = self.unseal(operation)?;
        let spec = spec_of(operation)?;
        let scope = self.scope_of(operation).await?;
        let was_sent = operation.sent_at.is_some();
        let prepared = match self.prepare(operation, &body, scope.clone()).await {
            Ok(prepared) => prepared,
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            // The delete was sent, and a listing has removed the record before the outcome was settled.
            Err(error)
                if error.kind() == ErrorKind::NotFound && operation.verb == Verb::Delete && was_sent =>
            {
                let outcome = self.outcomes.succeeded(operation, answer(&[])?, Vec::new());
                self.settle(operation, held, outcome, Settlement::Final).await?;
                return Ok(None);
            }
            Err(error) if !was_sent => {
                let outcome = self.failed(operation, &scope, operation.completed.clone(), &error).await?;
                self.settle(operation, held, outcome, Settlement::Final).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Prepared { scope, opened, target, named } = &prepared;
        let run = Run { operation, held, spec, scope, opened };
        let count = body.get("count").and_then(Value::as_u64).unwrap_or(1) as u32;
        let mut made = operation.completed.clone();
        let mut sent = operation.sent_at.map(|at| Sent { at, attempts: operation.attempts });
        let mut output = None;
        for ordinal in 1..=count {
            if made.iter().any(|one| one.ordinal == ordinal) {
                continue;
            }
            let command = Command::read(spec, body_of_step(&body, ordinal, count)).map_err(|errors| {
                Error::internal(format!("an accepted command is not valid any more: {errors:?}"))
            })?;
            let step = Step {
                kind: operation.kind,
                verb: operation.verb,
                command: &command,
                target: target.as_ref(),
                named,
                marker: Marker { operation: operation.id, ordinal },
            };
            let sent = sent.take();
            // Only one step at a time holds a slot, so that many steps take turns with other operations.
            let attempted = match self.call_slot(scope, &opened.budget, self.slot_wait()).await {
                Ok(_slot) => self.attempt(&run, &step, sent).await?,
                Err(error) => Attempted::NotDone(self.without_slot(operation, sent.is_some(), error).await?),
            };
            let (outcome, settled) = match attempted {
                Attempted::Done(done) => {
                    output = done.answer.or(output);
                    made.extend(done.touched.first().map(|first| prepared.made(ordinal, first)));
                    if ordinal < count {
                        self.persist(|| self.store.operation_record_steps(held, made.clone())).await?;
                    }
                    continue;
                }
                Attempted::NotDone(not_done) => self.not_done(operation, scope, made, not_done).await?,
            };
            self.persist(|| self.settle(operation, held, outcome.clone(), settled)).await?;
            return Ok(None);
        }
        self.settle_done(operation, held, &prepared, made).await?;
        Ok(output)
    }

    /// Settles an operation of one step that is done.
    pub(super) async fn succeed(
        &self,
        operation: &Operation,
        held: OperationLease,
        prepared: &Prepared,
        done: Done,
    ) -> Result<()> {
        let made = done.touched.first().map(|first| prepared.made(1, first));
        self.settle_done(operation, held, prepared, made.into_iter().collect()).await
    }

    /// Settles an operation whose steps are all done.
    async fn settle_done(
        &self,
        operation: &Operation,
        held: OperationLease,
        prepared: &Prepared,
        made: Vec<CompletedStep>,
    ) -> Result<()> {
        let (scope, cloud) = (&prepared.scope, &prepared.opened.cloud.name);
        let documents = self.persist(|| self.documents(scope, cloud, &made)).await?;
        let outcome = self.outcomes.succeeded(operation, answer(&documents)?, made);
        self.persist(|| self.settle(operation, held, outcome.clone(), Settlement::Final)).await?;
        crash::point("operation.settled");
        Ok(())
    }

    /// Returns the outcome of an operation whose step is not done.
    pub(super) async fn not_done(
        &self,
        operation: &Operation,
        scope: &AccountScope,
        made: Vec<CompletedStep>,
        not_done: NotDone,
    ) -> Result<(Outcome, Settlement)> {
        let outcomes = self.outcomes;
        Ok(match not_done {
            NotDone::Refused(error) => {
                if error.kind() == ErrorKind::Unauthorized {
                    self.forget_session(operation).await?;
                }
                (self.failed(operation, scope, made, &error).await?, Settlement::Final)
            }
            NotDone::Later(error, wait) => (outcomes.later(made, &error)?, Settlement::RetryIn(wait)),
            NotDone::Unclear(error, wait) => (outcomes.unknown(made, &error)?, Settlement::RetryIn(wait)),
            NotDone::Lost(error) => (outcomes.unknown(made, &error)?, Settlement::Final),
            NotDone::BrokenOff(by, why) => (outcomes.broken(by, &why)?, Settlement::Final),
        })
    }

    /// Returns the outcome of an operation that was refused.
    pub(super) async fn failed(
        &self,
        operation: &Operation,
        scope: &AccountScope,
        made: Vec<CompletedStep>,
        error: &Error,
    ) -> Result<Outcome> {
        let users = users(&self.store, scope, operation, error).await?;
        self.outcomes.failed(made, error, users)
    }
}

/// Returns the body for one of several resources, whose name ends with its number.
fn body_of_step(body: &Value, ordinal: u32, count: u32) -> Value {
    let mut body = body.clone();
    if count > 1
        && let Some(members) = body.as_object_mut()
    {
        members.insert("count".to_owned(), json!(1));
        if let Some(name) = members.get("name").and_then(Value::as_str) {
            let name = format!("{name}-{ordinal}");
            members.insert("name".to_owned(), name.into());
        }
    }
    body
}

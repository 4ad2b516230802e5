//! An operation from its lease to its answer.

use gateway_core::crash;
use gateway_core::driver::{Step, Told};
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::marker::Marker;
use gateway_core::order::{Known, References};
use gateway_core::verb::{Verb, VerbSpec};
use gateway_poller::Opened;
use gateway_store::{Held, Made, Operation, OperationOutcome as Outcome, OperationState, Settled};
use serde_json::{Value, json};

use super::attempt::{Ended, Job, LATE, Sent};
use super::{Operations, Place, refusal, sense, show};

/// What an operation works with.
struct Workplace {
    place: Place,
    opened: Opened,
    target: Option<Known>,
    named: References,
}

impl Operations {
    /// Does what is left to do of it, and writes down how it ended.
    pub(super) async fn carry_out(&self, operation: &Operation, held: Held) -> Result<Option<Told>> {
        match self.go_on(operation, held).await {
            // Whoever came next would meet the same: it is told, instead of tried without end.
            Err(error) if error.status() == Status::Permanent && error.kind() != ErrorKind::LeaseLost => {
                let Some(now) = self.store.operation_get(operation.id).await? else { return Err(error) };
                let (outcome, settled) = match (now.sent_at, self.has_patience(operation).await?) {
                    (None, _) => (refusal::failed(operation, now.made, &error, Vec::new()), Settled::ForGood),
                    (_, true) => (
                        refusal::unknown(operation, now.made, &error),
                        Settled::In(LATE.min(self.times.give_up)),
                    ),
                    (_, false) => (refusal::unknown(operation, now.made, &error), Settled::ForGood),
                };
                self.store.operation_settle(held, outcome, settled).await?;
                Ok(None)
            }
            ended => ended,
        }
    }

    async fn go_on(&self, operation: &Operation, held: Held) -> Result<Option<Told>> {
        let order = self.unseal(operation)?;
        let spec = operation.kind.spec().verb(operation.verb);
        let spec = spec.ok_or_else(|| Error::internal("an operation has a verb that its kind has not"))?;
        let place =
            Place::load(&self.store, operation.cloud, operation.region.clone(), operation.account).await?;
        let was_sent = operation.sent_at.is_some();
        let workplace = match self.set_up(operation, spec, &order, place.clone()).await {
            Ok(workplace) => workplace,
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            // It was asked for, and a listing found it gone before anybody could tell.
            Err(error)
                if error.kind() == ErrorKind::NotFound && operation.verb == Verb::Delete && was_sent =>
            {
                self.store.operation_settle(held, gone()?, Settled::ForGood).await?;
                return Ok(None);
            }
            // Nothing was asked of a cloud, at least not by us.
            Err(error) if !was_sent => {
                let outcome = self.failed(operation, &place, operation.made.clone(), &error).await?;
                self.store.operation_settle(held, outcome, Settled::ForGood).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Workplace { place, opened, target, named } = &workplace;
        let job = Job { operation, held, spec, place, opened };
        let count = order.get("count").and_then(Value::as_u64).unwrap_or(1) as u32;
        let mut made = operation.made.clone();
        let mut sent = operation.sent_at.map(|at| Sent { at, attempts: operation.attempts });
        let mut told = None;
        for ordinal in 1..=count {
            if made.iter().any(|one| one.ordinal == ordinal) {
                continue;
            }
            let single = (spec.read)(one_of(&order, ordinal, count));
            let single =
                single.map_err(|faults| Error::internal(format!("an order became odd: {faults:?}")))?;
            let step = Step {
                kind: operation.kind,
                verb: operation.verb,
                order: &single,
                target: target.as_ref(),
                named,
                marker: Marker { operation: operation.id, ordinal },
            };
            let (outcome, settled) = match self.attempt(&job, &step, sent.take()).await? {
                Ended::Done(done) => {
                    told = done.answer.or(told);
                    made.extend(done.touched.first().map(|first| Made {
                        ordinal,
                        kind: first.kind,
                        native_key: first.native_key.clone(),
                        id: opened.cloud.resource_id(&place.region, first.kind, &first.native_key),
                    }));
                    if ordinal < count {
                        self.insist(|| self.store.operation_made(held, made.clone())).await?;
                    }
                    continue;
                }
                Ended::Refused(error) => {
                    if error.kind() == ErrorKind::Unauthorized {
                        self.forget(operation).await?;
                    }
                    (self.failed(operation, place, made, &error).await?, Settled::ForGood)
                }
                Ended::Unclear(error, wait) => (refusal::unknown(operation, made, &error), Settled::In(wait)),
                Ended::Lost(error) => (refusal::unknown(operation, made, &error), Settled::ForGood),
            };
            self.insist(|| self.store.operation_settle(held, outcome.clone(), settled)).await?;
            return Ok(None);
        }
        let documents = self.insist(|| self.documents(place, &opened.cloud.name, &made)).await?;
        let outcome = Outcome {
            state: OperationState::Succeeded,
            status: if operation.resource.is_none() { 201 } else { 200 },
            answer: show::answer(&documents)?,
            made,
            cloud_words: None,
        };
        self.insist(|| self.store.operation_settle(held, outcome.clone(), Settled::ForGood)).await?;
        crash::point("operation.settled");
        Ok(told)
    }

    async fn set_up(
        &self,
        operation: &Operation,
        spec: &VerbSpec,
        order: &Value,
        place: Place,
    ) -> Result<Workplace> {
        let opened = self.open(operation.principal, operation.account, operation.cloud).await?;
        let target = match operation.resource {
            None => None,
            Some(id) => Some(self.target_of(&place, operation, id).await?),
        };
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
    async fn forget(&self, operation: &Operation) -> Result<()> {
        let credential = self.store.credential_of(operation.principal, operation.account).await?;
        credential.into_iter().for_each(|credential| self.sessions.forget(credential.id));
        Ok(())
    }

    async fn failed(
        &self,
        operation: &Operation,
        place: &Place,
        made: Vec<Made>,
        error: &Error,
    ) -> Result<Outcome> {
        let users = match error.kind() {
            ErrorKind::Conflict => refusal::users(&self.store, place, operation).await?,
            _ => Vec::new(),
        };
        Ok(refusal::failed(operation, made, error, users))
    }
}

/// The outcome of a delete whose target is not there any more.
fn gone() -> Result<Outcome> {
    Ok(Outcome {
        state: OperationState::Succeeded,
        status: 200,
        answer: show::answer(&[])?,
        made: Vec::new(),
        cloud_words: None,
    })
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

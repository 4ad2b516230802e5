//! Doing steps as the gateway does them, looking at what they touched, and clearing up.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use gateway_core::document::observation::Observed;
use gateway_core::driver::{Capability, Done, Known, References, Session, Step, Touched};
use gateway_core::error::{Error, ErrorKind};
use gateway_core::id::OperationId;
use gateway_core::kind::{Command, FieldError, Verb};
use gateway_core::marker::Marker;
use gateway_core::{Kind, Result};
use serde_json::{Map, Value, json};

use super::fixtures::Fixtures;
use crate::report::{Report, Verdict, failed, skipped};
use crate::subject::Subject;

/// States in which something is as good as gone.
const GONE: [&str; 3] = ["terminated", "deleted", "detached"];

pub(super) struct Desk<'a> {
    pub(super) subject: &'a Subject,
    pub(super) session: &'a dyn Session,
    pub(super) fixtures: &'a Fixtures,
    /// What was made, oldest first.
    made: Mutex<Vec<Touched>>,
}

/// A step that can be done again.
pub(super) struct Task<'a> {
    pub(super) kind: Kind,
    pub(super) verb: Verb,
    command: Command,
    target: Option<&'a Known>,
    named: References,
    pub(super) marker: Marker,
}

impl Task<'_> {
    pub(super) fn step(&self) -> Step<'_> {
        Step {
            kind: self.kind,
            verb: self.verb,
            command: &self.command,
            target: self.target,
            named: &self.named,
            marker: self.marker,
        }
    }
}

/// A marker that nothing has.
pub(super) fn new_marker() -> Marker {
    Marker { operation: OperationId::generate(), ordinal: 1 }
}

impl<'a> Desk<'a> {
    pub(super) fn new(subject: &'a Subject, session: &'a dyn Session, fixtures: &'a Fixtures) -> Self {
        Self { subject, session, fixtures, made: Mutex::default() }
    }

    pub(super) fn capability(&self) -> &'static Capability {
        self.subject.driver.capability()
    }

    pub(super) fn can(&self, kind: Kind, verb: Verb) -> bool {
        self.capability().can(kind, verb).is_some()
    }

    /// A name of the suite's own.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.fixtures.prefix)
    }

    /// A step of an order as callers write it; `named` is what it names.
    pub(super) fn task<'t>(
        &self,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&'t Known>,
        named: &[&Known],
    ) -> Verdict<Task<'t>> {
        let (task, faults) = self.plan(kind, verb, command, target, named)?;
        if faults.is_empty() {
            Ok(task)
        } else {
            skipped(format!("this cloud has no place for it: {faults:?}"))
        }
    }

    /// A step with what the driver finds wrong with it.
    pub(super) fn plan<'t>(
        &self,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&'t Known>,
        named: &[&Known],
    ) -> Verdict<(Task<'t>, Vec<FieldError>)> {
        let Some(spec) = kind.spec().verb(verb) else { return failed(format!("{kind} has no {verb}")) };
        let command = match Command::read(spec, command) {
            Ok(command) => command,
            Err(faults) => return failed(format!("the suite's own order is wrong: {faults:?}")),
        };
        let named = named.iter().map(|known| (known.id, (*known).clone())).collect();
        let task = Task { kind, verb, command, target, named: References(named), marker: new_marker() };
        let faults = self.session.validate(&task.step());
        Ok((task, faults))
    }

    /// Does a step once; what it made is cleared up at the end.
    pub(super) async fn act(&self, task: &Task<'_>) -> Result<Done> {
        let done = self.session.act(&self.fixtures.region, &task.step()).await?;
        if matches!(task.verb, Verb::Create | Verb::CreateImage) {
            self.made().extend(done.touched.first().cloned());
        }
        Ok(done)
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<Touched>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the cloud shows, with what it allows: that is said by the gateway and not by the driver.
    pub(super) async fn get(&self, kind: Kind, key: &str) -> Result<Option<Observed>> {
        let mut found = self.session.get(&self.fixtures.region, kind, key).await?;
        if let Some(found) = &mut found {
            found.allow(self.capability().verbs(kind));
        }
        Ok(found)
    }

    /// Something that is there, as the store has it.
    pub(super) async fn known(&self, kind: Kind, key: &str) -> Verdict<Known> {
        match self.get(kind, key).await? {
            Some(observed) => Ok(self.know(&observed)),
            None => failed(format!("there is no {kind} {key:?}")),
        }
    }

    pub(super) fn know(&self, observed: &Observed) -> Known {
        let (kind, key) = (observed.kind, observed.native_key.clone());
        Known {
            id: self.subject.cloud.resource_id(&self.fixtures.region, kind, &key),
            kind,
            native_key: key,
            external_id: observed.external_id.clone(),
            name: observed.name.clone(),
            document: observed.document(),
        }
    }

    /// Something that the cloud does not have.
    pub(super) fn absent(&self, of: Kind) -> Known {
        let key = (self.subject.absent_key)(of);
        let mut document = Map::new();
        // Some clouds remove a rule from its group.
        if of == Kind::SecurityGroupRule {
            let group = self.absent(Kind::SecurityGroup);
            let reference = json!({ "id": group.id, "external_id": group.external_id });
            document.insert("security_group".to_owned(), reference);
        }
        Known {
            id: self.subject.cloud.resource_id(&self.fixtures.region, of, &key),
            kind: of,
            // Where a key has several parts, the cloud's own id is the last.
            external_id: key.rsplit('/').next().unwrap_or_default().to_owned(),
            name: key.clone(),
            native_key: key,
            document,
        }
    }

    /// Waits until something is as wanted.
    pub(super) async fn until(
        &self,
        what: &str,
        touched: &Touched,
        is_so: impl Fn(&Observed) -> bool,
    ) -> Verdict<Observed> {
        let mut last = "nothing".to_owned();
        for _ in 0..self.looks() {
            if let Some(observed) = self.get(touched.kind, &touched.native_key).await? {
                if is_so(&observed) {
                    return Ok(observed);
                }
                last = format!("{:?} {}", observed.state, Value::Object(observed.fields));
            }
            tokio::time::sleep(self.fixtures.pause).await;
        }
        failed(format!("{} {:?} never came to be {what}: {last}", touched.kind, touched.native_key))
    }

    /// Waits until something has come to rest.
    pub(super) async fn settled(&self, touched: &Touched) -> Verdict<Observed> {
        // An upload is no verb, so that such an image would be waited for in vain.
        let rests = self.fixtures.images_wait_to_be_filled && touched.kind == Kind::Image;
        self.until("at rest", touched, |observed| rests || !observed.is_transitional()).await
    }

    /// Waits until something is gone.
    pub(super) async fn gone(&self, touched: &Touched) -> Verdict {
        let mut last = String::new();
        for _ in 0..self.looks() {
            match self.get(touched.kind, &touched.native_key).await? {
                None => return Ok(()),
                Some(observed) if is_gone(&observed) => return Ok(()),
                Some(observed) => last = format!("{:?}", observed.state),
            }
            tokio::time::sleep(self.fixtures.pause).await;
        }
        failed(format!("{} {:?} never went: {last}", touched.kind, touched.native_key))
    }

    fn looks(&self) -> u128 {
        self.fixtures.patience.as_millis() / self.fixtures.pause.as_millis().max(1) + 1
    }

    /// Makes something that only helps.
    pub(super) async fn make(&self, kind: Kind, command: Value, named: &[&Known]) -> Verdict<Known> {
        let task = self.task(kind, Verb::Create, command, None, named)?;
        let done = self.act(&task).await?;
        let Some(touched) = done.touched.first() else { return failed("a create touched nothing") };
        Ok(self.know(&self.settled(touched).await?))
    }

    /// Removes something, and waits until it is gone.
    pub(super) async fn remove(&self, kind: Kind, key: &str) -> Verdict {
        let touched = Touched::new(kind, key);
        match self.get(kind, key).await? {
            None => return Ok(()),
            Some(observed) if is_gone(&observed) => return Ok(()),
            Some(_) => {}
        }
        let target = self.know(&self.settled(&touched).await?);
        let task = self.task(kind, Verb::Delete, Value::Null, Some(&target), &[])?;
        match self.act(&task).await {
            Ok(_) => self.gone(&touched).await,
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is left of all that was made, youngest first.
    pub(super) async fn clear(&self) -> Verdict {
        let mut left = Vec::new();
        loop {
            let Some(touched) = self.made().pop() else { break };
            if let Err(stop) = self.remove(touched.kind, &touched.native_key).await {
                left.push(format!("{} {}: {stop:?}", touched.kind, touched.native_key));
            }
        }
        if left.is_empty() { Ok(()) } else { failed(left.join("; ")) }
    }

    /// Notes how a check ended; what it brought when it passed.
    pub(super) fn note<T>(
        &self,
        report: &mut Report,
        kind: Kind,
        what: &str,
        verdict: Verdict<T>,
    ) -> Option<T> {
        let name = format!("{} {kind}: {what}", self.fixtures.region);
        let (verdict, brought) = match verdict {
            Ok(brought) => (Ok(()), Some(brought)),
            Err(stop) => (Err(stop), None),
        };
        report.add(name, verdict);
        brought
    }
}

fn is_gone(observed: &Observed) -> bool {
    observed.state.is_some_and(|state| GONE.contains(&state))
}

/// A refusal must say that nothing was done, and what the cloud said; or where the order is at fault, when a driver that
/// looked before it asked refuses by itself.
pub(super) fn is_refusal(error: &Error) -> Verdict {
    let said = error.cloud().is_some_and(|words| !words.code.is_empty()) || error.pointer().is_some();
    match (error.changed_nothing(), said) {
        (true, true) => Ok(()),
        (false, _) => failed(format!("a refusal must say that nothing was done: {error:?}")),
        (true, false) => failed(format!("the cloud's own words are lost: {error:?}")),
    }
}

impl fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

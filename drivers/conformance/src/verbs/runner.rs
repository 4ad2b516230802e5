//! The runner: executes steps as the gateway does, watches their effects, and deletes what they created.

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

/// States that count as absent.
const ABSENT_STATES: [&str; 3] = ["terminated", "deleted", "detached"];

/// Session and fixtures of a run, and the resources that it created.
pub(super) struct Runner<'a> {
    pub(super) subject: &'a Subject,
    pub(super) session: &'a dyn Session,
    pub(super) fixtures: &'a Fixtures,
    /// Created resources, oldest first.
    created: Mutex<Vec<Touched>>,
}

/// A step that can be repeated.
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

/// Returns a marker that no resource has.
pub(super) fn new_marker() -> Marker {
    Marker { operation: OperationId::generate(), ordinal: 1 }
}

impl<'a> Runner<'a> {
    pub(super) fn new(subject: &'a Subject, session: &'a dyn Session, fixtures: &'a Fixtures) -> Self {
        Self { subject, session, fixtures, created: Mutex::default() }
    }

    pub(super) fn capability(&self) -> &'static Capability {
        self.subject.driver.capability()
    }

    pub(super) fn can(&self, kind: Kind, verb: Verb) -> bool {
        self.capability().can(kind, verb).is_some()
    }

    /// Returns a name with the prefix of the run.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.fixtures.prefix)
    }

    /// Makes a step of a command in its JSON form; `named` are the resources that it names. Skips if the driver rejects it.
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
            skipped(format!("this cloud does not support it: {faults:?}"))
        }
    }

    /// Makes a step, with the errors that the driver finds in it.
    pub(super) fn plan<'t>(
        &self,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&'t Known>,
        named: &[&Known],
    ) -> Verdict<(Task<'t>, Vec<FieldError>)> {
        let Some(spec) = kind.spec().verb(verb) else { return failed(format!("{kind} has no verb {verb}")) };
        let command = match Command::read(spec, command) {
            Ok(command) => command,
            Err(faults) => return failed(format!("the command of the suite is invalid: {faults:?}")),
        };
        let named = named.iter().map(|known| (known.id, (*known).clone())).collect();
        let task = Task { kind, verb, command, target, named: References(named), marker: new_marker() };
        let faults = self.session.validate(&task.step());
        Ok((task, faults))
    }

    /// Executes a step once; a resource that it creates is deleted at the end of the run.
    pub(super) async fn act(&self, task: &Task<'_>) -> Result<Done> {
        let done = self.session.act(&self.fixtures.region, &task.step()).await?;
        if matches!(task.verb, Verb::Create | Verb::CreateImage) {
            self.created().extend(done.touched.first().cloned());
        }
        Ok(done)
    }

    fn created(&self) -> std::sync::MutexGuard<'_, Vec<Touched>> {
        self.created.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a resource, with the actions that its state allows, which the gateway adds.
    pub(super) async fn get(&self, kind: Kind, key: &str) -> Result<Option<Observed>> {
        let mut found = self.session.get(&self.fixtures.region, kind, key).await?;
        if let Some(found) = &mut found {
            found.allow(self.capability().verbs(kind));
        }
        Ok(found)
    }

    /// Reads a resource that must exist, in the form of the store.
    pub(super) async fn known(&self, kind: Kind, key: &str) -> Verdict<Known> {
        match self.get(kind, key).await? {
            Some(observed) => Ok(self.to_known(&observed)),
            None => failed(format!("{kind} `{key}` does not exist")),
        }
    }

    pub(super) fn to_known(&self, observed: &Observed) -> Known {
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

    /// Returns a resource that does not exist in the cloud.
    pub(super) fn absent(&self, of: Kind) -> Known {
        let key = (self.subject.absent_key)(of);
        let mut document = Map::new();
        // Some clouds delete a rule through its group.
        if of == Kind::SecurityGroupRule {
            let group = self.absent(Kind::SecurityGroup);
            let reference = json!({ "id": group.id, "external_id": group.external_id });
            document.insert("security_group".to_owned(), reference);
        }
        Known {
            id: self.subject.cloud.resource_id(&self.fixtures.region, of, &key),
            kind: of,
            // The external id is the last part of a key with several parts.
            external_id: key.rsplit('/').next().unwrap_or_default().to_owned(),
            name: key.clone(),
            native_key: key,
            document,
        }
    }

    /// Waits until a resource meets a condition.
    pub(super) async fn until(
        &self,
        what: &str,
        touched: &Touched,
        condition: impl Fn(&Observed) -> bool,
    ) -> Verdict<Observed> {
        let mut last = "nothing".to_owned();
        for _ in 0..self.attempts() {
            if let Some(observed) = self.get(touched.kind, &touched.native_key).await? {
                if condition(&observed) {
                    return Ok(observed);
                }
                last = format!("{:?} {}", observed.state, Value::Object(observed.fields));
            }
            tokio::time::sleep(self.fixtures.poll_interval).await;
        }
        failed(format!("{} `{}` did not reach {what}: {last}", touched.kind, touched.native_key))
    }

    /// Waits until a resource is in no transitional state.
    pub(super) async fn at_rest(&self, touched: &Touched) -> Verdict<Observed> {
        // The suite uploads no content, so such an image stays queued.
        let is_stable = self.fixtures.images_need_content && touched.kind == Kind::Image;
        self.until("a stable state", touched, |observed| is_stable || !observed.is_transitional()).await
    }

    /// Waits until a resource is absent.
    pub(super) async fn until_absent(&self, touched: &Touched) -> Verdict {
        let mut last = String::new();
        for _ in 0..self.attempts() {
            match self.get(touched.kind, &touched.native_key).await? {
                None => return Ok(()),
                Some(observed) if is_absent(&observed) => return Ok(()),
                Some(observed) => last = format!("{:?}", observed.state),
            }
            tokio::time::sleep(self.fixtures.poll_interval).await;
        }
        failed(format!("{} `{}` still exists: {last}", touched.kind, touched.native_key))
    }

    fn attempts(&self) -> u128 {
        self.fixtures.timeout.as_millis() / self.fixtures.poll_interval.as_millis().max(1) + 1
    }

    /// Creates a resource that another check needs.
    pub(super) async fn create(&self, kind: Kind, command: Value, named: &[&Known]) -> Verdict<Known> {
        let task = self.task(kind, Verb::Create, command, None, named)?;
        let done = self.act(&task).await?;
        let Some(touched) = done.touched.first() else { return failed("create touched no resource") };
        Ok(self.to_known(&self.at_rest(touched).await?))
    }

    /// Deletes a resource and waits until it is absent.
    pub(super) async fn delete(&self, kind: Kind, key: &str) -> Verdict {
        let touched = Touched::new(kind, key);
        match self.get(kind, key).await? {
            None => return Ok(()),
            Some(observed) if is_absent(&observed) => return Ok(()),
            Some(_) => {}
        }
        let target = self.to_known(&self.at_rest(&touched).await?);
        let task = self.task(kind, Verb::Delete, Value::Null, Some(&target), &[])?;
        match self.act(&task).await {
            Ok(_) => self.until_absent(&touched).await,
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the resources that the run created and that still exist, newest first.
    pub(super) async fn delete_all(&self) -> Verdict {
        let mut left = Vec::new();
        loop {
            let Some(touched) = self.created().pop() else { break };
            if let Err(stop) = self.delete(touched.kind, &touched.native_key).await {
                left.push(format!("{} {}: {stop:?}", touched.kind, touched.native_key));
            }
        }
        if left.is_empty() { Ok(()) } else { failed(left.join("; ")) }
    }

    /// Records the result of a check; returns its value if it passed.
    pub(super) fn record<T>(
        &self,
        report: &mut Report,
        kind: Kind,
        what: &str,
        verdict: Verdict<T>,
    ) -> Option<T> {
        let name = format!("{} {kind}: {what}", self.fixtures.region);
        let (verdict, value) = match verdict {
            Ok(value) => (Ok(()), Some(value)),
            Err(stop) => (Err(stop), None),
        };
        report.add(name, verdict);
        value
    }
}

fn is_absent(observed: &Observed) -> bool {
    observed.state.is_some_and(|state| ABSENT_STATES.contains(&state))
}

/// Checks that an error is a refusal: it says that nothing was changed, and has the error code of the cloud, or the
/// pointer of the field if the driver itself refused.
pub(super) fn is_refusal(error: &Error) -> Verdict {
    let has_detail =
        error.cloud().is_some_and(|cloud_error| !cloud_error.code.is_empty()) || error.pointer().is_some();
    match (error.changed_nothing(), has_detail) {
        (true, true) => Ok(()),
        (false, _) => failed(format!("a refusal must say that nothing was changed: {error:?}")),
        (true, false) => failed(format!("the error has no code of the cloud: {error:?}")),
    }
}

impl fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}

//! Steps of an operation: a command with the resources that it needs, and its result.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::id::ResourceId;
use crate::kind::{Command, Documents, FieldError, Kind, Verb};
use crate::marker::Marker;
use crate::secret::Secret;

/// A resource that a command names or acts on, as the store has it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The gateway's id.
    pub id: ResourceId,
    /// Its kind.
    pub kind: Kind,
    /// The key that makes it unique within cloud, region and kind.
    pub native_key: String,
    /// The cloud's own id.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Its canonical document.
    pub document: Map<String, Value>,
}

/// The resources behind the ids that a command names.
#[derive(Clone, Debug, Default)]
pub struct References(pub BTreeMap<ResourceId, Known>);

impl References {
    /// Returns a named resource. The gateway looks up every id before it calls a driver, so that only a defect
    /// leads to an error.
    ///
    /// # Errors
    /// Internal, for an id that was not looked up.
    pub fn get(&self, id: ResourceId) -> Result<&Known> {
        self.0.get(&id).ok_or_else(|| Error::internal("a command names a resource that was not looked up"))
    }

    /// Checks a command against the documents of its target and of the resources that it names.
    pub fn check(&self, command: &Command, target: Option<&Known>) -> Vec<FieldError> {
        let named = |id: ResourceId| self.0.get(&id).map(|known| &known.document);
        command.errors_against(&Documents::new(target.map(|target| &target.document), &named))
    }
}

/// A command for a cloud.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The kind that it acts on or makes.
    pub kind: Kind,
    /// The verb.
    pub verb: Verb,
    /// The typed body of the verb.
    pub command: &'a Command,
    /// The resource that it acts on; none for a verb that makes one.
    pub target: Option<&'a Known>,
    /// The resources that the command names.
    pub named: &'a References,
    /// The marker that is left on a resource that the step makes.
    pub marker: Marker,
}

impl<'a> Step<'a> {
    /// Returns the error of a driver that does not have the verb.
    pub fn unsupported(&self) -> Error {
        let message = format!("this type of cloud cannot {} a {}", self.verb, self.kind);
        Error::new(ErrorKind::Unsupported, message).untouched()
    }

    /// Returns the resource that the step acts on.
    ///
    /// # Errors
    /// Internal, for a step that makes one: a defect of the caller.
    pub fn target(&self) -> Result<&'a Known> {
        self.target.ok_or_else(|| Error::internal(format!("{} of a {} needs a target", self.verb, self.kind)))
    }
}

/// A resource that a step made, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its kind.
    pub kind: Kind,
    /// Its native key.
    pub native_key: String,
}

impl Touched {
    /// Names the resource by its key.
    pub fn new(kind: Kind, native_key: impl Into<String>) -> Self {
        Self { kind, native_key: native_key.into() }
    }
}

/// The result of a step.
#[derive(Debug, Default)]
pub struct Done {
    /// The touched resources: first the one that was made, or else the target; then those that changed with it.
    pub touched: Vec<Touched>,
    /// The secret that the cloud returned once.
    pub answer: Option<OneTimeOutput>,
    /// The cloud's own id of the request.
    pub request_id: Option<String>,
}

/// Output that a cloud returns only in its answer to a command.
#[derive(Clone, Debug)]
pub enum OneTimeOutput {
    /// The private half of a key pair.
    PrivateKey(Secret),
    /// The output on an instance's console.
    ConsoleOutput(String),
}

//! The description of one kind: the data that generic code uses.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body::Schemas;
use super::column::Column;
use super::name::Kind;
use super::relation::Relation;
use super::state::StateSpec;
use super::verb::{Verb, VerbSpec};

/// The description of one kind, for generic code.
pub struct KindSpec {
    /// The kind itself.
    pub kind: Kind,
    /// The collection's name in paths.
    pub plural: &'static str,
    /// A sentence for the API document.
    pub summary: &'static str,
    /// The transition table; empty for a kind without a life cycle.
    pub states: &'static [StateSpec],
    /// The references in its documents. Each is also a filter, by the gateway's id.
    pub relations: &'static [Relation],
    /// The kind's own fields that are filters, besides its relations.
    pub filters: &'static [&'static str],
    /// The columns of its tables, besides those of every kind.
    pub columns: &'static [Column],
    /// The verbs. A cloud may support fewer.
    pub verbs: &'static [VerbSpec],
    /// The schema of the kind's own fields and then the schemas that it names, for the API document.
    pub schema: fn() -> Schemas,
    /// Checks that a map holds all of the kind's own fields and no others. The error names the difference.
    pub check: fn(&Map<String, Value>) -> Result<(), String>,
}

impl KindSpec {
    /// Returns the state of that name.
    pub fn state(&self, name: &str) -> Option<&'static StateSpec> {
        self.states.iter().find(|state| state.name == name)
    }

    /// Returns the description of a verb, if the kind has it.
    pub fn verb(&self, verb: Verb) -> Option<&'static VerbSpec> {
        self.verbs.iter().find(|spec| spec.verb == verb)
    }

    /// Returns the verbs that a resource's document allows now. Its cloud may support fewer.
    pub fn allowed(&self, document: &Map<String, Value>) -> impl Iterator<Item = Verb> {
        let state = document.get("state").and_then(Value::as_str);
        let on_existing = self.verbs.iter().filter(|spec| spec.verb != Verb::Create);
        on_existing.filter(move |spec| spec.allows(state, document)).map(|spec| spec.verb)
    }
}

impl fmt::Debug for KindSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KindSpec({})", self.kind)
    }
}

/// A kind's own fields: the struct in its file.
pub trait Canonical: Serialize + DeserializeOwned {
    /// The kind that the fields belong to.
    const KIND: Kind;
}

/// Implements [`KindSpec::check`]: fields that are read and written again stay the same.
pub(super) fn check_fields<T: Canonical>(fields: &Map<String, Value>) -> Result<(), String> {
    let fields = Value::Object(fields.clone());
    let read: T = serde_json::from_value(fields.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == fields { Ok(()) } else { Err(format!("read back as {written}, was {fields}")) }
}

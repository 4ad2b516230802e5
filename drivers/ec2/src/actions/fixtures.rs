//! Fixtures: a create with the resources that its command names.

use std::collections::BTreeMap;

use gateway_core::driver::{Known, References, Step};
use gateway_core::id::{CloudId, OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The marker of every create, as text.
pub(crate) const MARKER: &str = "gw-00000000000000000000000000000000-1";

/// A create that has not been executed.
pub(crate) struct Create {
    kind: Kind,
    pub(crate) command: Command,
    named: References,
    marker: Marker,
}

/// Returns the gateway's id of a resource.
pub(crate) fn id(kind: Kind, key: &str) -> ResourceId {
    ResourceId::derive(CloudId(Uuid::nil()), &Region::new("r1"), kind, key)
}

impl Create {
    /// Reads a command that names these resources.
    pub(crate) fn new(kind: Kind, command: Value, names: &[(Kind, &str)]) -> Self {
        let known = |(kind, key): &(Kind, &str)| Known {
            id: id(*kind, key),
            kind: *kind,
            native_key: (*key).to_owned(),
            external_id: (*key).to_owned(),
            name: format!("{key}'s name"),
            document: Map::new(),
        };
        let named: BTreeMap<_, _> = names.iter().map(known).map(|known| (known.id, known)).collect();
        let command = Command::read(kind.spec().verb(Verb::Create).unwrap(), command).unwrap();
        let marker = Marker { operation: OperationId(Uuid::nil()), ordinal: 1 };
        Self { kind, command, named: References(named), marker }
    }

    /// Returns the step.
    pub(crate) fn step(&self) -> Step<'_> {
        Step {
            kind: self.kind,
            verb: Verb::Create,
            command: &self.command,
            target: None,
            named: &self.named,
            marker: self.marker,
        }
    }

    /// Returns the pointers of the field errors.
    pub(crate) fn error_pointers(&self) -> Vec<String> {
        super::validate(&self.step()).into_iter().map(|error| error.pointer).collect()
    }
}

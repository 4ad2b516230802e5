//! Fixtures of the tests of commands: known resources, and steps.

use gateway_core::driver::{Known, References, Step};
use gateway_core::error::Result;
use gateway_core::id::{OperationId, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use serde_json::{Map, Value};

use crate::fixtures::marker;

/// Returns resources by kind and the cloud's id, and their ids in the same order.
pub(super) fn named<const N: usize>(of: [(&str, &str); N]) -> (References, [ResourceId; N]) {
    let ids = of.map(|_| ResourceId::from_bytes(OperationId::generate().to_bytes().as_slice()).unwrap());
    let known = ids.iter().zip(of).map(|(id, (kind, external_id))| {
        let known = Known {
            id: *id,
            kind: Kind::parse(kind).unwrap(),
            native_key: external_id.to_owned(),
            external_id: external_id.to_owned(),
            name: String::new(),
            document: Map::new(),
        };
        (*id, known)
    });
    (References(known.collect()), ids)
}

/// Returns what `body` makes of a step without target.
pub(super) fn step(
    kind: Kind,
    verb: Verb,
    command: &Command,
    named: &References,
    body: impl FnOnce(&Step<'_>) -> Result<Value>,
) -> Result<Value> {
    body(&Step { kind, verb, command, target: None, named, marker: marker() })
}

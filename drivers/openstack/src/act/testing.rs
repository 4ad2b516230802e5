//! What the tests of orders are made with.

use gateway_core::driver::{Known, References, Step};
use gateway_core::error::Result;
use gateway_core::id::{OperationId, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value};

/// Resources by kind and the cloud's id, and their ids in the same order.
pub(crate) fn named<const N: usize>(of: [(&str, &str); N]) -> (References, [ResourceId; N]) {
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

/// The marker of every step here.
pub(crate) fn marker() -> Marker {
    Marker { operation: OperationId::from_bytes(&[7; 16]).unwrap(), ordinal: 1 }
}

/// What is said of a step without target.
pub(crate) fn step(
    kind: Kind,
    verb: Verb,
    command: &Command,
    named: &References,
    say: impl FnOnce(&Step<'_>) -> Result<Value>,
) -> Result<Value> {
    say(&Step { kind, verb, command, target: None, named, marker: marker() })
}

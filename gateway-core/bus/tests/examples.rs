//! The examples of the AsyncAPI document, compared with the messages of this crate.

// Test helpers may fail tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use gateway_bus::{Envelope, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn examples() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder().join("examples")).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// Reads an example and checks that writing gives the same document.
fn round_trip<T: DeserializeOwned + Serialize>(file: &str) -> T {
    let text = std::fs::read_to_string(folder().join("examples").join(file)).unwrap();
    let message: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let again = serde_json::to_value(&message).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(&text).unwrap(), "{file}");
    message
}

#[test]
fn examples_of_requests_and_replies_round_trip() {
    let (mut requests, mut replies) = (0, 0);
    for file in examples() {
        if file.starts_with("request-") {
            let envelope: Envelope = round_trip(&file);
            assert_eq!(envelope.v, gateway_bus::envelope::VERSION);
            assert!(envelope.deadline > envelope.received_at);
            requests += 1;
        } else if file.starts_with("reply-") {
            let reply: Reply = round_trip(&file);
            assert!(reply.body.to_bytes().is_some());
            replies += 1;
        }
    }
    assert_eq!((requests, replies), (3, 2));
}

#[test]
fn example_of_an_event_has_a_type_of_the_gateway() {
    let event: Value = round_trip("event-state-changed.json");
    assert_eq!(
        event["type"],
        gateway_core::document::event::resource_type(gateway_core::document::event::Change::StateChanged)
    );
    let document = std::fs::read_to_string(folder().join("asyncapi.yaml")).unwrap();
    assert!(document.contains(gateway_core::document::event::GRANT_CHANGED));
    assert!(document.contains(gateway_core::document::event::EXCHANGE));
}

#[test]
fn document_names_exactly_the_examples() {
    let document = std::fs::read_to_string(folder().join("asyncapi.yaml")).unwrap();
    let shown: BTreeSet<String> = document
        .split("$ref: examples/")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap().to_owned())
        .collect();
    assert_eq!(shown, examples());
}

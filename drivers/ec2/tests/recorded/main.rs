//! Answers of EC2 that others recorded, played to the driver: every record is seen, and nothing of it is lost.
//!
//! The answers are fetched from their project's package. Without network set `GATEWAY_TEST_OFFLINE=1`.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod cloud;
mod fields;
mod plays;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use driver_conformance::recorded;
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Driver as _;
use serde_json::Value;

use crate::cloud::RecordedCloud;
use crate::fields::FIELDS;
use crate::plays::{LEFT_OUT, PLAYS, Play, UNRECORDED};
use crate::xml::Node;

#[tokio::test]
async fn recorded_answers_are_read_without_loss() {
    let documents = recorded::documents(env!("CARGO_TARGET_TMPDIR"), "ec2").unwrap();
    let Some(documents) = documents else {
        println!("skipped: there is no network, and the recorded documents are not here");
        return;
    };
    check_that_each_is_named(&documents);
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for play in PLAYS {
        let text = &documents[play.document];
        let seen = RecordedCloud::start(play, text).await.list(play.kind).await;
        let records = (play.records)(&Node::parse(text));
        println!("{} of {}: {} records", play.kind, play.document, seen.len());
        assert!(!records.is_empty(), "{}: nothing is recorded there", play.document);
        assert_eq!(seen.len(), records.len(), "{} of {}", play.kind, play.document);
        for (observed, record) in seen.iter().zip(&records) {
            check_record(play, observed, record);
        }
        *told.entry(play.kind).or_default() += check_fields(play, &seen);
    }
    for kind in Ec2.capability().kinds.iter().map(|capability| capability.kind.as_str()) {
        let count = told.get(kind).copied().unwrap_or(0);
        assert_eq!(count < 3, UNRECORDED.contains(&kind), "{count} fields of {kind} are expected");
    }
    assert_eq!(told.values().sum::<usize>(), FIELDS.len(), "a field is expected of what is not played");
}

/// What is played or left out is all that there is.
fn check_that_each_is_named(documents: &BTreeMap<String, String>) {
    for name in documents.keys() {
        let is_played = PLAYS.iter().any(|play| play.document == name);
        let reasons = LEFT_OUT.iter().filter(|(start, _)| name.starts_with(start)).count();
        assert_eq!(usize::from(is_played) + reasons, 1, "{name} is played, or left out for one reason");
    }
    for (start, reason) in LEFT_OUT {
        assert!(documents.keys().any(|name| name.starts_with(start)), "{start}: {reason}");
    }
}

fn check_record(play: &Play, observed: &Observed, record: &xml::Texts) {
    let what = format!("{} {} of {}", play.kind, observed.native_key, play.document);
    let mut shown = xml::Texts::new();
    xml::texts_of_json(&observed.raw, "", &mut shown);
    shown.sort();
    assert_eq!(&shown, record, "{what}: cloud_data and the document");
    (observed.kind.spec().check)(&observed.fields).unwrap_or_else(|why| panic!("{what}: {why}"));
    let states: BTreeSet<_> = observed.kind.spec().states.iter().map(|state| state.name).collect();
    assert_eq!(observed.state.is_some(), !states.is_empty(), "{what}: a state where the kind has states");
}

/// How many fields were expected of these.
fn check_fields(play: &Play, seen: &[Observed]) -> usize {
    let of_play = FIELDS.iter().filter(|field| (field.0, field.1) == (play.kind, play.document));
    let mut count = 0;
    for (kind, document, record, path, expected) in of_play {
        let shown = Value::Object(seen[*record].document());
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(shown.pointer(path), Some(&expected), "{kind} {record} of {document}: {path}");
        count += 1;
    }
    count
}

fn kind(word: &str) -> Kind {
    Kind::parse(word).unwrap()
}

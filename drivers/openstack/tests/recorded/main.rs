//! Answers of OpenStack that others recorded, played to the driver: every record is seen, and nothing of it is lost.
//!
//! The answers are fetched from their project's package. Without network set `GATEWAY_TEST_OFFLINE=1`.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod cloud;
mod fields;
mod left_out;
mod plays;

use std::collections::BTreeMap;

use driver_conformance::recorded;
use driver_openstack::OpenStack;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Driver as _;
use gateway_core::error::ErrorKind;
use serde_json::Value;

use crate::cloud::RecordedCloud;
use crate::fields::FIELDS;
use crate::left_out::{LEFT_OUT, UNRECORDED};
use crate::plays::{PLAYS, Play, REFUSED};

/// Documents by their file names.
type Documents = BTreeMap<String, String>;

#[tokio::test]
async fn recorded_answers_are_read_without_loss() {
    let Some(documents) = recorded::documents(env!("CARGO_TARGET_TMPDIR"), "openstack_v1_1").unwrap() else {
        println!("skipped: there is no network, and the recorded documents are not here");
        return;
    };
    check_that_each_is_named(&documents);
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for play in PLAYS {
        let pages = pages(play, &documents);
        let seen = RecordedCloud::start(play, &pages).await.read(play).await;
        let seen = seen.unwrap_or_else(|error| panic!("{} of {:?}: {error}", play.kind, play.documents));
        let records: Vec<Value> = pages.iter().flat_map(|page| play.records(page)).collect();
        println!("{} of {:?}: {} records", play.kind, play.documents, seen.len());
        assert!(!records.is_empty(), "{:?}: nothing is recorded there", play.documents);
        assert_eq!(seen.len(), records.len(), "{} of {:?}", play.kind, play.documents);
        for (observed, record) in seen.iter().zip(&records) {
            check_record(play, observed, record);
        }
        *told.entry(play.kind).or_default() += check_fields(play, &seen);
    }
    for kind in OpenStack.capability().kinds.iter().map(|capability| capability.kind.as_str()) {
        let count = told.get(kind).copied().unwrap_or(0);
        assert_eq!(count < 3, UNRECORDED.contains(&kind), "{count} fields of {kind} are expected");
    }
    assert_eq!(told.values().sum::<usize>(), FIELDS.len(), "a field is expected of what is not played");
}

/// What no supported cloud sends is an error, and neither an empty listing nor a part of one.
#[tokio::test]
async fn recorded_answers_of_other_versions_are_refused() {
    let Some(documents) = recorded::documents(env!("CARGO_TARGET_TMPDIR"), "openstack_v1_1").unwrap() else {
        println!("skipped: there is no network, and the recorded documents are not here");
        return;
    };
    for (play, reason) in REFUSED {
        let read = RecordedCloud::start(play, &pages(play, &documents)).await.read(play).await;
        let error = read.expect_err(reason);
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{:?}, {reason}: {error}", play.documents);
    }
}

fn pages(play: &Play, documents: &Documents) -> Vec<Value> {
    play.documents.iter().map(|name| serde_json::from_str(&documents[*name]).unwrap()).collect()
}

/// What is played, refused or left out is all that there is.
fn check_that_each_is_named(documents: &Documents) {
    let is_of = |play: &Play, name: &str| play.documents.contains(&name);
    for name in documents.keys() {
        let is_played = PLAYS.iter().any(|play| is_of(play, name));
        let is_refused = REFUSED.iter().any(|(play, _)| is_of(play, name));
        let reasons = LEFT_OUT.iter().filter(|(left_out, _)| left_out == name).count();
        let places = usize::from(is_played) + usize::from(is_refused) + reasons;
        assert_eq!(places, 1, "{name} is played, refused, or left out for one reason");
    }
    for (name, reason) in LEFT_OUT {
        assert!(documents.contains_key(*name), "{name}: {reason}");
    }
}

fn check_record(play: &Play, observed: &Observed, record: &Value) {
    let what = format!("{} {} of {:?}", play.kind, observed.native_key, play.documents);
    assert_eq!(&observed.raw, record, "{what}: cloud_data and the document");
    let spec = observed.kind.spec();
    (spec.check)(&observed.fields).unwrap_or_else(|why| panic!("{what}: {why}"));
    assert_eq!(
        observed.state.is_some(),
        !spec.states.is_empty(),
        "{what}: a state where the kind has states"
    );
}

/// How many fields were expected of these.
fn check_fields(play: &Play, seen: &[Observed]) -> usize {
    let of_play = FIELDS.iter().filter(|field| field.0 == play.kind && field.1 == play.documents[0]);
    let mut count = 0;
    for (kind, document, record, path, expected) in of_play {
        let shown = Value::Object(seen[*record].document());
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(shown.pointer(path), Some(&expected), "{kind} {record} of {document}: {path}");
        count += 1;
    }
    count
}

//! Answers of OpenStack that another project recorded: every record is listed, and its document is complete.
//!
//! The answers are fetched from that project's package. Without network set `GATEWAY_TEST_OFFLINE=1`.

mod cloud;
mod fields;
mod recordings;
mod unused;

use std::collections::BTreeMap;

use driver_conformance::recorded;
use driver_openstack::OpenStack;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Driver as _;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Kind;
use serde_json::Value;

use self::cloud::RecordedCloud;
use self::fields::FIELDS;
use self::recordings::{RECORDINGS, REFUSED, Recording};
use self::unused::{UNRECORDED, UNUSED};

/// Documents by their file names.
type Documents = BTreeMap<String, String>;

#[tokio::test]
async fn recorded_answers_are_mapped_completely() {
    let Some(documents) = recorded::documents(env!("CARGO_TARGET_TMPDIR"), "openstack_v1_1").unwrap() else {
        println!("skipped: there is no network, and the recorded documents are not here");
        return;
    };
    check_that_each_document_is_classified(&documents);
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for recording in RECORDINGS {
        let pages = pages(recording, &documents);
        let seen = RecordedCloud::start(recording, &pages).await.read(recording).await;
        let seen =
            seen.unwrap_or_else(|error| panic!("{} of {:?}: {error}", recording.kind, recording.documents));
        let records: Vec<Value> = pages.iter().flat_map(|page| recording.records(page)).collect();
        println!("{} of {:?}: {} records", recording.kind, recording.documents, seen.len());
        assert!(!records.is_empty(), "{:?}: nothing is recorded there", recording.documents);
        assert_eq!(seen.len(), records.len(), "{} of {:?}", recording.kind, recording.documents);
        for (observed, record) in seen.iter().zip(&records) {
            check_record(recording, observed, record);
        }
        *counts.entry(recording.kind).or_default() += check_fields(recording, &seen);
    }
    for kind in OpenStack.capability().kinds.iter().map(|capability| capability.kind) {
        let count = counts.get(&kind).copied().unwrap_or(0);
        assert_eq!(count < 3, UNRECORDED.contains(&kind), "{count} fields of {kind} are expected");
    }
    assert_eq!(counts.values().sum::<usize>(), FIELDS.len(), "every expected field is of a used recording");
}

/// An answer that no supported cloud sends is an error, neither an empty listing nor a part of one.
#[tokio::test]
async fn recorded_answers_of_other_versions_are_refused() {
    let Some(documents) = recorded::documents(env!("CARGO_TARGET_TMPDIR"), "openstack_v1_1").unwrap() else {
        println!("skipped: there is no network, and the recorded documents are not here");
        return;
    };
    for (recording, reason) in REFUSED {
        let read = RecordedCloud::start(recording, &pages(recording, &documents)).await.read(recording).await;
        let error = read.expect_err(reason);
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{:?}, {reason}: {error}", recording.documents);
    }
}

fn pages(recording: &Recording, documents: &Documents) -> Vec<Value> {
    recording.documents.iter().map(|name| serde_json::from_str(&documents[*name]).unwrap()).collect()
}

/// Checks that each document is used, refused, or unused for a reason.
fn check_that_each_document_is_classified(documents: &Documents) {
    let is_of = |recording: &Recording, name: &str| recording.documents.contains(&name);
    for name in documents.keys() {
        let is_used = RECORDINGS.iter().any(|recording| is_of(recording, name));
        let is_refused = REFUSED.iter().any(|(recording, _)| is_of(recording, name));
        let reasons = UNUSED.iter().filter(|(unused, _)| unused == name).count();
        let places = usize::from(is_used) + usize::from(is_refused) + reasons;
        assert_eq!(places, 1, "{name} must be used, refused, or unused for one reason");
    }
    for (name, reason) in UNUSED {
        assert!(documents.contains_key(*name), "{name}: {reason}");
    }
}

fn check_record(recording: &Recording, observed: &Observed, record: &Value) {
    let what = format!("{} {} of {:?}", recording.kind, observed.native_key, recording.documents);
    assert_eq!(&observed.raw, record, "{what}: cloud_data and the document");
    let spec = observed.kind.spec();
    (spec.check)(&observed.fields).unwrap_or_else(|why| panic!("{what}: {why}"));
    assert_eq!(
        observed.state.is_some(),
        !spec.states.is_empty(),
        "{what}: a state where the kind has states"
    );
}

/// Checks the expected fields, and returns their number.
fn check_fields(recording: &Recording, seen: &[Observed]) -> usize {
    let of_recording =
        FIELDS.iter().filter(|field| field.0 == recording.kind && field.1 == recording.documents[0]);
    let mut count = 0;
    for (kind, document, record, path, expected) in of_recording {
        let shown = Value::Object(seen[*record].document());
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(shown.pointer(path), Some(&expected), "{kind} {record} of {document}: {path}");
        count += 1;
    }
    count
}

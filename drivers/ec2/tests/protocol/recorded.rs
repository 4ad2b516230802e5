//! Recorded answers of EC2: the driver reads every record of them without loss.
//!
//! The recordings are fetched from the package of another project. Without network set `GATEWAY_TEST_OFFLINE=1`.

mod cloud;
mod fields;
mod recordings;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use driver_conformance::recorded;
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Driver as _;
use serde_json::Value;

use self::cloud::RecordedCloud;
use self::fields::FIELDS;
use self::recordings::{LEFT_OUT, RECORDINGS, Recording, UNRECORDED};
use self::xml::{Node, Texts};

#[tokio::test]
async fn recorded_answers_are_read_without_loss() {
    let documents = recorded::documents(env!("CARGO_TARGET_TMPDIR"), "ec2").unwrap();
    let Some(documents) = documents else {
        println!("skipped: the recordings are not here, and GATEWAY_TEST_OFFLINE is set");
        return;
    };
    check_that_each_is_named(&documents);
    let mut checked: BTreeMap<Kind, usize> = BTreeMap::new();
    for recording in RECORDINGS {
        let Recording { kind, document, .. } = recording;
        let text = &documents[*document];
        let observed = RecordedCloud::start(recording, text).await.list(*kind).await;
        let records = (recording.records)(&Node::parse(text));
        println!("{kind} of {document}: {} records", observed.len());
        assert!(!records.is_empty(), "{document}: nothing is recorded there");
        assert_eq!(observed.len(), records.len(), "{kind} of {document}");
        for (one, record) in observed.iter().zip(&records) {
            check_record(recording, one, record);
        }
        *checked.entry(*kind).or_default() += check_fields(recording, &observed);
    }
    for kind in Ec2.capability().kinds.iter().map(|capability| capability.kind) {
        let count = checked.get(&kind).copied().unwrap_or(0);
        assert_eq!(count < 3, UNRECORDED.contains(&kind), "{count} fields of {kind} are expected");
    }
    assert_eq!(checked.values().sum::<usize>(), FIELDS.len(), "a field is expected of no recording");
}

/// Checks that every document is either read or left out for a reason.
fn check_that_each_is_named(documents: &BTreeMap<String, String>) {
    for name in documents.keys() {
        let is_read = RECORDINGS.iter().any(|recording| recording.document == name);
        let reasons = LEFT_OUT.iter().filter(|(start, _)| name.starts_with(start)).count();
        assert_eq!(usize::from(is_read) + reasons, 1, "{name} is read, or left out for one reason");
    }
    for (start, reason) in LEFT_OUT {
        assert!(documents.keys().any(|name| name.starts_with(start)), "{start}: {reason}");
    }
}

fn check_record(recording: &Recording, observed: &Observed, record: &Texts) {
    let at = format!("{} {} of {}", recording.kind, observed.native_key, recording.document);
    let mut shown = Texts::new();
    xml::texts_of_json(&observed.raw, "", &mut shown);
    shown.sort();
    assert_eq!(&shown, record, "{at}: cloud_data and the document");
    (observed.kind.spec().check)(&observed.fields).unwrap_or_else(|error| panic!("{at}: {error}"));
    let states: BTreeSet<_> = observed.kind.spec().states.iter().map(|state| state.name).collect();
    assert_eq!(observed.state.is_some(), !states.is_empty(), "{at}: a state if the kind has states");
}

/// Checks the expected fields of a recording, and returns their number.
fn check_fields(recording: &Recording, observed: &[Observed]) -> usize {
    let expected = FIELDS.iter().filter(|field| (field.0, field.1) == (recording.kind, recording.document));
    let mut count = 0;
    for (kind, document, record, path, expected) in expected {
        let shown = Value::Object(observed[*record].document());
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(shown.pointer(path), Some(&expected), "{kind} {record} of {document}: {path}");
        count += 1;
    }
    count
}

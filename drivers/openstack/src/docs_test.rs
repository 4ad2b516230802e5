//! What `docs.md` says of kinds, fields, measures and states is what the code does.

use std::collections::BTreeSet;

use gateway_core::driver::Driver as _;
use gateway_core::kind::{State, VerbSupport, When};

use crate::wire::quota::MEASURES;
use crate::{OpenStack, state};

const DOCS: &str = include_str!("../docs.md");

/// The cells of the tables under a heading, less what is around their first words in code.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let start = format!("{heading}\n");
    let section = DOCS.split_once(&start).unwrap_or_else(|| panic!("no section {heading}")).1;
    let lines = section.lines().take_while(|line| !line.starts_with('#'));
    lines
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

fn documented(heading: &str) -> Vec<(String, String)> {
    rows(heading).into_iter().map(|cells| (cells[0].clone(), cells[1].clone())).collect()
}

fn coded<S: State>(table: &[(&str, S)]) -> Vec<(String, String)> {
    table.iter().map(|(word, state)| ((*word).to_owned(), state.name().to_owned())).collect()
}

#[test]
fn state_tables_are_those_of_the_code() {
    assert_eq!(documented("### Server status"), coded(state::SERVER));
    assert_eq!(documented("### Server task"), coded(state::SERVER_TASK));
    assert_eq!(documented("### Image status"), coded(state::IMAGE));
    assert_eq!(documented("### Volume status"), coded(state::VOLUME));
    assert_eq!(documented("### Snapshot status"), coded(state::SNAPSHOT));
    assert_eq!(documented("### Attachment status"), coded(state::ATTACHMENT));
    assert_eq!(documented("### Network status"), coded(state::NETWORK));
    assert_eq!(documented("### Port status"), coded(state::PORT));
    assert_eq!(documented("### Router status"), coded(state::ROUTER));
    assert_eq!(documented("### Floating IP status"), coded(state::FLOATING_IP));
}

#[test]
fn measures_are_those_of_the_code() {
    let coded =
        MEASURES.map(|(service, word, measure)| (format!("{}.{word}", service.word()), measure.to_owned()));
    assert_eq!(documented("#### Measures"), coded);
}

#[test]
fn what_each_kind_can_do_is_ticked() {
    let told: Vec<_> = rows("## What it can do")
        .into_iter()
        .map(|cells| (cells[0].clone(), [1, 2, 3].map(|column| cells[column].starts_with("[x]"))))
        .collect();
    let kinds = OpenStack.capability().kinds.iter();
    let can: Vec<_> =
        kinds.map(|kind| (kind.kind.to_string(), [kind.own, kind.published, kind.get])).collect();
    assert_eq!(told, can);
}

#[test]
fn orders_are_those_of_the_code() {
    let word = |can: &VerbSupport| match can.only {
        When::Always => can.verb.to_string(),
        When::In(states) => format!("{} in {}", can.verb, states.join(", ")),
        When::Except(states) => format!("{} except in {}", can.verb, states.join(", ")),
    };
    let coded: Vec<_> = OpenStack
        .capability()
        .verbs
        .iter()
        .filter(|(_, verbs)| !verbs.is_empty())
        .map(|(kind, verbs)| (kind.to_string(), verbs.iter().map(word).collect::<Vec<_>>().join(", ")))
        .collect();
    assert_eq!(documented("## Orders"), coded);
}

#[test]
fn every_field_of_every_kind_is_accounted_for() {
    for capability in OpenStack.capability().kinds {
        let spec = capability.kind.spec();
        let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
        let fields: BTreeSet<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        let told = documented(&format!("### `{}`", spec.kind));
        assert!(told.iter().all(|(_, from)| !from.is_empty()), "{}", spec.kind);
        let count = told.len();
        let told: BTreeSet<String> = told.into_iter().map(|(field, _)| field).collect();
        assert_eq!((&told, count), (&fields, fields.len()), "{}", spec.kind);
    }
}

//! Comparison of `docs.md` with the code: kinds, commands, fields, measures and states.

use std::collections::BTreeSet;

use gateway_core::driver::Driver as _;
use gateway_core::kind::{Kind, State, VerbSupport, When};

use crate::kinds::quota::MEASURES;
use crate::listing::Form;
use crate::service::Service;
use crate::{OpenStack, kind, state};

const DOCS: &str = include_str!("../docs.md");

/// Returns the cells of the tables under a heading, without backticks.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let start = format!("{heading}\n");
    let section = DOCS.split_once(&start).unwrap_or_else(|| panic!("no section {heading}")).1;
    let lines = section.lines().take_while(|line| !line.starts_with('#'));
    lines
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// Returns the first two columns of a table.
fn documented(heading: &str) -> Vec<(String, String)> {
    rows(heading).into_iter().map(|cells| (cells[0].clone(), cells[1].clone())).collect()
}

fn coded<S: State>(table: &[(&str, S)]) -> Vec<(String, String)> {
    table.iter().map(|(word, state)| ((*word).to_owned(), state.name().to_owned())).collect()
}

#[test]
fn state_tables_match_the_code() {
    assert_eq!(documented("### Server status"), coded(state::INSTANCE));
    assert_eq!(documented("### Server task"), coded(state::INSTANCE_TASK));
    assert_eq!(documented("### Image status"), coded(state::IMAGE));
    assert_eq!(documented("### Volume status"), coded(state::VOLUME));
    assert_eq!(documented("### Snapshot status"), coded(state::VOLUME_SNAPSHOT));
    assert_eq!(documented("### Attachment status"), coded(state::VOLUME_ATTACHMENT));
    assert_eq!(documented("### Network status"), coded(state::NETWORK));
    assert_eq!(documented("### Port status"), coded(state::NETWORK_INTERFACE));
    assert_eq!(documented("### Router status"), coded(state::ROUTER));
    assert_eq!(documented("### Floating IP status"), coded(state::IP_ADDRESS));
}

#[test]
fn measures_match_the_code() {
    let coded =
        MEASURES.map(|(service, word, measure)| (format!("{}.{word}", service.as_str()), measure.to_owned()));
    assert_eq!(documented("#### Measures"), coded);
}

#[test]
fn capabilities_match_the_code() {
    let documented: Vec<_> = rows("## Capabilities")
        .into_iter()
        .map(|cells| (cells[0].clone(), [1, 2, 3, 4].map(|column| cells[column].starts_with("yes"))))
        .collect();
    let capability = OpenStack.capability();
    let coded: Vec<_> = capability
        .kinds
        .iter()
        .map(|kind| {
            let has_commands = !capability.verbs(kind.kind).is_empty();
            (kind.kind.to_string(), [kind.own, kind.published, kind.get, has_commands])
        })
        .collect();
    assert_eq!(documented, coded);
}

#[test]
fn sources_match_the_code() {
    let documented = rows("## Capabilities").into_iter().map(|cells| (cells[0].clone(), cells[5].clone()));
    for (name, source) in documented {
        let expected = collections(Kind::parse(&name).unwrap());
        assert!(source.starts_with(&expected), "{name}: {source}, not {expected}");
    }
}

/// Returns the services and collections of a kind, such as `Nova servers`.
fn collections(kind: Kind) -> String {
    let mut collections: Vec<String> = Vec::new();
    for pass in kind::descriptor(kind).unwrap().any_passes() {
        let service = match pass.service {
            Service::Compute => "Nova",
            Service::Image => "Glance",
            Service::Volume => "Cinder",
            Service::Network => "Neutron",
        };
        let path = match pass.form {
            Form::Children(_, children) => children.path,
            Form::Pages(_) | Form::Whole(_) => pass.path,
        };
        let collection = format!("{service} {}", path[0]);
        if !collections.contains(&collection) {
            collections.push(collection);
        }
    }
    collections.join(", ")
}

#[test]
fn commands_match_the_code() {
    let word = |support: &VerbSupport| match support.only {
        When::Always => support.verb.to_string(),
        When::In(states) => format!("{} in {}", support.verb, states.join(", ")),
        When::Except(states) => format!("{} except in {}", support.verb, states.join(", ")),
    };
    let coded: Vec<_> = OpenStack
        .capability()
        .verbs
        .iter()
        .map(|(kind, verbs)| (kind.to_string(), verbs.iter().map(word).collect::<Vec<_>>().join(", ")))
        .collect();
    assert_eq!(documented("## Commands"), coded);
}

#[test]
fn every_field_of_every_kind_is_documented() {
    for capability in OpenStack.capability().kinds {
        let spec = capability.kind.spec();
        let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
        let fields: BTreeSet<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        let documented = documented(&format!("### `{}`", spec.kind));
        assert!(documented.iter().all(|(_, source)| !source.is_empty()), "{}", spec.kind);
        let count = documented.len();
        let documented: BTreeSet<String> = documented.into_iter().map(|(field, _)| field).collect();
        assert_eq!((&documented, count), (&fields, fields.len()), "{}", spec.kind);
    }
}

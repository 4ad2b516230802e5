//! Comparison of every table in `docs.md` with the code.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::driver::{Driver as _, KindCapability};
use gateway_core::kind::{State, When};

use crate::config::Options;
use crate::form::Form;
use crate::kind::ALL;
use crate::state::{self, States};

const DOCS: &str = include_str!("../docs.md");

/// The cells of a row.
type Row = Vec<&'static str>;

/// Returns the first table below a heading: its header, and its rows.
fn table(heading: &str) -> (Row, Vec<Row>) {
    let (_, section) =
        DOCS.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let lines = section.lines().take_while(|line| !line.starts_with('#'));
    let mut rows: Vec<Row> = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 2, "no table in {heading}");
    let header = rows.remove(0);
    assert!(rows.iter().all(|row| row.len() == header.len()), "{heading}: a row has another number of cells");
    (header, rows.split_off(1))
}

/// Returns the words in backquotes.
fn words(cell: &'static str) -> Vec<&'static str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn capabilities() -> impl Iterator<Item = &'static KindCapability> {
    crate::Ec2.capability().kinds.iter()
}

/// Returns the actions of the forms in a source file.
fn actions(source: &'static str) -> BTreeSet<&'static str> {
    let quoted = source.split("Form::new(\"").skip(1).chain(source.split("form_of(action, \"").skip(1));
    quoted.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn table_of_kinds_is_that_of_the_descriptors() {
    let (header, rows) = table("## Kinds");
    assert_eq!(header, ["kind", "own", "published", "get", "commands", "permission to read"]);
    let options = Options { public_image_owners: vec!["amazon".to_owned()], ..Options::default() };
    let yes_or_no = |is: bool| if is { "yes" } else { "no" };
    assert_eq!(rows.len(), ALL.len());
    for (row, descriptor) in rows.iter().zip(ALL) {
        let KindCapability { kind, own, published, get, .. } = descriptor.capability;
        assert_eq!(words(row[0]), [kind.as_str()], "in the order of documents");
        assert_eq!(&row[1..4], [own, published, get].map(yes_or_no), "{kind}");
        let commands: Vec<_> = descriptor.verbs.iter().map(|support| support.verb.as_str()).collect();
        assert_eq!(words(row[4]), commands, "{kind}");
        let probes = descriptor.probes(&options);
        let permissions: Vec<_> = probes.iter().map(|form| format!("ec2:{}", form.action())).collect();
        assert_eq!(words(row[5]), permissions, "{kind}");
    }
}

#[test]
fn table_of_options_is_that_of_the_registration() {
    let (header, rows) = table("## Registration");
    assert_eq!(header, ["option", "form", "meaning"]);
    let options = serde_json::to_value(Options::default()).unwrap();
    let named: BTreeSet<_> = rows.iter().flat_map(|row| words(row[0])).map(str::to_owned).collect();
    assert_eq!(named, options.as_object().unwrap().keys().cloned().collect());
}

#[test]
fn table_of_command_permissions_is_that_of_the_calls() {
    let shared: BTreeMap<&str, Vec<&str>> = [
        ("instance", vec![include_str!("actions/run_instances.rs"), include_str!("actions/placement.rs")]),
        ("router", vec![include_str!("actions/internet_gateway.rs"), include_str!("actions/route_table.rs")]),
    ]
    .into();
    let own = [
        ("instance", include_str!("actions/instance.rs")),
        ("volume", include_str!("actions/volume.rs")),
        ("volume_attachment", include_str!("actions/volume_attachment.rs")),
        ("volume_snapshot", include_str!("actions/volume_snapshot.rs")),
        ("image", include_str!("actions/image.rs")),
        ("network", include_str!("actions/network.rs")),
        ("subnet", include_str!("actions/subnet.rs")),
        ("network_interface", include_str!("actions/network_interface.rs")),
        ("router", include_str!("actions/router.rs")),
        ("ip_address", include_str!("actions/ip_address.rs")),
        ("ip_address_binding", include_str!("actions/ip_address_binding.rs")),
        ("security_group", include_str!("actions/security_group.rs")),
        ("security_group_rule", include_str!("actions/security_group_rule.rs")),
        ("ssh_key", include_str!("actions/ssh_key.rs")),
        ("tags", include_str!("actions/tagging.rs")),
    ];
    let (header, rows) = table("### Permissions of commands");
    assert_eq!(header, ["kind", "permission"]);
    let first = |row: &Row| row[0].trim_matches('`');
    assert_eq!(
        rows.iter().map(first).collect::<BTreeSet<_>>(),
        own.iter().map(|(kind, _)| *kind).collect::<BTreeSet<_>>()
    );
    let to_read: BTreeMap<_, _> = table("## Kinds").1.iter().map(|row| (first(row), words(row[5]))).collect();
    let mut number = 0;
    for (kind, source) in own {
        let row = rows.iter().find(|row| first(row) == kind).unwrap();
        let documented: BTreeSet<_> = words(row[1]).into_iter().collect();
        let mut called = actions(source);
        called.extend(shared.get(kind).into_iter().flatten().flat_map(|source| actions(source)));
        // An interface without addresses is placed in a subnet.
        called.extend((kind == "network_interface").then_some("DescribeSubnets"));
        let of_reading = to_read.get(kind).cloned().unwrap_or_default();
        let called: BTreeSet<_> = called.into_iter().map(|action| format!("ec2:{action}")).collect();
        let is_missing =
            |call: &&String| !documented.contains(call.as_str()) && !of_reading.contains(&call.as_str());
        assert_eq!(called.iter().filter(is_missing).collect::<Vec<_>>(), Vec::<&String>::new(), "{kind}");
        let is_unused = |name: &&&str| !called.contains(**name);
        assert_eq!(documented.iter().filter(is_unused).collect::<Vec<_>>(), Vec::<&&str>::new(), "{kind}");
        number += called.len();
    }
    assert!(number > 45, "{number}");
}

/// Returns the words of a state table with their canonical states.
fn coded<S: State>(states: &States<S>) -> BTreeSet<(&'static str, &'static str)> {
    states.words.iter().map(|(word, state)| (*word, state.name())).collect()
}

#[test]
fn tables_of_states_are_those_of_the_code() {
    let tables = [
        ("instance", coded(&state::INSTANCE)),
        ("volume", coded(&state::VOLUME)),
        ("image", coded(&state::IMAGE)),
        ("volume_snapshot", coded(&state::VOLUME_SNAPSHOT)),
        ("volume_attachment", coded(&state::VOLUME_ATTACHMENT)),
        ("network", coded(&state::NETWORK)),
        ("network_interface", coded(&state::NETWORK_INTERFACE)),
        ("router", coded(&state::ROUTER)),
        ("datacenter", coded(&state::DATACENTER)),
    ];
    for (kind, coded) in &tables {
        let (header, rows) = table(&format!("### States of `{kind}`"));
        assert_eq!(header, ["EC2", "gateway"]);
        assert_eq!(rows.len(), coded.len(), "{kind}");
        let documented: BTreeSet<_> = rows.iter().map(|row| (words(row[0])[0], words(row[1])[0])).collect();
        assert_eq!(&documented, coded, "{kind}");
    }
    let sections = DOCS.lines().filter_map(|line| line.strip_prefix("### States of `")?.strip_suffix('`'));
    assert_eq!(sections.collect::<Vec<_>>(), tables.each_ref().map(|(kind, _)| *kind));
    for capability in capabilities().filter(|capability| capability.says_state) {
        assert!(tables.iter().any(|(kind, _)| *kind == capability.kind.as_str()), "{}", capability.kind);
    }
}

#[test]
fn tables_of_fields_have_every_field_once() {
    for KindCapability { kind, .. } in capabilities() {
        let (header, rows) = table(&format!("### Fields of `{kind}`"));
        assert_eq!(header, ["field", "from"]);
        let documented: Vec<_> = rows.iter().flat_map(|row| words(row[0])).collect();
        let schema = serde_json::to_value(&(kind.spec().schema)()[0].1).unwrap();
        let fields: BTreeSet<_> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(documented.len(), fields.len(), "{kind}: a field is missing or documented twice");
        assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), fields, "{kind}");
    }
}

#[test]
fn verbs_are_those_of_their_kinds() {
    for descriptor in ALL {
        let kind = descriptor.capability.kind;
        for support in descriptor.verbs {
            assert!(kind.spec().verb(support.verb).is_some(), "{kind}: {}", support.verb);
            if let When::In(states) = support.only {
                assert!(states.iter().all(|state| kind.spec().state(state).is_some()), "{kind}");
            }
        }
    }
}

#[test]
fn actions_of_a_source_are_found() {
    assert!(actions("Form::new(\"A\").with(\"B\") form_of(action, \"C\")").into_iter().eq(["A", "C"]));
    assert_eq!(Form::new("A").action(), "A");
}

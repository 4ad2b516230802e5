//! What `docs.md` says of states and kinds is what the code does.

use std::collections::BTreeSet;

use gateway_core::Kind;
use gateway_core::driver::{Driver as _, KindCapability};
use gateway_core::kind::{State, VerbSupport, When};

use crate::act::VERBS;
use crate::kinds::{
    ALL, datacenter, image, instance, network, network_interface, volume, volume_attachment, volume_snapshot,
};
use crate::options::Options;

const DOCS: &str = include_str!("../docs.md");

/// The rows of the table under a heading.
fn rows(heading: &str) -> impl Iterator<Item = &'static str> + use<> {
    let line = format!("### {heading}\n");
    let section = DOCS.split_once(&line).unwrap_or_else(|| panic!("no section {heading}")).1;
    section.lines().take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("| `"))
}

/// The words in backquotes.
fn words(text: &'static str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The state table of a kind, as pairs of words.
fn documented(kind: &str) -> BTreeSet<(String, String)> {
    let pair = |row| {
        let mut words = words(row);
        (words.next().unwrap(), words.next().unwrap())
    };
    rows(kind).map(pair).collect()
}

fn capabilities() -> impl Iterator<Item = &'static KindCapability> {
    crate::Ec2.capability().kinds.iter()
}

fn coded<S: State>(table: &[(&str, S)]) -> BTreeSet<(String, String)> {
    table.iter().map(|(word, state)| ((*word).to_owned(), state.name().to_owned())).collect()
}

#[test]
fn state_tables_are_those_of_the_code() {
    assert_eq!(documented("instance"), coded(&instance::STATES));
    assert_eq!(documented("volume"), coded(&volume::STATES));
    assert_eq!(documented("image"), coded(&image::STATES));
    assert_eq!(documented("volume_snapshot"), coded(&volume_snapshot::STATES));
    assert_eq!(documented("volume_attachment"), coded(&volume_attachment::STATES));
    assert_eq!(documented("network"), coded(&network::STATES));
    assert_eq!(documented("network_interface"), coded(&network_interface::STATES));
    assert_eq!(documented("datacenter"), coded(&datacenter::STATES));
}

#[test]
fn every_kind_whose_state_the_cloud_says_has_a_state_table() {
    for capability in capabilities() {
        let heading = format!("\n### {}\n", capability.kind);
        assert_eq!(DOCS.contains(&heading), capability.says_state, "{}", capability.kind);
    }
}

#[test]
fn every_canonical_field_is_in_the_table_of_its_kind_and_nothing_else() {
    for KindCapability { kind, .. } in capabilities() {
        let first_cells = rows(&format!("Fields of {kind}")).map(|row| row.split('|').nth(1).unwrap());
        let documented: Vec<String> = first_cells.flat_map(words).collect();
        let schema = serde_json::to_value(&(kind.spec().schema)()[0].1).unwrap();
        let fields: BTreeSet<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(documented.len(), fields.len(), "{kind}: a field is named twice, or not at all");
        assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), fields, "{kind}");
    }
}

#[test]
fn the_table_of_verbs_is_that_of_the_code() {
    let section = DOCS.split_once("\n## Verbs\n").unwrap().1.split("\n### ").next().unwrap();
    let documented: Vec<Vec<String>> =
        section.lines().filter(|line| line.starts_with("| `")).map(|line| words(line).collect()).collect();
    let row = |(kind, verbs): &(Kind, &[VerbSupport])| {
        let verbs = verbs.iter().map(|can| can.verb.as_str());
        std::iter::once(kind.as_str()).chain(verbs).map(str::to_owned).collect::<Vec<_>>()
    };
    let sorted = |mut rows: Vec<Vec<String>>| {
        rows.iter_mut().for_each(|row| row[1..].sort_unstable());
        rows
    };
    assert_eq!(sorted(documented), sorted(VERBS.iter().map(row).collect()));
}

#[test]
fn every_verb_is_one_of_its_kind_and_of_a_kind_that_is_listed() {
    for (kind, verbs) in VERBS {
        assert!(crate::Ec2.capability().of(*kind).is_some(), "{kind}");
        for can in *verbs {
            assert!(kind.spec().verb(can.verb).is_some(), "{kind}: {}", can.verb);
            if let When::In(states) = can.only {
                assert!(states.iter().all(|state| kind.spec().state(state).is_some()), "{kind}");
            }
        }
    }
}

#[test]
fn the_permission_for_every_call_that_changes_something_is_named() {
    let sources = [
        include_str!("act/address.rs"),
        include_str!("act/attachment.rs"),
        include_str!("act/image.rs"),
        include_str!("act/instance.rs"),
        include_str!("act/instance_form.rs"),
        include_str!("act/interface.rs"),
        include_str!("act/key.rs"),
        include_str!("act/network.rs"),
        include_str!("act/place.rs"),
        include_str!("act/router.rs"),
        include_str!("act/router_gateway.rs"),
        include_str!("act/rule.rs"),
        include_str!("act/security.rs"),
        include_str!("act/tagging.rs"),
        include_str!("act/volume.rs"),
    ];
    let quoted = sources.iter().flat_map(|source| source.split("Form::new(\"").skip(1));
    let actions: BTreeSet<_> = quoted.filter_map(|rest| rest.split('"').next()).collect();
    assert!(actions.len() > 30, "{actions:?}");
    for action in actions {
        assert!(DOCS.contains(&format!("`ec2:{action}`")), "{action}");
    }
}

#[test]
fn the_permission_for_every_call_is_named() {
    for description in ALL {
        let kind = description.capability.kind;
        let options = Options { public_image_owners: vec!["amazon".to_owned()], ..Options::default() };
        for probe in description.probes(&options) {
            let permission = format!("`ec2:{}`", probe.action());
            let is_it = |line: &str| {
                line.starts_with("| `") && line.contains(&format!("`{kind}`")) && line.contains(&permission)
            };
            assert!(DOCS.lines().any(is_it), "{kind}: {permission}");
        }
    }
}

#[test]
fn every_kind_of_the_capability_is_ticked() {
    for capability in capabilities() {
        for (ability, has) in
            [("own", capability.own), ("published", capability.published), ("get", capability.get)]
        {
            let line = format!("- [{}] `{}`: {ability}", if has { 'x' } else { ' ' }, capability.kind);
            assert!(DOCS.contains(&line), "{line}");
        }
    }
}

//! What `docs.md` says of states and kinds is what the code does.

use std::collections::BTreeSet;

use gateway_core::driver::Driver as _;
use gateway_core::kind::State;

use crate::kinds::{image, instance, volume};

const DOCS: &str = include_str!("../docs.md");

/// The rows of the table under the kind's heading, as pairs of words.
fn documented(kind: &str) -> BTreeSet<(String, String)> {
    let heading = format!("### {kind}\n");
    let section = DOCS.split_once(&heading).unwrap_or_else(|| panic!("no section {kind}")).1;
    section
        .lines()
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut words = line.split('`').skip(1).step_by(2).map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect()
}

fn coded<S: State>(table: &[(&str, S)]) -> BTreeSet<(String, String)> {
    table.iter().map(|(word, state)| ((*word).to_owned(), state.name().to_owned())).collect()
}

#[test]
fn state_tables_are_those_of_the_code() {
    assert_eq!(documented("instance"), coded(&instance::STATES));
    assert_eq!(documented("volume"), coded(&volume::STATES));
    assert_eq!(documented("image"), coded(&image::STATES));
}

#[test]
fn every_kind_of_the_capability_is_ticked() {
    for capability in crate::Ec2.capability().kinds {
        for (ability, has) in
            [("own", capability.own), ("published", capability.published), ("get", capability.get)]
        {
            let line = format!("- [{}] `{}`: {ability}", if has { 'x' } else { ' ' }, capability.kind);
            assert!(DOCS.contains(&line), "{line}");
        }
    }
}

//! Comparison of the tables of `docs.md` with the code.

use std::collections::BTreeSet;

use gateway_core::Kind;
use gateway_core::driver::Driver as _;

use crate::kinds::quota;
use crate::{SimulatorDriver, state};

const DOCS: &str = include_str!("../docs.md");

/// Returns the first two columns of a table in the section of a kind, without backticks; `header` is its first line.
fn table(kind: Kind, header: &str) -> Vec<(String, String)> {
    let heading = format!("### `{kind}`\n");
    let section = DOCS.split_once(&heading).unwrap_or_else(|| panic!("no section {kind}")).1;
    let section = section.split("\n#").next().unwrap_or_default();
    let rows = section.lines().skip_while(|line| *line != header).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`'));
            (cells.next().unwrap().to_owned(), cells.next().unwrap().to_owned())
        })
        .collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn capability_table_matches_the_code() {
    let capability = SimulatorDriver.capability();
    let tick = |has| if has { "[x]" } else { "[ ]" };
    let header = "| kind | list own | list published | get | says its state | commands |\n";
    assert!(DOCS.contains(header), "the columns are {header}");
    for kind in Kind::ALL.iter().copied() {
        let able = capability.of(kind).unwrap_or_else(|| panic!("no {kind}"));
        let ticks = [able.own, able.published, able.get, able.says_state, !capability.verbs(kind).is_empty()]
            .map(tick)
            .join(" | ");
        assert!(DOCS.contains(&format!("| `{kind}` | {ticks} |\n")), "{kind}: {ticks}");
    }
    assert_eq!(capability.kinds.len(), Kind::ALL.iter().copied().count());
}

#[test]
fn command_table_matches_the_code() {
    for kind in Kind::ALL.iter().copied() {
        let coded: Vec<_> =
            SimulatorDriver.capability().verbs(kind).iter().map(|can| format!("`{}`", can.verb)).collect();
        let row = format!("| `{kind}` | {} |\n", coded.join(", "));
        assert_eq!(DOCS.contains(&row), !coded.is_empty(), "{row}");
    }
}

#[test]
fn state_tables_match_the_code() {
    for kind in Kind::ALL.iter().copied() {
        let coded = state::table(kind).unwrap_or_default();
        assert_eq!(table(kind, "| status | state |"), owned(&coded), "{kind}");
        let says = SimulatorDriver.capability().of(kind).is_some_and(|able| able.says_state);
        assert_eq!(coded.is_empty(), !says, "{kind}");
    }
}

#[test]
fn mapping_tables_have_every_field() {
    for kind in Kind::ALL.iter().copied() {
        let schema = serde_json::to_value(&(kind.spec().schema)()[0].1).unwrap();
        let fields: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let rows = table(kind, "| field | from |");
        assert_eq!(rows.iter().map(|(field, _)| field).collect::<BTreeSet<_>>(), fields, "{kind}");
        assert_eq!(rows.len(), fields.len(), "{kind}: a field is a duplicate");
    }
}

#[test]
fn measure_table_matches_the_code() {
    let kind = Kind::Quota;
    assert_eq!(table(kind, "| quota | measure |"), owned(quota::MEASURES));
}

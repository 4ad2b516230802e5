//! Every canonical field of every kind, compared with openstacksdk.

mod compare;
mod compute;
mod network;
mod source;
mod volume;
mod zone_and_quota;

use std::collections::BTreeMap;
use std::process::Command;

use driver_openstack::OpenStack;
use gateway_core::driver::{Driver as _, ListScope, Session};
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::{Map, Value};

pub(crate) use self::compare::Coverage;
use self::compare::Listed;
use self::source::{Client, Table};
use crate::stable::read_stable;
use crate::{everything, spec};

/// Returns the table of each kind.
fn tables() -> impl Iterator<Item = &'static Table> {
    let tables = [compute::TABLES, volume::TABLES, network::TABLES, zone_and_quota::TABLES];
    tables.into_iter().flatten()
}

/// Rows without a value in the test cloud, and the reasons.
const NOT_COVERED: [(Kind, &str, &str); 5] = [
    (Kind::Network, "dns_domain", "Neutron runs without its extension for DNS"),
    (Kind::Network, "datacenters", "Neutron has no agents, and its zones are theirs"),
    (Kind::Router, "distributed", "Neutron runs without its extension for distributed routers"),
    (Kind::Router, "highly_available", "Neutron runs without its extension for highly available routers"),
    (Kind::IpAddress, "dns_name", "Neutron runs without its extension for DNS"),
];

/// Compares everything that a user sees in a region, and returns the disagreements.
pub(crate) async fn disagreements(
    session: &dyn Session,
    region: &Region,
    auth_url: &str,
    user: &str,
    coverage: &mut Coverage,
) -> Vec<String> {
    let what = format!("what {user} sees in {region}");
    let read = async || {
        let mut all = Vec::new();
        for table in tables() {
            all.push((table, listed(session, region, table.kind).await));
        }
        all
    };
    let (answer, seen) = read_stable(&what, async || answer(auth_url, user).await, read).await;
    let client = Client::new(spec("", 1), region.clone(), user == "admin", answer);
    let mut found = Vec::new();
    for (table, listed) in seen {
        let count = listed.len();
        let wrong = compare::disagreements(table, &listed, &client, coverage);
        println!("{} of {user} in {region}: {count} compared, {} disagreements", table.kind, wrong.len());
        found.extend(wrong.into_iter().map(|what| format!("{user} in {region}: {what}")));
    }
    found
}

/// Checks that every row compared a value, and that every kind has a table.
pub(crate) fn assert_all_covered(coverage: &Coverage) {
    let compared: Vec<Kind> = tables().map(|table| table.kind).collect();
    for kind in Kind::ALL.iter().copied() {
        let count = compared.iter().filter(|compared| **compared == kind).count();
        assert_eq!(count, 1, "tables of {kind}");
    }
    let uncovered: Vec<_> = coverage.uncovered(tables()).into_iter().collect();
    let known: Vec<_> = NOT_COVERED.iter().map(|(kind, field, _)| (*kind, *field)).collect();
    assert_eq!(uncovered, known, "rows without a compared value");
}

/// Lists own and published documents by native key.
async fn listed(session: &dyn Session, region: &Region, kind: Kind) -> Listed {
    let capability = OpenStack.capability().kinds.iter().find(|one| one.kind == kind).unwrap();
    let scopes = [(capability.own, ListScope::Own), (capability.published, ListScope::Published)];
    let mut items = Vec::new();
    for (_, scope) in scopes.into_iter().filter(|(has, _)| *has) {
        items.extend(everything(session, region, kind, scope).await);
    }
    let count = items.len();
    let by_key: BTreeMap<String, Map<String, Value>> =
        items.into_iter().map(|item| (item.native_key.clone(), item.document())).collect();
    assert_eq!(by_key.len(), count, "a {kind} was listed twice");
    by_key
}

/// Returns the answers of openstacksdk.
async fn answer(auth_url: &str, user: &str) -> Value {
    // The system's Python: openstacksdk is a package of the system.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/openstacksdk_answers.py");
    let mut command = Command::new("/usr/bin/python3");
    command.args([script, auth_url, user]);
    // Another region is compared concurrently.
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

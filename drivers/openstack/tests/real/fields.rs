//! Every canonical field of every kind against what the cloud's own client says.

mod compare;
mod compute;
mod how;
mod network;
mod several;
mod volume;

use std::collections::BTreeMap;
use std::process::Command;

use driver_openstack::OpenStack;
use gateway_core::driver::{Driver as _, ListScope, Session};
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::{Map, Value};

use self::compare::Listed;
pub(crate) use self::compare::Met;
use self::how::{Client, Told};
use crate::steady::steady;
use crate::{everything, spec};

/// One table for each kind.
fn tables() -> impl Iterator<Item = &'static Told> {
    let tables = [compute::TABLES, volume::TABLES, network::TABLES, several::TABLES];
    tables.into_iter().flatten()
}

/// Rows that are never met, because the test cloud has no such thing.
const NOT_IN_THE_TEST_CLOUD: [(&str, &str, &str); 5] = [
    ("network", "dns_domain", "Neutron runs without its extension for DNS"),
    ("network", "datacenters", "Neutron has no agents, and its zones are theirs"),
    ("router", "distributed", "Neutron runs without its extension for distributed routers"),
    ("router", "highly_available", "Neutron runs without its extension for highly available routers"),
    ("ip_address", "dns_name", "Neutron runs without its extension for DNS"),
];

/// Compares all that a user sees in a region, field by field, and tells what disagrees.
pub(crate) async fn disagreements(
    session: &dyn Session,
    region: &Region,
    auth_url: &str,
    user: &str,
    met: &mut Met,
) -> Vec<String> {
    let what = format!("what {user} sees in {region}");
    let see = async || {
        let mut all = Vec::new();
        for told in tables() {
            all.push((told, listed(session, region, told.kind).await));
        }
        all
    };
    let (answer, seen) = steady(&what, async || answer(auth_url, user).await, see).await;
    let client = Client::new(spec("", 1), region.clone(), user == "admin", answer);
    let mut found = Vec::new();
    for (told, listed) in seen {
        let count = listed.len();
        let wrong = compare::disagreements(told, &listed, &client, met);
        println!("{} of {user} in {region}: {count} compared, {} disagreements", told.kind, wrong.len());
        found.extend(wrong.into_iter().map(|what| format!("{user} in {region}: {what}")));
    }
    found
}

/// Every row has had something to compare by the end, and every kind has a table.
pub(crate) fn assert_all_met(met: &Met) {
    let compared: Vec<&str> = tables().map(|told| told.kind).collect();
    for kind in Kind::ALL.iter().copied() {
        let count = compared.iter().filter(|compared| **compared == kind.as_str()).count();
        assert_eq!(count, 1, "tables of {kind}");
    }
    let unmet: Vec<_> = met.unmet(tables()).into_iter().collect();
    let known: Vec<_> = NOT_IN_THE_TEST_CLOUD.iter().map(|(kind, field, _)| (*kind, *field)).collect();
    assert_eq!(unmet, known, "rows that no value was compared by");
}

/// Own and published together, as documents by native key.
async fn listed(session: &dyn Session, region: &Region, kind: &str) -> Listed {
    let capability = OpenStack.capability().kinds.iter().find(|one| one.kind.as_str() == kind).unwrap();
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

/// What openstacksdk shows the user.
async fn answer(auth_url: &str, user: &str) -> Value {
    // Debian's own Python: the client is a package of the system's, as the command line is.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/as_the_client_says.py");
    let mut command = Command::new("/usr/bin/python3");
    command.args([script, auth_url, user]);
    // The other region is compared meanwhile.
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

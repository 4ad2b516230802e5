//! Present and past resources of the cloud, read from its own API.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::{Kind, Timestamp, kind};
use gateway_tests::Simulator;
use serde::Deserialize;
use serde_json::Value;

use crate::event::ResourceState;

/// Lists all resources of an account through the cloud's own API.
pub(crate) async fn resources(
    simulator: &Simulator,
    region: &str,
    id: &str,
    secret: &str,
) -> BTreeSet<ResourceState> {
    let mut all = BTreeSet::new();
    let collections = kind::ALL.iter().map(|spec| spec.plural);
    for (collection, scope) in collections.flat_map(|name| [(name, "own"), (name, "published")]) {
        let items = simulator.listing(region, collection, scope, (id, secret)).await;
        all.extend(items.iter().map(|item| resource(item, scope)));
    }
    all
}

fn resource(item: &Value, scope: &str) -> ResourceState {
    let text = |key: &str| item[key].as_str().unwrap_or_else(|| panic!("no {key}: {item}")).to_owned();
    let kind = text("kind");
    ResourceState {
        // Kinds without a life cycle have a status in this cloud, but no state in the gateway.
        status: has_states(&kind).then(|| text("status")),
        external_id: text("id"),
        published: scope == "published",
        kind,
    }
}

fn has_states(kind: &str) -> bool {
    Kind::parse(kind).is_some_and(|kind| !kind.spec().states.is_empty())
}

/// The history of one resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// All statuses in order, as far as the journal has them.
    pub(crate) statuses: Vec<String>,
    /// The time of the deletion.
    pub(crate) gone: Option<Timestamp>,
}

#[derive(Deserialize)]
struct JournalLine {
    seq: u64,
    time: Timestamp,
    kind: String,
    id: String,
    from: Option<String>,
    to: Option<String>,
}

/// Returns the histories of all resources that changed since the start of the cloud, by kind and id.
pub(crate) async fn histories(simulator: &Simulator) -> BTreeMap<(String, String), History> {
    let mut histories: BTreeMap<_, History> = BTreeMap::new();
    let mut after = 0;
    loop {
        let answer = simulator.control("GET", &format!("journal?after={after}"), &Value::Null).await;
        let lines: Vec<JournalLine> = serde_json::from_value(answer["lines"].clone()).expect("a journal");
        let Some(last) = lines.last() else { return histories };
        after = last.seq;
        for line in lines {
            let history = histories.entry((line.kind, line.id)).or_default();
            if history.statuses.is_empty() {
                history.statuses.extend(line.from);
            }
            match line.to {
                Some(to) => history.statuses.push(to),
                None => history.gone = Some(line.time),
            }
        }
    }
}

//! What the cloud itself says that it has, and had.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::{Kind, Timestamp, kind};
use gateway_tests::Simulator;
use serde::Deserialize;
use serde_json::Value;

use crate::event::Seen;

/// Everything that the cloud shows to the account, asked at its own API.
pub(crate) async fn resources(simulator: &Simulator, region: &str, id: &str, secret: &str) -> BTreeSet<Seen> {
    let mut all = BTreeSet::new();
    let collections = kind::ALL.iter().map(|spec| spec.plural);
    for (collection, scope) in collections.flat_map(|name| [(name, "own"), (name, "published")]) {
        let items = simulator.listing(region, collection, scope, (id, secret)).await;
        all.extend(items.iter().map(|item| seen(item, scope)));
    }
    all
}

fn seen(item: &Value, scope: &str) -> Seen {
    let text = |key: &str| item[key].as_str().unwrap_or_else(|| panic!("no {key}: {item}")).to_owned();
    let kind = text("kind");
    Seen {
        // What has no life cycle has a word for it in this cloud, and none in the gateway.
        status: has_states(&kind).then(|| text("status")),
        external_id: text("id"),
        published: scope == "published",
        kind,
    }
}

fn has_states(kind: &str) -> bool {
    Kind::parse(kind).is_some_and(|kind| !kind.spec().states.is_empty())
}

/// The life of one resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// Every status that it had, in order, as far as the journal tells.
    pub(crate) statuses: Vec<String>,
    /// When it was gone.
    pub(crate) gone: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    time: Timestamp,
    kind: String,
    id: String,
    from: Option<String>,
    to: Option<String>,
}

/// The lives of all that changed since the cloud was started, by kind and id.
pub(crate) async fn lives(simulator: &Simulator) -> BTreeMap<(String, String), Life> {
    let mut lives: BTreeMap<_, Life> = BTreeMap::new();
    let mut after = 0;
    loop {
        let answer = simulator.control("GET", &format!("journal?after={after}"), &Value::Null).await;
        let lines: Vec<Line> = serde_json::from_value(answer["lines"].clone()).expect("a journal");
        let Some(last) = lines.last() else { return lives };
        after = last.seq;
        for line in lines {
            let life = lives.entry((line.kind, line.id)).or_default();
            if life.statuses.is_empty() {
                life.statuses.extend(line.from);
            }
            match line.to {
                Some(to) => life.statuses.push(to),
                None => life.gone = Some(line.time),
            }
        }
    }
}

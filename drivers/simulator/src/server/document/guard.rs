//! Security groups and their rules.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::body::Instance;
use super::super::rules::{Peer, RuleForm};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;

/// A group, as what it applies to names it.
#[derive(Serialize)]
pub(super) struct Firewall<'a> {
    id: String,
    name: &'a str,
}

impl World {
    /// The groups that apply to an instance.
    pub(super) fn firewalls(&self, place: Place, number: u64, instance: &Instance) -> Vec<Firewall<'_>> {
        let groups = self.shelf(Place { sort: Sort::SecurityGroup, ..place });
        let those: Vec<(u64, &str)> = match &instance.chosen {
            Some(chosen) => chosen
                .firewalls
                .iter()
                .filter_map(|group| Some((*group, groups.get(*group)?.name.as_str())))
                .collect(),
            None => self
                .drawn_firewalls(place, number)
                .map(|(group, record)| (group, record.name.as_str()))
                .collect(),
        };
        those.into_iter().map(|(group, name)| Firewall { id: Sort::SecurityGroup.id(group), name }).collect()
    }
}

pub(super) fn group(usual: bool) -> Value {
    json!({ "usual": usual, "remembers": true })
}

pub(super) fn rule(group: u64, form: &RuleForm) -> Value {
    let (range, peer) = match form.peer {
        Peer::Anybody => (None, None),
        Peer::Range(range) => (Some(range), None),
        Peer::SameGroup => (None, Some(Sort::SecurityGroup.id(group))),
    };
    json!({
        "firewall": Sort::SecurityGroup.id(group),
        "way": if form.inward { "in" } else { "out" },
        "family": form.family,
        "proto": form.proto,
        "ports": form.ports.map(|[from, to]| json!({ "from": from, "to": to })),
        "icmp": form.icmp.map(|[kind, code]| json!({ "type": kind, "code": code })),
        "peer_range": range,
        "peer_firewall": peer,
    })
}

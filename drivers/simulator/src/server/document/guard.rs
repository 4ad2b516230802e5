//! Security groups and their rules.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::body::{Body, Record};
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
    /// The groups that apply to an instance, drawn by its number: the usual one to all, the others to every other.
    pub(super) fn firewalls(&self, place: Place, number: u64) -> Vec<Firewall<'_>> {
        let groups = self.shelf(Place { sort: Sort::SecurityGroup, ..place }).after(None);
        let applies = |record: &Record| match record.body {
            Body::SecurityGroup { usual, .. } => usual || number & 1 == 1,
            _ => false,
        };
        let those = groups.filter(|(_, record)| applies(record));
        those
            .map(|(group, record)| Firewall { id: Sort::SecurityGroup.id(group), name: &record.name })
            .collect()
    }
}

pub(super) fn group(about: &str, usual: bool) -> Value {
    json!({ "about": about, "usual": usual, "remembers": true })
}

pub(super) fn rule(group: u64, form: &RuleForm) -> Value {
    let (range, peer) = match form.peer {
        Peer::Anybody => (None, None),
        Peer::Range(range) => (Some(range), None),
        Peer::SameGroup => (None, Some(Sort::SecurityGroup.id(group))),
    };
    json!({
        "about": form.about,
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

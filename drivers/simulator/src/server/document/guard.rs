//! Security groups and their rules.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::body::Instance;
use super::super::rules::{Peer, Rule, RuleForm};
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
    /// Groups by their numbers.
    pub(super) fn groups(&self, place: Place, groups: &[u64]) -> Vec<Firewall<'_>> {
        let shelf = self.shelf(Place { sort: Sort::SecurityGroup, ..place });
        let named = groups.iter().filter_map(|group| Some((*group, shelf.get(*group)?.name.as_str())));
        named.map(|(group, name)| Firewall { id: Sort::SecurityGroup.id(group), name }).collect()
    }

    /// The groups that apply to an instance.
    pub(super) fn firewalls(&self, place: Place, number: u64, instance: &Instance) -> Vec<Firewall<'_>> {
        match &instance.chosen {
            Some(chosen) => self.groups(place, &chosen.firewalls),
            None => {
                let drawn = self.drawn_firewalls(place, number);
                let named = drawn.map(|(group, record)| (group, record.name.as_str()));
                named.map(|(group, name)| Firewall { id: Sort::SecurityGroup.id(group), name }).collect()
            }
        }
    }
}

pub(super) fn group(usual: bool) -> Value {
    json!({ "usual": usual, "remembers": true })
}

pub(super) fn rule(group: u64, rule: &Rule) -> Value {
    match rule {
        Rule::Form(form) => from_form(group, form),
        Rule::Made(made) => json!(made),
    }
}

fn from_form(group: u64, form: &RuleForm) -> Value {
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

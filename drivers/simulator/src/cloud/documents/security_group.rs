//! Documents of security groups and their rules.

use gateway_core::Kind;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::Instance;
use crate::cloud::tables::rule::{Peer, Rule, RuleSpec};
use crate::cloud::tables::table::TableKey;

/// A security group in the document of a record to which it applies.
#[derive(Serialize)]
pub(crate) struct Firewall<'a> {
    id: String,
    name: &'a str,
}

impl Tables {
    /// Returns the groups of these numbers.
    pub(crate) fn groups(&self, table: TableKey, groups: &[u64]) -> Vec<Firewall<'_>> {
        let records = self.records(TableKey { kind: Kind::SecurityGroup, ..table });
        let named = groups.iter().filter_map(|group| Some((*group, records.get(*group)?.name.as_str())));
        named.map(|(group, name)| Firewall { id: Kind::SecurityGroup.id(group), name }).collect()
    }

    /// Returns the groups of an instance.
    pub(crate) fn firewalls(&self, table: TableKey, number: u64, instance: &Instance) -> Vec<Firewall<'_>> {
        match &instance.overrides {
            Some(overrides) => self.groups(table, &overrides.firewalls),
            None => {
                let derived = self.derived_firewalls(table, number);
                let named = derived.map(|(group, record)| (group, record.name.as_str()));
                named.map(|(group, name)| Firewall { id: Kind::SecurityGroup.id(group), name }).collect()
            }
        }
    }
}

pub(crate) fn group(default: bool) -> Value {
    json!({ "default": default, "stateful": true })
}

pub(crate) fn rule(group: u64, rule: &Rule) -> Value {
    match rule {
        Rule::Seeded(spec) => seeded_rule(group, spec),
        Rule::Created(created) => json!(created),
    }
}

fn seeded_rule(group: u64, spec: &RuleSpec) -> Value {
    let (range, peer) = match spec.peer {
        Peer::Any => (None, None),
        Peer::Range(range) => (Some(range), None),
        Peer::SameGroup => (None, Some(Kind::SecurityGroup.id(group))),
    };
    json!({
        "firewall": Kind::SecurityGroup.id(group),
        "direction": if spec.inbound { "in" } else { "out" },
        "family": spec.family,
        "proto": spec.proto,
        "ports": spec.ports.map(|[from, to]| json!({ "from": from, "to": to })),
        "icmp": spec.icmp.map(|[kind, code]| json!({ "type": kind, "code": code })),
        "peer_range": range,
        "peer_firewall": peer,
    })
}

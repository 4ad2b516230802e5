//! Creation of security groups and rules. A new group has no rules and blocks all traffic.

use gateway_core::Kind;
use serde::Deserialize;

use crate::cloud::commands::reference::own;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::range::Range;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::rule::{CreatedRule, Icmp, Ports, Rule};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGroup {}

pub(crate) fn create(tables: &Tables, table: TableKey, _: CreateGroup) -> Result<(Status, Body), Refusal> {
    tables.check_quota(table, "firewalls", 1)?;
    Ok((Status::Kept, Body::SecurityGroup { default: false, seeded: false }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRule {
    firewall: String,
    direction: String,
    family: Option<String>,
    proto: Option<String>,
    ports: Option<Ports>,
    icmp: Option<Icmp>,
    peer_range: Option<String>,
    peer_firewall: Option<String>,
}

pub(crate) fn create_rule(
    tables: &Tables,
    table: TableKey,
    request: CreateRule,
) -> Result<(Status, Body), Refusal> {
    let group = own(tables, table, Kind::SecurityGroup, &request.firewall)?;
    let peer = request.peer_firewall.as_deref();
    peer.map(|peer| own(tables, table, Kind::SecurityGroup, peer)).transpose()?;
    let created = CreatedRule {
        firewall: request.firewall,
        direction: request.direction,
        family: request.family.unwrap_or_else(|| "inet".to_owned()),
        proto: request.proto.unwrap_or_else(|| "any".to_owned()),
        ports: request.ports,
        icmp: request.icmp,
        peer_range: request.peer_range,
        peer_firewall: request.peer_firewall,
    };
    check(&created)?;
    tables.check_quota(table, "firewall_rules", 1)?;
    let mut others = tables.records(table).after(None);
    let is_same = |record: &Record| match &record.body {
        Body::SecurityGroupRule { rule: Rule::Created(other), .. } => **other == created,
        _ => false,
    };
    if others.any(|(_, record)| is_same(record)) {
        return Err(Refusal::conflict("the group has the rule already"));
    }
    Ok((Status::Kept, Body::SecurityGroupRule { group, rule: Rule::Created(Box::new(created)) }))
}

fn check(rule: &CreatedRule) -> Result<(), Refusal> {
    let has_ports = matches!(rule.proto.as_str(), "tcp" | "udp");
    let is_range_valid = match (&rule.peer_range, rule.family.as_str()) {
        (None, _) => true,
        (Some(range), "inet") => {
            // Prefixes from /0 to /32, more than a subnet may have.
            Range::parse(range).is_some()
                || range.split_once('/').is_some_and(|(base, bits)| {
                    base.parse::<std::net::Ipv4Addr>().is_ok()
                        && bits.parse().is_ok_and(|bits: u8| bits <= 32)
                })
        }
        (Some(range), _) => range.split_once('/').is_some_and(|(base, bits)| {
            base.parse::<std::net::Ipv6Addr>().is_ok() && bits.parse().is_ok_and(|bits: u8| bits <= 128)
        }),
    };
    let problem = match rule {
        _ if !matches!(rule.direction.as_str(), "in" | "out") => "`direction` must be `in` or `out`",
        _ if !matches!(rule.family.as_str(), "inet" | "inet6") => "`family` must be `inet` or `inet6`",
        _ if !matches!(rule.proto.as_str(), "any" | "tcp" | "udp" | "icmp") => {
            "`proto` must be `any`, `tcp`, `udp` or `icmp`"
        }
        _ if rule.ports.is_some_and(|ports| !has_ports || ports.from > ports.to) => {
            "`ports` must be a range of tcp or udp"
        }
        _ if rule.icmp.is_some() && rule.proto != "icmp" => "`icmp` requires the protocol icmp",
        _ if rule.peer_range.is_some() && rule.peer_firewall.is_some() => {
            "a rule has at most one of `peer_range` and `peer_firewall`"
        }
        _ if !is_range_valid => "`peer_range` is not a range of the family",
        _ => return Ok(()),
    };
    Err(Refusal::invalid(problem))
}

/// Checks that no record uses a group.
pub(crate) fn check_deletable(
    tables: &Tables,
    table: TableKey,
    number: u64,
    default: bool,
) -> Result<(), Refusal> {
    if default {
        return Err(Refusal::conflict("the default group cannot be deleted"));
    }
    let any = |kind, applies: &dyn Fn(u64, &Record) -> bool| {
        let all = tables.records(TableKey { kind, ..table }).after(None);
        all.into_iter().any(|(of, record)| applies(of, record))
    };
    let to_instance = |instance: u64, record: &Record| match &record.body {
        Body::Instance(body) => match &body.overrides {
            Some(overrides) => overrides.firewalls.contains(&number),
            None => tables.derived_firewalls(table, instance).any(|(group, _)| group == number),
        },
        _ => false,
    };
    let to_nic = |_: u64, record: &Record| match &record.body {
        Body::Nic(nic) => nic.firewalls.contains(&number),
        _ => false,
    };
    let id = Kind::SecurityGroup.id(number);
    let in_rule = |_: u64, record: &Record| match &record.body {
        Body::SecurityGroupRule { group, rule: Rule::Created(created) } => {
            *group != number && created.peer_firewall.as_ref() == Some(&id)
        }
        _ => false,
    };
    if any(Kind::Instance, &to_instance) || any(Kind::NetworkInterface, &to_nic) {
        return Err(Refusal::in_use("the group applies to a machine or an interface"));
    }
    if any(Kind::SecurityGroupRule, &in_rule) {
        return Err(Refusal::in_use("a rule of another group names it"));
    }
    Ok(())
}

/// Returns the rules of a group.
pub(crate) fn rules_of(tables: &Tables, table: TableKey, number: u64) -> Vec<u64> {
    let rules = tables.records(TableKey { kind: Kind::SecurityGroupRule, ..table }).after(None);
    let of =
        |record: &Record| matches!(record.body, Body::SecurityGroupRule { group, .. } if group == number);
    rules.filter(|(_, record)| of(record)).map(|(rule, _)| rule).collect()
}

/// Returns the groups of these ids, or the default group.
pub(crate) fn firewalls(
    tables: &Tables,
    table: TableKey,
    ids: Option<Vec<String>>,
) -> Result<Vec<u64>, Refusal> {
    match ids {
        Some(ids) => ids.iter().map(|id| own(tables, table, Kind::SecurityGroup, id)).collect(),
        None => {
            let groups = tables.records(TableKey { kind: Kind::SecurityGroup, ..table }).after(None);
            let default = |record: &Record| matches!(record.body, Body::SecurityGroup { default: true, .. });
            Ok(groups.filter(|(_, record)| default(record)).map(|(number, _)| number).collect())
        }
    }
}

//! Security groups and rules that clients make. A new group has no rules, and lets nothing through.

use serde::Deserialize;

use super::super::addresses::Range;
use super::super::answer::Refusal;
use super::super::body::{Body, Record};
use super::super::lifecycle::Status;
use super::super::rules::{Icmp, MadeRule, Ports, Rule};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::own;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedGroup {}

pub(super) fn group(world: &World, place: Place, _: WantedGroup) -> Result<(Status, Body), Refusal> {
    world.afford(place, "firewalls", 1)?;
    Ok((Status::Kept, Body::SecurityGroup { usual: false, seeded: false }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedRule {
    firewall: String,
    way: String,
    family: Option<String>,
    proto: Option<String>,
    ports: Option<Ports>,
    icmp: Option<Icmp>,
    peer_range: Option<String>,
    peer_firewall: Option<String>,
}

pub(super) fn rule(world: &World, place: Place, wanted: WantedRule) -> Result<(Status, Body), Refusal> {
    let group = own(world, place, Sort::SecurityGroup, &wanted.firewall)?;
    let peer = wanted.peer_firewall.as_deref();
    peer.map(|peer| own(world, place, Sort::SecurityGroup, peer)).transpose()?;
    let made = MadeRule {
        firewall: wanted.firewall,
        way: wanted.way,
        family: wanted.family.unwrap_or_else(|| "inet".to_owned()),
        proto: wanted.proto.unwrap_or_else(|| "any".to_owned()),
        ports: wanted.ports,
        icmp: wanted.icmp,
        peer_range: wanted.peer_range,
        peer_firewall: wanted.peer_firewall,
    };
    check(&made)?;
    world.afford(place, "firewall_rules", 1)?;
    let mut others = world.shelf(place).after(None);
    let is_same = |record: &Record| match &record.body {
        Body::SecurityGroupRule { rule: Rule::Made(other), .. } => **other == made,
        _ => false,
    };
    if others.any(|(_, record)| is_same(record)) {
        return Err(Refusal::conflict("the group has that rule"));
    }
    Ok((Status::Kept, Body::SecurityGroupRule { group, rule: Rule::Made(Box::new(made)) }))
}

fn check(rule: &MadeRule) -> Result<(), Refusal> {
    let has_ports = matches!(rule.proto.as_str(), "tcp" | "udp");
    let range_is_fine = match (&rule.peer_range, rule.family.as_str()) {
        (None, _) => true,
        (Some(range), "inet") => {
            // Of one address, and of all, too: more than a subnet may have.
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
        _ if !matches!(rule.way.as_str(), "in" | "out") => "a rule goes in or out",
        _ if !matches!(rule.family.as_str(), "inet" | "inet6") => "addresses are inet or inet6",
        _ if !matches!(rule.proto.as_str(), "any" | "tcp" | "udp" | "icmp") => {
            "a rule is about any, tcp, udp or icmp"
        }
        _ if rule.ports.is_some_and(|ports| !has_ports || ports.from > ports.to) => "there are no such ports",
        _ if rule.icmp.is_some() && rule.proto != "icmp" => "types and codes are of icmp alone",
        _ if rule.peer_range.is_some() && rule.peer_firewall.is_some() => "there is one peer at most",
        _ if !range_is_fine => "the peer's range is none of its family",
        _ => return Ok(()),
    };
    Err(Refusal::invalid(problem))
}

/// What stands in the way of removing a group.
pub(super) fn removable(world: &World, place: Place, number: u64, usual: bool) -> Result<(), Refusal> {
    if usual {
        return Err(Refusal::conflict("the usual group stays"));
    }
    let any = |sort, applies: &dyn Fn(u64, &Record) -> bool| {
        let all = world.shelf(Place { sort, ..place }).after(None);
        all.into_iter().any(|(of, record)| applies(of, record))
    };
    let to_instance = |instance: u64, record: &Record| match &record.body {
        Body::Instance(body) => match &body.chosen {
            Some(chosen) => chosen.firewalls.contains(&number),
            None => world.drawn_firewalls(place, instance).any(|(group, _)| group == number),
        },
        _ => false,
    };
    let to_plug = |_: u64, record: &Record| match &record.body {
        Body::Plug(plug) => plug.firewalls.contains(&number),
        _ => false,
    };
    let id = Sort::SecurityGroup.id(number);
    let in_rule = |_: u64, record: &Record| match &record.body {
        Body::SecurityGroupRule { group, rule: Rule::Made(made) } => {
            *group != number && made.peer_firewall.as_ref() == Some(&id)
        }
        _ => false,
    };
    if any(Sort::Instance, &to_instance) || any(Sort::NetworkInterface, &to_plug) {
        return Err(Refusal::in_use("the group applies to something"));
    }
    if any(Sort::SecurityGroupRule, &in_rule) {
        return Err(Refusal::in_use("a rule of another group names it"));
    }
    Ok(())
}

/// The rules of a group, which go with it.
pub(super) fn rules_of(world: &World, place: Place, number: u64) -> Vec<u64> {
    let rules = world.shelf(Place { sort: Sort::SecurityGroupRule, ..place }).after(None);
    let of =
        |record: &Record| matches!(record.body, Body::SecurityGroupRule { group, .. } if group == number);
    rules.filter(|(_, record)| of(record)).map(|(rule, _)| rule).collect()
}

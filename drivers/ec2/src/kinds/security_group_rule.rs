//! Rules of security groups.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Direction, SecurityGroup, SecurityGroupRule};

use super::{Origin, name_tag, set_owner, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::{Element, odd};

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: SecurityGroupRule::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    parts: &[Part::new(
        "DescribeSecurityGroupRules",
        "securityGroupRuleSet",
        Single::Parameter("SecurityGroupRuleId"),
        Map::One(observe),
    )
    .paged(1000)],
};

/// EC2's word and number for all protocols, all ICMP types and all ICMP codes.
const ANY: &str = "-1";

/// Protocols with ports, by name and number.
const WITH_PORTS: [&str; 4] = ["tcp", "udp", "6", "17"];

/// Protocols of which EC2 tells type and code in the place of ports.
const WITH_TYPES: [&str; 4] = ["icmp", "icmpv6", "1", "58"];

/// Reads one item of `securityGroupRuleSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every rule has, or is of the wrong type.
fn observe(rule: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(rule);
    let is_egress =
        rule.read_at(&["isEgress"])?.ok_or_else(|| odd("a security group rule without direction"))?;
    let protocol = Some(rule.required(&["ipProtocol"])?).filter(|protocol| *protocol != ANY);
    let is_one_of = |protocols: [&str; 4]| protocol.is_some_and(|protocol| protocols.contains(&protocol));
    let (has_ports, has_types) = (is_one_of(WITH_PORTS), is_one_of(WITH_TYPES));
    let (ipv4, ipv6) = (rule.owned_at(&["cidrIpv4"]), rule.owned_at(&["cidrIpv6"]));
    let fields = SecurityGroupRule {
        description: rule.owned_at(&["description"]),
        security_group: origin.reference::<SecurityGroup>(rule.required(&["groupId"])?),
        direction: if is_egress { Direction::Egress } else { Direction::Ingress },
        ip_version: ipv4.as_ref().map(|_| 4).or(ipv6.as_ref().map(|_| 6)),
        protocol: protocol.map(ToOwned::to_owned),
        first_port: number(rule, "fromPort", has_ports)?,
        last_port: number(rule, "toPort", has_ports)?,
        icmp_type: number(rule, "fromPort", has_types)?,
        icmp_code: number(rule, "toPort", has_types)?,
        remote_cidr: ipv4.or(ipv6),
        remote_security_group: rule
            .text_at(&["referencedGroupInfo", "groupId"])
            .map(|id| origin.reference::<SecurityGroup>(id)),
        remote_address_list: rule.owned_at(&["prefixListId"]),
    };
    let mut observed =
        Observed::new(rule.required(&["securityGroupRuleId"])?, name_tag(&tags), &fields, rule.to_json())?;
    set_owner(&mut observed, rule.text_at(&["groupOwnerId"]), origin);
    observed.tags = tags;
    Ok(observed)
}

/// A number that means something for the rule's protocol, and not all of them.
fn number<T: std::str::FromStr>(rule: &Element, name: &str, has_meaning: bool) -> Result<Option<T>> {
    if !has_meaning || rule.text_at(&[name]) == Some(ANY) {
        return Ok(None);
    }
    rule.read_at(&[name])
}

#[cfg(test)]
#[path = "security_group_rule_test.rs"]
mod tests;

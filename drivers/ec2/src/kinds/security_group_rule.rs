//! Rules of security groups.

use std::str::FromStr;

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Direction, SecurityGroup, SecurityGroupRule};
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::tags;
use crate::xml::{Element, wrong_document};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::SecurityGroupRule,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[CREATE, DELETE],
    calls: &[ListCall::new(
        "DescribeSecurityGroupRules",
        "securityGroupRuleSet",
        Single::Parameter("SecurityGroupRuleId"),
        Mapping::One(observe),
    )
    .paged(1000)],
};

/// EC2's value for all protocols, all ICMP types and all ICMP codes.
const ANY: &str = "-1";

/// Protocols with ports, by name and number.
const WITH_PORTS: [&str; 4] = ["tcp", "udp", "6", "17"];

/// Protocols for which EC2 puts type and code in the fields of the ports.
const WITH_TYPES: [&str; 4] = ["icmp", "icmpv6", "1", "58"];

/// Maps one item of `securityGroupRuleSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(rule: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(rule);
    let is_egress = rule
        .read_at(&["isEgress"])?
        .ok_or_else(|| wrong_document("a security group rule without direction"))?;
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
    let id = rule.required(&["securityGroupRuleId"])?;
    let mut observed = Observed::new(id, tags::name(&tags), &fields, rule.to_json())?;
    origin.set_owner(&mut observed, rule.text_at(&["groupOwnerId"]));
    observed.tags = tags;
    Ok(observed)
}

/// Reads a number that the rule's protocol uses; `None` if the rule is for all of them.
fn number<T: FromStr>(rule: &Element, name: &str, is_used: bool) -> Result<Option<T>> {
    if !is_used || rule.text_at(&[name]) == Some(ANY) {
        return Ok(None);
    }
    rule.read_at(&[name])
}

#[cfg(test)]
#[path = "security_group_rule_test.rs"]
mod tests;

//! Rules of security groups.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{
    Command, CreateSecurityGroupRule, Direction, SecurityGroup, SecurityGroupRule, Verb,
};
use serde_json::Value;

use super::faults::Faults;
use super::tagging::{Naming, tagged};
use super::{Act, done, key_of, reference, touched, touched_target};
use crate::form::Form;
use crate::xml::odd;

/// EC2's word for all protocols, and its number for all types and codes of ICMP.
const ANY: &str = "-1";

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    let Command::CreateSecurityGroupRule(command) = step.command else { return faults };
    let is_of_version = |version| {
        let is_6 = command.remote_cidr.as_ref().map(|cidr| cidr.contains(':'));
        is_6.is_none_or(|is_6| is_6 == (version == 6))
    };
    faults
        .unless(
            command.protocol.as_deref().is_none_or(is_protocol),
            "/protocol",
            "must be tcp, udp, icmp, icmpv6 or a number here",
        )
        .unless(command.ip_version.is_none_or(is_of_version), "/ip_version", "is not that of `remote_cidr`")
        .unless(
            command.ip_version.is_none() || command.remote_security_group.is_none(),
            "/ip_version",
            "has no meaning here with `remote_security_group`: such a rule is for both",
        )
}

fn is_protocol(word: &str) -> bool {
    matches!(word, "tcp" | "udp" | "icmp" | "icmpv6") || word.parse::<u8>().is_ok()
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateSecurityGroupRule(command)) => {
            let answer = act.write(form(act.step, command)?).await?;
            let rule =
                answer.items(&["securityGroupRuleSet"]).next().ok_or_else(|| odd("no rule was made"))?;
            let rule = touched::<SecurityGroupRule>(rule.required(&["securityGroupRuleId"])?);
            let group = touched::<SecurityGroup>(key_of(act.step, command.security_group)?);
            Ok(done(&answer, vec![rule, group]))
        }
        (Verb::Delete, _) => revoke(act).await,
        _ => Err(act.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateSecurityGroupRule) -> Result<Form> {
    const RULE: &str = "IpPermissions.1";
    let action = match command.direction {
        Direction::Ingress => "AuthorizeSecurityGroupIngress",
        Direction::Egress => "AuthorizeSecurityGroupEgress",
    };
    let (first, last) = ports(command);
    let mut form = Form::new(action)
        .with("GroupId", key_of(step, command.security_group)?)
        .with(format!("{RULE}.IpProtocol"), command.protocol.as_deref().unwrap_or(ANY))
        .with_some(format!("{RULE}.FromPort"), first)
        .with_some(format!("{RULE}.ToPort"), last);
    let is_6 = command.remote_cidr.as_ref().map_or(command.ip_version == Some(6), |cidr| cidr.contains(':'));
    let (end, parameter, everybody) = match is_6 {
        _ if command.remote_security_group.is_some() => ("Groups", "GroupId", ""),
        true => ("Ipv6Ranges", "CidrIpv6", "::/0"),
        false => ("IpRanges", "CidrIp", "0.0.0.0/0"),
    };
    let value = match command.remote_security_group {
        Some(group) => key_of(step, group)?,
        None => command.remote_cidr.as_deref().unwrap_or(everybody),
    };
    form = form
        .with(format!("{RULE}.{end}.1.{parameter}"), value)
        .with_some(format!("{RULE}.{end}.1.Description"), command.description.as_ref());
    Ok(tagged(form, "security-group-rule", step, &BTreeMap::new(), Naming::Own))
}

/// Ports, or type and code in their place, as EC2 wants them where they mean something.
fn ports(command: &CreateSecurityGroupRule) -> (Option<i32>, Option<i32>) {
    match command.protocol.as_deref() {
        Some("tcp" | "udp" | "6" | "17") => {
            let last = command.last_port.or(command.first_port);
            (Some(command.first_port.unwrap_or(0).into()), Some(last.unwrap_or(u16::MAX).into()))
        }
        Some("icmp" | "icmpv6" | "1" | "58") => {
            (Some(command.icmp_type.map_or(-1, Into::into)), Some(command.icmp_code.map_or(-1, Into::into)))
        }
        _ => (None, None),
    }
}

async fn revoke(act: &Act<'_>) -> Result<Done> {
    let target = act.target()?;
    let group =
        reference(&target.document, "security_group").ok_or_else(|| odd("a rule of no group").untouched())?;
    let action = match target.document.get("direction").and_then(Value::as_str) {
        Some("egress") => "RevokeSecurityGroupEgress",
        _ => "RevokeSecurityGroupIngress",
    };
    let form =
        Form::new(action).with("GroupId", group).with_list("SecurityGroupRuleId", [&target.native_key]);
    Ok(done(&act.write(form).await?, vec![touched_target(act)?, touched::<SecurityGroup>(group)]))
}

//! Commands of rules of security groups.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{
    Command, CreateSecurityGroupRule, Direction, SecurityGroup, SecurityGroupRule, Verb,
};
use serde_json::Value;

use super::action::{Action, done, touched};
use super::field_errors::FieldErrors;
use super::reference::{key_of, reference};
use super::tagging::tagged;
use crate::form::Form;
use crate::tags::Naming;
use crate::xml::wrong_document;

/// EC2's value for all protocols, all ICMP types and all ICMP codes.
const ANY: &str = "-1";

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    let Command::CreateSecurityGroupRule(command) = step.command else { return errors };
    let is_version_of_cidr = |version| {
        let is_ipv6 = command.remote_cidr.as_ref().map(|cidr| cidr.contains(':'));
        is_ipv6.is_none_or(|is_ipv6| is_ipv6 == (version == 6))
    };
    errors
        .require(
            command.protocol.as_deref().is_none_or(is_protocol),
            "/protocol",
            "must be `tcp`, `udp`, `icmp`, `icmpv6` or a number",
        )
        .require(
            command.ip_version.is_none_or(is_version_of_cidr),
            "/ip_version",
            "must be the version of `remote_cidr`",
        )
        .require(
            command.ip_version.is_none() || command.remote_security_group.is_none(),
            "/ip_version",
            "is not supported with `remote_security_group`: at this cloud such a rule applies to both versions",
        )
}

fn is_protocol(word: &str) -> bool {
    matches!(word, "tcp" | "udp" | "icmp" | "icmpv6") || word.parse::<u8>().is_ok()
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateSecurityGroupRule(command)) => create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        _ => Err(action.step.unsupported()),
    }
}

async fn create(action: &Action<'_>, command: &CreateSecurityGroupRule) -> Result<Done> {
    let answer = action.write(form(action.step, command)?).await?;
    let rule = answer
        .items(&["securityGroupRuleSet"])
        .next()
        .ok_or_else(|| wrong_document("an authorization without rule"))?;
    let rule = touched::<SecurityGroupRule>(rule.required(&["securityGroupRuleId"])?);
    let group = touched::<SecurityGroup>(key_of(action.step, command.security_group)?);
    Ok(done(&answer, vec![rule, group]))
}

fn form(step: &Step<'_>, command: &CreateSecurityGroupRule) -> Result<Form> {
    const RULE: &str = "IpPermissions.1";
    let form = match command.direction {
        Direction::Ingress => Form::new("AuthorizeSecurityGroupIngress"),
        Direction::Egress => Form::new("AuthorizeSecurityGroupEgress"),
    };
    let (first, last) = ports(command);
    let form = form
        .with("GroupId", key_of(step, command.security_group)?)
        .with(format!("{RULE}.IpProtocol"), command.protocol.as_deref().unwrap_or(ANY))
        .with_some(format!("{RULE}.FromPort"), first)
        .with_some(format!("{RULE}.ToPort"), last);
    let is_ipv6 =
        command.remote_cidr.as_ref().map_or(command.ip_version == Some(6), |cidr| cidr.contains(':'));
    let (list, parameter, everybody) = match is_ipv6 {
        _ if command.remote_security_group.is_some() => ("Groups", "GroupId", ""),
        true => ("Ipv6Ranges", "CidrIpv6", "::/0"),
        false => ("IpRanges", "CidrIp", "0.0.0.0/0"),
    };
    let remote = match command.remote_security_group {
        Some(group) => key_of(step, group)?,
        None => command.remote_cidr.as_deref().unwrap_or(everybody),
    };
    let form = form
        .with(format!("{RULE}.{list}.1.{parameter}"), remote)
        .with_some(format!("{RULE}.{list}.1.Description"), command.description.as_ref());
    Ok(tagged(form, "security-group-rule", step, &BTreeMap::new(), Naming::Own))
}

/// Returns the ports, or type and code in their fields, which EC2 requires for protocols that have them.
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

async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.target()?;
    let group = reference(&target.document, "security_group")
        .ok_or_else(|| wrong_document("a rule without security group").untouched())?;
    let form = match target.document.get("direction").and_then(Value::as_str) {
        Some("egress") => Form::new("RevokeSecurityGroupEgress"),
        _ => Form::new("RevokeSecurityGroupIngress"),
    };
    let form = form.with("GroupId", group).with_list("SecurityGroupRuleId", [&target.native_key]);
    let answer = action.write(form).await?;
    Ok(done(&answer, vec![action.touched_target()?, touched::<SecurityGroup>(group)]))
}

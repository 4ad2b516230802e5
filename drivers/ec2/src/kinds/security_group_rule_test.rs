use gateway_core::ErrorKind;

use super::*;
use crate::fixtures::with_origin;

fn rule(what: &str) -> String {
    format!(
        "<item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><groupOwnerId>111</groupOwnerId>\
         <isEgress>false</isEgress>{what}<tagSet/></item>"
    )
}

fn fields(what: &str) -> SecurityGroupRule {
    serde_json::from_value(with_origin(&rule(what), observe).unwrap().fields.into()).unwrap()
}

fn group(id: &str) -> gateway_core::kind::Reference {
    with_origin("<a/>", |_, origin| origin.reference::<SecurityGroup>(id))
}

#[test]
fn only_protocols_with_ports_have_ports() {
    let observed = fields(
        "<ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>23</toPort><cidrIpv4>10.0.0.0/8</cidrIpv4>\
         <description>x</description>",
    );
    let expected = SecurityGroupRule {
        description: Some("x".to_owned()),
        security_group: group("sg-1"),
        direction: Direction::Ingress,
        ip_version: Some(4),
        protocol: Some("tcp".to_owned()),
        first_port: Some(22),
        last_port: Some(23),
        remote_cidr: Some("10.0.0.0/8".to_owned()),
        ..SecurityGroupRule::default()
    };
    assert_eq!(observed, expected);
    let other = fields("<ipProtocol>50</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>");
    assert_eq!((other.protocol.as_deref(), other.first_port, other.icmp_type), (Some("50"), None, None));
}

#[test]
fn icmp_rule_has_type_and_code_unless_it_is_for_all() {
    let ping = fields(
        "<ipProtocol>icmp</ipProtocol><fromPort>8</fromPort><toPort>-1</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4>",
    );
    assert_eq!((ping.icmp_type, ping.icmp_code), (Some(8), None));
    assert_eq!((ping.first_port, ping.last_port), (None, None));
    let new = fields(
        "<ipProtocol>icmpv6</ipProtocol><fromPort>128</fromPort><toPort>0</toPort><cidrIpv6>::/0</cidrIpv6>",
    );
    assert_eq!((new.icmp_type, new.icmp_code, new.ip_version), (Some(128), Some(0), Some(6)));
}

#[test]
fn rule_for_all_protocols_has_no_protocol() {
    let any =
        "<ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort><cidrIpv6>::/0</cidrIpv6>";
    let text = rule(any).replace("<isEgress>false", "<isEgress>true");
    let observed: SecurityGroupRule =
        serde_json::from_value(with_origin(&text, observe).unwrap().fields.into()).unwrap();
    assert_eq!((observed.protocol, observed.first_port, observed.icmp_type), (None, None, None));
    assert_eq!((observed.direction, observed.ip_version), (Direction::Egress, Some(6)));
    assert_eq!(observed.remote_cidr.as_deref(), Some("::/0"));
}

#[test]
fn remote_of_rule_may_be_a_group_or_a_prefix_list() {
    let ports = "<ipProtocol>udp</ipProtocol><fromPort>0</fromPort><toPort>65535</toPort>";
    let grouped = fields(&format!(
        "{ports}<referencedGroupInfo><groupId>sg-2</groupId><userId>222</userId></referencedGroupInfo>"
    ));
    assert_eq!((grouped.remote_security_group, grouped.ip_version), (Some(group("sg-2")), None));
    assert_eq!((grouped.first_port, grouped.last_port), (Some(0), Some(65535)));
    let listed = fields(&format!("{ports}<prefixListId>pl-1</prefixListId>"));
    assert_eq!(listed.remote_address_list.as_deref(), Some("pl-1"));
    let observed = with_origin(&rule(ports), observe).unwrap();
    assert_eq!((observed.native_key.as_str(), observed.owner.as_deref()), ("sgr-1", Some("111")));
}

#[test]
fn wrong_fields_of_rule_are_errors() {
    let sound = rule("<ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort>");
    assert!(with_origin(&sound, observe).is_ok());
    for (part, wrong) in [(">22<", ">99999<"), (">22<", ">ssh<"), ("isEgress", "egress"), ("ipProtocol", "p")]
    {
        let error = with_origin(&sound.replace(part, wrong), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
    }
}

//! Rules of Neutron's security groups.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{self, Direction, Kind, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{self, Common, reference};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty};
use crate::listing::{Children, Form, PROJECT, Pass};
use crate::paging::Pages;

/// Rules of Neutron's security groups, listed by group: a rule that an administrator adds to the project's group belongs
/// to the administrator's project, but controls this project's traffic.
///
/// Rules of other projects' groups are not listed. Neutron removes them from pages that it has already counted, and an
/// empty page looks like the last one.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[Pass {
        form: Form::Children(
            Pages::new("security_groups"),
            Children {
                path: &["security-group-rules"],
                pages: Pages::new("security_group_rules"),
                parent: "security_group_id",
            },
        ),
        ..neutron::own(&["security-groups"], "security_groups").with(&[
            ("project_id", PROJECT),
            ("fields", "id"),
            ("fields", "project_id"),
        ])
    }],
    // Neutron's policy check leaves it in the documents of a listing.
    omitted: &["security_group:tenant_id"],
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(
        Kind::SecurityGroupRule,
        Lookup::Id { path: "security-group-rules", key: Some("security_group_rule") },
        observe,
    )
};

#[derive(Deserialize)]
struct Rule {
    security_group_id: String,
    direction: Direction,
    ethertype: Option<String>,
    protocol: Option<String>,
    /// The type in rules for ICMP; the next is the code.
    port_range_min: Option<i64>,
    port_range_max: Option<i64>,
    remote_ip_prefix: Option<String>,
    remote_group_id: Option<String>,
    remote_address_group_id: Option<String>,
}

/// Protocols with ports, by name and by number.
const WITH_PORTS: [&str; 10] = ["tcp", "6", "udp", "17", "dccp", "33", "sctp", "132", "udplite", "136"];

/// Both versions of ICMP, by the names and numbers that Neutron accepts.
const ICMP: [&str; 5] = ["icmp", "1", "icmpv6", "ipv6-icmp", "58"];

/// Maps one rule.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, rule): (Common, Rule) = Common::read("security group rule", &raw)?;
    let protocol = non_empty(rule.protocol).filter(|protocol| protocol != "any");
    let is_in = |names: &[&str]| protocol.as_deref().is_some_and(|protocol| names.contains(&protocol));
    let (has_ports, is_icmp) = (is_in(&WITH_PORTS), is_in(&ICMP));
    let fields = kind::SecurityGroupRule {
        description: common.description(),
        security_group: view.reference(Kind::SecurityGroup, &rule.security_group_id),
        direction: rule.direction,
        ip_version: match rule.ethertype.as_deref() {
            Some("IPv4") => Some(4),
            Some("IPv6") => Some(6),
            _ => None,
        },
        first_port: number(rule.port_range_min, has_ports),
        last_port: number(rule.port_range_max, has_ports),
        icmp_type: number(rule.port_range_min, is_icmp),
        icmp_code: number(rule.port_range_max, is_icmp),
        remote_cidr: non_empty(rule.remote_ip_prefix),
        remote_security_group: reference(view, Kind::SecurityGroup, rule.remote_group_id),
        remote_address_list: non_empty(rule.remote_address_group_id),
        protocol,
    };
    common.observed(view, &fields, raw)
}

fn number<T: TryFrom<i64>>(value: Option<i64>, is_present: bool) -> Option<T> {
    value.filter(|_| is_present).and_then(|value| T::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::service::Service;

    fn document() -> Value {
        json!({
            "id": "e1", "tenant_id": "p1", "security_group_id": "g1", "ethertype": "IPv4", "direction": "ingress",
            "protocol": "tcp", "port_range_min": 22, "port_range_max": 23, "remote_ip_prefix": "0.0.0.0/0",
            "remote_address_group_id": null, "normalized_cidr": "0.0.0.0/0", "remote_group_id": null,
            "description": "", "created_at": "2026-11-24T09:55:34Z", "updated_at": "2026-11-24T09:55:34Z",
            "revision_number": 0, "project_id": "p1"
        })
    }

    fn with(changes: &Value) -> Result<kind::SecurityGroupRule> {
        let mut raw = document();
        raw.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        with_view(|view| observe(view, raw)).map(|observed| fields(&observed))
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let rule: kind::SecurityGroupRule = fields(&observed);
        assert_eq!(
            (rule.security_group.external_id.as_deref(), rule.direction),
            (Some("g1"), Direction::Ingress)
        );
        assert_eq!((rule.ip_version, rule.protocol.as_deref()), (Some(4), Some("tcp")));
        assert_eq!((rule.first_port, rule.last_port), (Some(22), Some(23)));
        assert_eq!((rule.icmp_type, rule.icmp_code, rule.description), (None, None, None));
        assert_eq!((rule.remote_cidr.as_deref(), rule.remote_security_group), (Some("0.0.0.0/0"), None));
        assert_eq!((observed.name.as_str(), observed.owner.as_deref()), ("", Some("p1")));
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn port_range_of_icmp_is_type_and_code() {
        let ping =
            json!({"protocol": "ipv6-icmp", "ethertype": "IPv6", "port_range_min": 8, "port_range_max": 0});
        let rule = with(&ping).unwrap();
        assert_eq!((rule.icmp_type, rule.icmp_code, rule.ip_version), (Some(8), Some(0), Some(6)));
        assert_eq!((rule.first_port, rule.last_port), (None, None));
        let other = with(&json!({"protocol": "vrrp"})).unwrap();
        assert_eq!((other.first_port, other.icmp_type), (None, None));
        assert_eq!(with(&json!({"protocol": "17"})).unwrap().first_port, Some(22));
    }

    #[test]
    fn any_protocol_is_none_and_remote_may_be_a_group_or_a_list() {
        for any in [Value::Null, json!("any"), json!("")] {
            assert_eq!(with(&json!({"protocol": any, "port_range_min": null})).unwrap().protocol, None);
        }
        let rule =
            with(&json!({"remote_ip_prefix": null, "remote_group_id": "g2", "direction": "egress"})).unwrap();
        assert_eq!(rule.remote_security_group.unwrap().external_id.as_deref(), Some("g2"));
        assert_eq!((rule.remote_cidr, rule.direction), (None, Direction::Egress));
        let listed = with(&json!({"remote_address_group_id": "l1"})).unwrap();
        assert_eq!(listed.remote_address_list.as_deref(), Some("l1"));
        assert!(with(&json!({"direction": "sideways"})).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

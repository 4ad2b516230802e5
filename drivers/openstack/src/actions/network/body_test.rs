//! Commands and the bodies that they become, and their faults.

use std::collections::BTreeMap;

use gateway_core::driver::{Known, References, Step};
use gateway_core::id::{CloudId, OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use super::body::CreateBody;
use super::validate::validate;

/// Returns the gateway's id of the resource whose id at Neutron is the kind and `-1`.
fn id(kind: Kind) -> ResourceId {
    let cloud = CloudId::from_bytes(&[7; 16]).unwrap();
    ResourceId::derive(cloud, &Region::new("One"), kind, "1")
}

fn references() -> References {
    let known = [Kind::Network, Kind::Subnet, Kind::SecurityGroup].map(|kind| {
        let external_id = format!("{kind}-1");
        let known = Known {
            id: id(kind),
            kind,
            native_key: external_id.clone(),
            external_id,
            name: String::new(),
            document: Map::new(),
        };
        (known.id, known)
    });
    References(BTreeMap::from(known))
}

fn with_step<T>(kind: Kind, verb: Verb, command: Value, check: impl FnOnce(&Step<'_>) -> T) -> T {
    let command = Command::read(kind.spec().verb(verb).unwrap(), command).unwrap();
    let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
    check(&Step { kind, verb, command: &command, target: None, named: &references(), marker })
}

/// Returns the body without its description, which must be the command's with the marker.
fn body(kind: Kind, command: Value) -> Value {
    let text = command["description"].as_str().map(str::to_owned);
    with_step(kind, Verb::Create, command, |step| {
        let mut body = CreateBody::of(step).unwrap().document(step.marker);
        let described = body.as_object_mut().unwrap().remove("description").unwrap();
        assert_eq!(described, json!(step.marker.append_to(text.as_deref())));
        body
    })
}

fn faults(kind: Kind, verb: Verb, command: Value) -> Vec<String> {
    with_step(kind, verb, command, validate).into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn every_field_of_create_is_in_the_body() {
    let network =
        json!({"name": "n", "description": "w", "tags": {"blue": ""}, "cloud_options": {"mtu": 1400}});
    assert_eq!(body(Kind::Network, network), json!({"name": "n", "mtu": 1400}));
    let subnet = json!({"name": "s", "network": id(Kind::Network), "cidr": "10.0.0.0/24", "dhcp": false,
        "gateway_ip_address": "10.0.0.9", "dns_servers": ["192.0.2.1"]});
    assert_eq!(
        body(Kind::Subnet, subnet),
        json!({"name": "s", "network_id": "network-1", "cidr": "10.0.0.0/24", "ip_version": 4,
            "enable_dhcp": false, "gateway_ip": "10.0.0.9", "dns_nameservers": ["192.0.2.1"]})
    );
    let six = json!({"name": "s", "network": id(Kind::Network), "cidr": "fd00::/64",
        "cloud_options": {"gateway_ip": null}});
    assert_eq!(
        body(Kind::Subnet, six),
        json!({"name": "s", "network_id": "network-1", "cidr": "fd00::/64", "ip_version": 6, "gateway_ip": null})
    );
    let router = json!({"name": "r", "external_network": id(Kind::Network)});
    assert_eq!(
        body(Kind::Router, router),
        json!({"name": "r", "external_gateway_info": {"network_id": "network-1"}})
    );
    assert_eq!(body(Kind::Router, json!({"name": "r"})), json!({"name": "r"}));
    let port = json!({"name": "p", "network": id(Kind::Network), "security_groups": [id(Kind::SecurityGroup)],
        "addresses": [{"subnet": id(Kind::Subnet), "ip_address": "10.0.0.5"}, {"subnet": id(Kind::Subnet)}]});
    assert_eq!(
        body(Kind::NetworkInterface, port),
        json!({"name": "p", "network_id": "network-1", "security_groups": ["security_group-1"],
            "fixed_ips": [{"subnet_id": "subnet-1", "ip_address": "10.0.0.5"}, {"subnet_id": "subnet-1"}]})
    );
    let bare = json!({"network": id(Kind::Network), "security_groups": []});
    assert_eq!(
        body(Kind::NetworkInterface, bare),
        json!({"name": "", "network_id": "network-1", "security_groups": []})
    );
    let address =
        json!({"network": id(Kind::Network), "cloud_options": {"floating_ip_address": "172.24.0.9"}});
    assert_eq!(
        body(Kind::IpAddress, address),
        json!({"floating_network_id": "network-1", "floating_ip_address": "172.24.0.9"})
    );
    assert_eq!(body(Kind::SecurityGroup, json!({"name": "g"})), json!({"name": "g"}));
}

#[test]
fn every_field_of_a_rule_is_in_the_body() {
    let rule = |more: Value| {
        let mut command = json!({"security_group": id(Kind::SecurityGroup), "direction": "ingress"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut body = body(Kind::SecurityGroupRule, command);
        let body = body.as_object_mut().unwrap();
        assert_eq!(body.remove("security_group_id"), Some(json!("security_group-1")));
        assert_eq!(body.remove("direction"), Some(json!("ingress")));
        Value::Object(body.clone())
    };
    assert_eq!(rule(json!({})), json!({"ethertype": "IPv4"}));
    assert_eq!(
        rule(json!({"protocol": "tcp", "first_port": 22, "remote_cidr": "10.0.0.0/8"})),
        json!({"ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22,
            "remote_ip_prefix": "10.0.0.0/8"})
    );
    assert_eq!(
        rule(json!({"protocol": "udp", "first_port": 1, "last_port": 9, "ip_version": 6,
            "remote_security_group": id(Kind::SecurityGroup)})),
        json!({"ethertype": "IPv6", "protocol": "udp", "port_range_min": 1, "port_range_max": 9,
            "remote_group_id": "security_group-1"})
    );
    assert_eq!(
        rule(json!({"protocol": "icmp", "icmp_type": 8, "icmp_code": 0})),
        json!({"ethertype": "IPv4", "protocol": "icmp", "port_range_min": 8, "port_range_max": 0})
    );
    assert_eq!(
        rule(json!({"protocol": "icmp", "icmp_type": 8})),
        json!({"ethertype": "IPv4", "protocol": "icmp", "port_range_min": 8}),
        "without code, every code matches"
    );
}

#[test]
fn field_that_neutron_lacks_is_a_fault() {
    let name = "x";
    for (kind, command, expected) in [
        (Kind::Network, json!({"name": name, "cidr": "10.0.0.0/8"}), "/cidr"),
        (
            Kind::Subnet,
            json!({"name": name, "network": id(Kind::Network), "cidr": "10.0.0.0/8", "datacenter": "nova"}),
            "/datacenter",
        ),
        (Kind::Router, json!({"name": name, "network": id(Kind::Network)}), "/network"),
        (Kind::SecurityGroup, json!({"name": name, "network": id(Kind::Network)}), "/network"),
        (Kind::IpAddress, json!({}), "/network"),
        (
            Kind::NetworkInterface,
            json!({"network": id(Kind::Network), "tags": {"a/b": "value"}}),
            "/tags/a~1b",
        ),
        (Kind::Network, json!({"name": name, "tags": {"blue": "", "red": "2"}}), "/tags/red"),
    ] {
        assert_eq!(faults(kind, Verb::Create, command), [expected], "{kind}");
    }
    assert_eq!(faults(Kind::Router, Verb::SetGateway, json!({})), ["/external_network"]);
    assert_eq!(faults(Kind::IpAddress, Verb::Update, json!({"name": name})), ["/name"]);
    assert!(faults(Kind::Network, Verb::Update, json!({"name": name})).is_empty());
    assert_eq!(faults(Kind::Subnet, Verb::Update, json!({"tags": {"a": "1"}})), ["/tags/a"]);
    assert_eq!(faults(Kind::NetworkInterface, Verb::Update, json!({"tags": {"a": "1"}})), ["/tags/a"]);
}

#[test]
fn option_that_repeats_the_command_is_a_fault() {
    let command = json!({"name": "s", "network": id(Kind::Network), "cidr": "10.0.0.0/24", "dhcp": true,
        "cloud_options": {"enable_dhcp": false, "description": "", "project_id": "p2", "network_id": "n2",
            "host_routes": []}});
    assert_eq!(
        faults(Kind::Subnet, Verb::Create, command),
        ["description", "enable_dhcp", "network_id", "project_id"]
            .map(|name| format!("/cloud_options/{name}"))
    );
    let valid = json!({"name": "s", "network": id(Kind::Network), "cidr": "10.0.0.0/24",
        "cloud_options": {"enable_dhcp": false}});
    assert!(faults(Kind::Subnet, Verb::Create, valid).is_empty(), "the command does not give it");
}

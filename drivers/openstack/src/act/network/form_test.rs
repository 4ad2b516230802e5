//! Orders as they come in, and what Neutron is told of them.

use std::collections::BTreeMap;

use gateway_core::driver::{Known, References, Step};
use gateway_core::id::{CloudId, OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use super::{faults, form::Form};

/// The thing of that kind that orders name by `id(kind)`; Neutron's id of it is its kind and `-1`.
fn id(kind: &str) -> ResourceId {
    let cloud = CloudId::from_bytes(&[7; 16]).unwrap();
    ResourceId::derive(cloud, &Region::new("One"), Kind::parse(kind).unwrap(), "1")
}

fn references() -> References {
    let known = ["network", "subnet", "security_group"].map(|kind| {
        let external_id = format!("{kind}-1");
        let known = Known {
            id: id(kind),
            kind: Kind::parse(kind).unwrap(),
            native_key: external_id.clone(),
            external_id,
            name: String::new(),
            document: Map::new(),
        };
        (known.id, known)
    });
    References(BTreeMap::from(known))
}

fn with<T>(kind: &str, verb: Verb, command: Value, ask: impl FnOnce(&Step<'_>) -> T) -> T {
    let kind = Kind::parse(kind).unwrap();
    let command = Command::read(kind.spec().verb(verb).unwrap(), command).unwrap();
    let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
    ask(&Step { kind, verb, command: &command, target: None, named: &references(), marker })
}

/// What Neutron is told, its description being the order's with the marker behind it.
fn told(kind: &str, command: Value) -> Value {
    let words = command["description"].as_str().map(str::to_owned);
    with(kind, Verb::Create, command, |step| {
        let mut told = Form::of(step).unwrap().document(step.marker);
        let described = told.as_object_mut().unwrap().remove("description").unwrap();
        assert_eq!(described, json!(step.marker.append_to(words.as_deref())));
        told
    })
}

fn places(kind: &str, verb: Verb, command: Value) -> Vec<String> {
    with(kind, verb, command, faults::of).into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn every_field_of_an_order_is_told() {
    let network =
        json!({"name": "n", "description": "w", "tags": {"blue": ""}, "cloud_options": {"mtu": 1400}});
    assert_eq!(told("network", network), json!({"name": "n", "mtu": 1400}));
    let subnet = json!({"name": "s", "network": id("network"), "cidr": "10.0.0.0/24", "dhcp": false,
        "gateway_ip_address": "10.0.0.9", "dns_servers": ["192.0.2.1"]});
    assert_eq!(
        told("subnet", subnet),
        json!({"name": "s", "network_id": "network-1", "cidr": "10.0.0.0/24", "ip_version": 4,
            "enable_dhcp": false, "gateway_ip": "10.0.0.9", "dns_nameservers": ["192.0.2.1"]})
    );
    let six = json!({"name": "s", "network": id("network"), "cidr": "fd00::/64",
        "cloud_options": {"gateway_ip": null}});
    assert_eq!(
        told("subnet", six),
        json!({"name": "s", "network_id": "network-1", "cidr": "fd00::/64", "ip_version": 6, "gateway_ip": null})
    );
    let router = json!({"name": "r", "external_network": id("network")});
    assert_eq!(
        told("router", router),
        json!({"name": "r", "external_gateway_info": {"network_id": "network-1"}})
    );
    assert_eq!(told("router", json!({"name": "r"})), json!({"name": "r"}));
    let port = json!({"name": "p", "network": id("network"), "security_groups": [id("security_group")],
        "addresses": [{"subnet": id("subnet"), "ip_address": "10.0.0.5"}, {"subnet": id("subnet")}]});
    assert_eq!(
        told("network_interface", port),
        json!({"name": "p", "network_id": "network-1", "security_groups": ["security_group-1"],
            "fixed_ips": [{"subnet_id": "subnet-1", "ip_address": "10.0.0.5"}, {"subnet_id": "subnet-1"}]})
    );
    let bare = json!({"network": id("network"), "security_groups": []});
    assert_eq!(
        told("network_interface", bare),
        json!({"name": "", "network_id": "network-1", "security_groups": []})
    );
    let address = json!({"network": id("network"), "cloud_options": {"floating_ip_address": "172.24.0.9"}});
    assert_eq!(
        told("ip_address", address),
        json!({"floating_network_id": "network-1", "floating_ip_address": "172.24.0.9"})
    );
    assert_eq!(told("security_group", json!({"name": "g"})), json!({"name": "g"}));
}

#[test]
fn a_rule_tells_what_it_lets_through() {
    let rule = |more: Value| {
        let mut command = json!({"security_group": id("security_group"), "direction": "ingress"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut told = told("security_group_rule", command);
        let told = told.as_object_mut().unwrap();
        assert_eq!(told.remove("security_group_id"), Some(json!("security_group-1")));
        assert_eq!(told.remove("direction"), Some(json!("ingress")));
        Value::Object(told.clone())
    };
    assert_eq!(rule(json!({})), json!({"ethertype": "IPv4"}));
    assert_eq!(
        rule(json!({"protocol": "tcp", "first_port": 22, "remote_cidr": "10.0.0.0/8"})),
        json!({"ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22,
            "remote_ip_prefix": "10.0.0.0/8"})
    );
    assert_eq!(
        rule(json!({"protocol": "udp", "first_port": 1, "last_port": 9, "ip_version": 6,
            "remote_security_group": id("security_group")})),
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
        "of every code"
    );
}

#[test]
fn what_has_no_place_is_refused_by_its_own() {
    let name = "x";
    for (kind, command, expected) in [
        ("network", json!({"name": name, "cidr": "10.0.0.0/8"}), "/cidr"),
        (
            "subnet",
            json!({"name": name, "network": id("network"), "cidr": "10.0.0.0/8", "datacenter": "nova"}),
            "/datacenter",
        ),
        ("router", json!({"name": name, "network": id("network")}), "/network"),
        ("security_group", json!({"name": name, "network": id("network")}), "/network"),
        ("ip_address", json!({}), "/network"),
        ("network_interface", json!({"network": id("network"), "tags": {"a/b": "value"}}), "/tags/a~1b"),
        ("network", json!({"name": name, "tags": {"blue": "", "red": "2"}}), "/tags/red"),
    ] {
        assert_eq!(places(kind, Verb::Create, command), [expected], "{kind}");
    }
    assert_eq!(places("router", Verb::SetGateway, json!({})), ["/external_network"]);
    assert_eq!(places("ip_address", Verb::Update, json!({"name": name})), ["/name"]);
    assert!(places("network", Verb::Update, json!({"name": name})).is_empty());
    assert_eq!(places("subnet", Verb::Update, json!({"tags": {"a": "1"}})), ["/tags/a"]);
    assert_eq!(places("network_interface", Verb::Update, json!({"tags": {"a": "1"}})), ["/tags/a"]);
}

#[test]
fn options_add_and_never_say_again() {
    let command = json!({"name": "s", "network": id("network"), "cidr": "10.0.0.0/24", "dhcp": true,
        "cloud_options": {"enable_dhcp": false, "description": "", "project_id": "p2", "network_id": "n2",
            "host_routes": []}});
    assert_eq!(
        places("subnet", Verb::Create, command),
        ["description", "enable_dhcp", "network_id", "project_id"]
            .map(|name| format!("/cloud_options/{name}"))
    );
    let fine = json!({"name": "s", "network": id("network"), "cidr": "10.0.0.0/24",
        "cloud_options": {"enable_dhcp": false}});
    assert!(places("subnet", Verb::Create, fine).is_empty(), "the order does not say it");
}

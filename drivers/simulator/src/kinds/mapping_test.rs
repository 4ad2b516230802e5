//! The mapping of each kind, on documents of the cloud and on wrong ones.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::CloudSpec;
use gateway_core::id::{CloudId, Region};
use gateway_core::{ErrorKind, Kind, Result};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::document::Context;
use crate::kind;

fn kind_named(name: &str) -> Kind {
    Kind::parse(name).unwrap()
}

fn cloud() -> CloudSpec {
    CloudSpec {
        id: CloudId(Uuid::from_u128(7)),
        name: "simulated".to_owned(),
        endpoint: "http://127.0.0.1:9700".to_owned(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 1.0,
        timeout: std::time::Duration::from_secs(1),
        options: Map::new(),
    }
}

fn observe(name: &str, document: &Value) -> Result<Observed> {
    let (cloud, region) = (cloud(), Region::new("north"));
    kind::observe(&Context { cloud: &cloud, region: &region }, kind_named(name), document.clone())
}

/// Returns a document of a kind: the common members and its own.
fn document(name: &str, id: &str, status: &str, own: Value) -> Value {
    let mut document = json!({
        "kind": name,
        "id": id,
        "name": "",
        "status": status,
        "owner": "acct-1",
        "public": false,
        "created": "2025-06-01T00:00:00Z",
        "changed": null,
        "labels": { "role": "db" },
    });
    let (Some(all), Value::Object(own)) = (document.as_object_mut(), own) else { panic!("no object") };
    all.extend(own);
    document
}

/// Returns a reference to another resource.
fn reference(name: &str, id: &str) -> Value {
    json!({ "id": cloud().resource_id(&Region::new("north"), kind_named(name), id), "external_id": id })
}

fn named(name: &str, id: &str, title: &str) -> Value {
    let mut reference = reference(name, id);
    reference["name"] = json!(title);
    reference
}

#[track_caller]
fn assert_mapped(document: &Value, state: Option<&str>, fields: Value) -> Observed {
    let observed = observe(document["kind"].as_str().unwrap(), document).unwrap();
    assert_eq!(Value::Object(observed.fields.clone()), fields);
    assert_eq!(observed.state, state);
    assert_eq!(observed.cloud_state.is_some(), state.is_some());
    assert_eq!((&observed.raw, observed.tags["role"].as_str()), (document, "db"));
    assert_eq!((observed.owner.as_deref(), observed.visibility), (Some("acct-1"), Visibility::Private));
    assert!(observed.created_at.is_some() && observed.updated_at.is_none());
    observed
}

#[track_caller]
fn assert_rejected(document: &Value) {
    let error = observe(document["kind"].as_str().unwrap(), document).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument, "{error:?}");
}

#[test]
fn volumes_volume_types_snapshots_and_attachments_are_mapped() {
    let volume = document(
        "volume",
        "v-2",
        "ATTACHED",
        json!({ "size_gb": 40, "class": "fast", "zone": "north-a", "encrypted": true, "attached_to": "i-1",
            "device": "/dev/vdb", "snapshot": "s-1" }),
    );
    let observed = observe("volume", &volume).unwrap();
    assert_eq!(observed.fields["snapshot"], reference("volume_snapshot", "s-1"));
    assert_eq!(observed.fields["attachments"][0]["instance"], reference("instance", "i-1"));

    let own = json!({ "description": "for all", "default": true, "encrypted": false, "shareable": true,
        "traits": { "medium": "disk", "operations_per_gb": 3 } });
    let fields = json!({ "description": "for all", "default": true, "encrypted": false, "multiattach": true,
        "properties": { "medium": "disk", "operations_per_gb": "3" } });
    assert_mapped(&document("volume_type", "c-1", "OFFERED", own), None, fields);

    let own = json!({ "volume": "v-2", "size_gb": 40, "encrypted": true, "progress": 0.5 });
    let fields = json!({ "description": null, "size_gib": 40, "volume": reference("volume", "v-2"), "encrypted": true,
        "progress_percent": 50 });
    let mut snapshot = document("volume_snapshot", "s-1", "COPYING", own);
    assert_mapped(&snapshot, Some("pending"), fields);
    snapshot["volume"] = Value::Null;
    assert_eq!(observe("volume_snapshot", &snapshot).unwrap().fields["volume"], Value::Null);
    snapshot["status"] = json!("DREAMING");
    assert_eq!(observe("volume_snapshot", &snapshot).unwrap().state, Some("unknown"));

    let own = json!({ "disk": "v-2", "machine": "i-1", "device": "/dev/vdb", "since": "2025-06-02T00:00:00Z",
        "writable": true, "kept_after_machine": true });
    let fields = json!({ "volume": reference("volume", "v-2"), "instance": reference("instance", "i-1"),
        "device": "/dev/vdb", "read_only": false, "delete_on_termination": false,
        "attached_at": "2025-06-02T00:00:00.000000Z" });
    let mut attachment = document("volume_attachment", "a-2", "HELD", own);
    let observed = assert_mapped(&attachment, Some("attached"), fields);
    assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), ("a-2/i-1", "a-2"));
    attachment["machine"] = Value::Null;
    assert_rejected(&attachment);
}

#[test]
fn networks_subnets_and_routers_are_mapped() {
    let own = json!({ "description": "", "enabled": true, "external": false, "default": true, "mtu": 1450,
        "encapsulation": "geneve", "segment": 100, "filtered": true, "domain": "north.", "zones": ["north-a"] });
    let fields = json!({ "description": "", "cidrs": [], "external": false, "default": true, "enabled": true,
        "mtu_bytes": 1450, "network_type": "geneve", "segmentation_id": 100, "port_security": true,
        "dns_domain": "north.", "datacenters": ["north-a"] });
    let mut network = document("network", "n-1", "CARRYING", own);
    assert_mapped(&network, Some("available"), fields);
    network["public"] = json!(true);
    assert_eq!(observe("network", &network).unwrap().visibility, Visibility::Public);

    let own = json!({ "description": "", "network": "n-1", "range": "10.0.0.0/10", "family": "inet",
        "gateway": "10.0.0.1", "dhcp": true, "resolvers": ["10.0.0.1"],
        "pools": [{ "from": "10.0.0.2", "to": "10.63.255.254" }],
        "routes": [{ "to": "169.254.169.254/32", "via": "10.0.0.1" }], "public_ip_at_boot": false, "default": true });
    let fields = json!({ "description": "", "network": reference("network", "n-1"), "cidr": "10.0.0.0/10",
        "ip_version": 4, "ipv6_cidrs": [], "gateway_ip_address": "10.0.0.1", "dhcp": true,
        "dns_servers": ["10.0.0.1"], "allocation_pools": [{ "first": "10.0.0.2", "last": "10.63.255.254" }],
        "host_routes": [{ "destination": "169.254.169.254/32", "next_hop": "10.0.0.1" }], "datacenter": null,
        "free_ip_addresses": null, "public_ip_on_launch": false, "default": true });
    let mut subnet = document("subnet", "u-1", "KEPT", own);
    assert_mapped(&subnet, None, fields);
    subnet["family"] = json!("inet8");
    assert_rejected(&subnet);

    let own = json!({ "description": "out", "enabled": true, "default": true,
        "gateway": { "network": "n-0", "addresses": [{ "ip": "100.64.0.2", "subnet": "u-0" }], "nat": true },
        "interfaces": [{ "subnet": "u-1", "nic": "p-9", "ip": "10.0.0.1" }],
        "routes": [{ "to": "0.0.0.0/0", "via": "100.64.0.1" }], "distributed": false, "redundant": true });
    let fields = json!({ "description": "out", "router_type": null, "enabled": true, "network": null,
        "external_network": reference("network", "n-0"),
        "external_addresses": [{ "ip_address": "100.64.0.2", "subnet": reference("subnet", "u-0") }],
        "source_nat": true,
        "interfaces": [{ "subnet": reference("subnet", "u-1"),
            "network_interface": reference("network_interface", "p-9"), "ip_address": "10.0.0.1" }],
        "routes": [{ "destination": "0.0.0.0/0", "next_hop": "100.64.0.1" }], "default": true,
        "distributed": false, "highly_available": true });
    let mut router = document("router", "r-1", "PASSING", own);
    assert_mapped(&router, Some("available"), fields);
    router["gateway"] = Value::Null;
    let closed = observe("router", &router).unwrap().fields;
    assert_eq!((&closed["external_network"], &closed["source_nat"]), (&Value::Null, &Value::Null));
    router["interfaces"] = json!([{ "subnet": "u-1" }]);
    assert_rejected(&router);
}

#[test]
fn network_interfaces_ip_addresses_and_bindings_are_mapped() {
    let own = json!({ "description": "", "network": "n-1", "addresses": [{ "ip": "10.0.0.2", "subnet": "u-1" }],
        "mac": "02:00:00:00:00:01", "enabled": true, "holder": { "kind": "machine", "id": "i-1" }, "slot": 0,
        "firewalls": [{ "id": "g-1", "name": "default" }], "filtered": true, "delete_with_holder": true,
        "zone": "north-a" });
    let fields = json!({ "description": "", "network": reference("network", "n-1"),
        "addresses": [{ "ip_address": "10.0.0.2", "subnet": reference("subnet", "u-1") }],
        "mac_address": "02:00:00:00:00:01", "enabled": true, "instance": reference("instance", "i-1"),
        "router": null, "device_owner": "machine", "device_index": 0,
        "security_groups": [named("security_group", "g-1", "default")], "port_security": true,
        "delete_on_termination": true, "datacenter": "north-a" });
    let mut interface = document("network_interface", "p-1", "DARK", own);
    assert_mapped(&interface, Some("inactive"), fields);
    interface["holder"] = json!({ "kind": "router", "id": "r-1" });
    let of_router = observe("network_interface", &interface).unwrap().fields;
    assert_eq!((&of_router["instance"], &of_router["router"]), (&Value::Null, &reference("router", "r-1")));
    interface["holder"] = json!({ "kind": "oracle", "id": "x-1" });
    let of_other = observe("network_interface", &interface).unwrap().fields;
    assert!(of_other["instance"].is_null() && of_other["router"].is_null());
    assert_eq!(of_other["device_owner"], "oracle");
    interface["holder"] = Value::Null;
    assert_rejected(&interface);

    let own = json!({ "description": "", "ip": "100.64.0.9", "network": "n-0", "nic": "p-1", "machine": "i-1",
        "private_ip": "10.0.0.2", "router": "r-1", "hostname": "o.north." });
    let fields = json!({ "description": "", "ip_address": "100.64.0.9", "network": reference("network", "n-0"),
        "network_interface": reference("network_interface", "p-1"), "instance": reference("instance", "i-1"),
        "private_ip_address": "10.0.0.2", "router": reference("router", "r-1"), "dns_name": "o.north." });
    let mut address = document("ip_address", "o-1", "BOUND", own);
    assert_mapped(&address, Some("in_use"), fields);
    for key in ["nic", "machine", "private_ip", "router"] {
        address[key] = Value::Null;
    }
    address["status"] = json!("SPARE");
    let spare = observe("ip_address", &address).unwrap();
    assert_eq!((spare.state, &spare.fields["instance"]), (Some("available"), &Value::Null));

    let own = json!({ "address": "o-1", "ip": "100.64.0.9", "nic": "p-1", "machine": "i-1", "private_ip": "10.0.0.2" });
    let fields = json!({ "address": reference("ip_address", "o-1"), "ip_address": "100.64.0.9",
        "network_interface": reference("network_interface", "p-1"), "instance": reference("instance", "i-1"),
        "private_ip_address": "10.0.0.2" });
    let mut binding = document("ip_address_binding", "b-1", "KEPT", own);
    assert_mapped(&binding, None, fields);
    binding["address"] = Value::Null;
    assert_rejected(&binding);
}

#[test]
fn security_groups_rules_and_ssh_keys_are_mapped() {
    let own = json!({ "description": "default", "default": true, "stateful": true });
    let fields = json!({ "description": "default", "network": null, "stateful": true, "default": true });
    assert_mapped(&document("security_group", "g-1", "KEPT", own), None, fields);

    let own = json!({ "description": "web", "firewall": "g-1", "direction": "in", "family": "inet", "proto": "tcp",
        "ports": { "from": 80, "to": 81 }, "icmp": null, "peer_range": "10.0.0.0/8", "peer_firewall": null });
    let fields = json!({ "description": "web", "security_group": reference("security_group", "g-1"),
        "direction": "ingress", "ip_version": 4, "protocol": "tcp", "first_port": 80, "last_port": 81,
        "icmp_type": null, "icmp_code": null, "remote_cidr": "10.0.0.0/8", "remote_security_group": null,
        "remote_address_list": null });
    let rule = document("security_group_rule", "e-1", "KEPT", own);
    assert_mapped(&rule, None, fields);
    let with = |changes: &[(&str, Value)]| {
        let mut rule = rule.clone();
        changes.iter().for_each(|(key, value)| rule[*key] = value.clone());
        rule
    };
    let any = with(&[
        ("direction", json!("out")),
        ("family", json!("inet6")),
        ("proto", json!("any")),
        ("ports", Value::Null),
        ("peer_firewall", json!("g-2")),
    ]);
    let any = observe("security_group_rule", &any).unwrap().fields;
    assert_eq!((&any["direction"], &any["ip_version"]), (&json!("egress"), &json!(6)));
    assert!(any["protocol"].is_null() && any["first_port"].is_null() && any["last_port"].is_null());
    assert_eq!(any["remote_security_group"], reference("security_group", "g-2"));
    let ping = with(&[("proto", json!("icmp")), ("ports", Value::Null), ("icmp", json!({ "type": 8 }))]);
    let ping = observe("security_group_rule", &ping).unwrap().fields;
    assert_eq!((&ping["icmp_type"], &ping["icmp_code"]), (&json!(8), &Value::Null));
    assert_rejected(&with(&[("direction", json!("up"))]));
    assert_rejected(&with(&[("family", json!("appletalk"))]));
    assert_rejected(&with(&[("ports", json!({ "from": 80, "to": 65536 }))]));
    assert_rejected(&with(&[("firewall", Value::Null)]));

    let own = json!({ "key_type": "ed25519", "public_key": "ssh-ed25519 AAAA", "fingerprint": "SHA256:abc" });
    let fields = json!({ "fingerprint": "SHA256:abc", "public_key": "ssh-ed25519 AAAA", "key_type": "ed25519",
        "user": null });
    assert_mapped(&document("ssh_key", "k-1", "KEPT", own), None, fields);
}

#[test]
fn datacenters_and_quotas_are_mapped() {
    let own = json!({ "service": "disks", "type": "hall", "notices": ["dark"] });
    let fields = json!({ "service": "volume", "zone_type": "hall", "zone_id": null, "messages": ["dark"] });
    assert_mapped(&document("datacenter", "z-1", "OPEN", own), Some("available"), fields);

    let mut quota =
        document("quota", "q-2", "KEPT", json!({ "service": "machines", "limit": 64, "used": 31 }));
    quota["name"] = json!("cores");
    let fields =
        json!({ "service": "compute", "measure": "vcpus", "limit": 64, "used": 31, "reserved": null });
    assert_eq!(assert_mapped(&quota, None, fields).native_key, "acct-1/q-2");
    (quota["name"], quota["service"], quota["limit"]) = (json!("moons"), json!("skies"), Value::Null);
    let odd = observe("quota", &quota).unwrap().fields;
    assert_eq!(
        Value::Object(odd),
        json!({ "service": "skies", "measure": "moons", "limit": null, "used": 31,
        "reserved": null })
    );
    quota["owner"] = Value::Null;
    assert_rejected(&quota);
}

#[test]
fn document_of_another_kind_is_rejected() {
    let network = document("subnet", "n-1", "CARRYING", json!({}));
    let error = observe("network", &network).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
}

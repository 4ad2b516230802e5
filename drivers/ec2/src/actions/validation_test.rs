//! Validation of creates, by the fields that it refuses.

use gateway_core::Kind;
use serde_json::{Map, Value, json};

use super::fixtures::{Create, id};

#[test]
fn cloud_options_of_instance_add_parameters_and_override_none() {
    let command = |options: Value| {
        json!({ "name": "a", "image": id(Kind::Image, "ami-1"), "instance_type": id(Kind::InstanceType, "t9"),
                "networks": [id(Kind::Network, "vpc-1")], "boot_volume": { "size_gib": 9 }, "cloud_options": options })
    };
    let names = [(Kind::Image, "ami-1"), (Kind::InstanceType, "t9"), (Kind::Network, "vpc-1")];
    let fine = json!({ "NetworkInterface": [{ "AssociatePublicIpAddress": true }],
                       "BlockDeviceMapping": [{ "Ebs": { "VolumeType": "gp3" } }], "SecurityGroupId": ["sg-1"] });
    assert_eq!(Create::new(Kind::Instance, command(fine), &names).error_pointers(), Vec::<String>::new());
    let over = json!({ "NetworkInterface": [{ "SubnetId": "subnet-2" }], "MaxCount": 9,
                       "BlockDeviceMapping": [{ "Ebs": { "VolumeSize": 1 } }] });
    let pointers =
        ["/cloud_options/BlockDeviceMapping", "/cloud_options/MaxCount", "/cloud_options/NetworkInterface"];
    assert_eq!(Create::new(Kind::Instance, command(over), &names).error_pointers(), pointers);
}

#[test]
fn fields_that_ec2_does_not_support_are_refused() {
    let snapshot = id(Kind::VolumeSnapshot, "snap-1");
    let subnet = |key: &str| id(Kind::Subnet, key);
    for (kind, command, pointers) in [
        (
            Kind::Instance,
            json!({ "name": "a", "instance_type": id(Kind::InstanceType, "t9"),
                    "boot_volume": { "volume": id(Kind::Volume, "vol-1") } }),
            vec!["/boot_volume/volume"],
        ),
        (
            Kind::Volume,
            json!({ "name": "a", "image": snapshot, "size_gib": 1 }),
            vec!["/datacenter", "/image"],
        ),
        (Kind::Volume, json!({ "name": "a", "volume": snapshot, "datacenter": "r1a" }), vec!["/volume"]),
        (
            Kind::Volume,
            json!({ "name": "a", "size_gib": 1, "datacenter": "r1a", "volume_type": snapshot, "description": "x" }),
            vec!["/description", "/volume_type"],
        ),
        (
            Kind::Subnet,
            json!({ "name": "a", "network": snapshot, "cidr": "fd00::/64", "gateway_ip_address": "10.0.0.1",
                    "dhcp": false, "dns_servers": ["10.0.0.2"] }),
            vec!["/cidr", "/gateway_ip_address", "/dhcp", "/dns_servers"],
        ),
        (
            Kind::NetworkInterface,
            json!({ "network": snapshot, "security_groups": [],
                    "addresses": [{ "subnet": subnet("a"), "ip_address": "fd00::1" }, { "subnet": subnet("b") }] }),
            vec!["/addresses", "/addresses", "/addresses", "/security_groups"],
        ),
        (
            Kind::Router,
            json!({ "name": "a", "network": snapshot, "external_network": snapshot }),
            vec!["/external_network"],
        ),
        (Kind::IpAddress, json!({ "network": snapshot }), vec!["/network"]),
        (
            Kind::SecurityGroupRule,
            json!({ "security_group": snapshot, "direction": "ingress", "protocol": "ipv6-icmp", "ip_version": 6,
                    "remote_cidr": "10.0.0.0/8" }),
            vec!["/protocol", "/ip_version"],
        ),
        (
            Kind::SecurityGroupRule,
            json!({ "security_group": snapshot, "direction": "ingress", "ip_version": 4,
                    "remote_security_group": snapshot }),
            vec!["/ip_version"],
        ),
        (
            Kind::Volume,
            json!({ "name": "a", "size_gib": 1, "datacenter": "r1a", "tags": { "Name": "b" } }),
            vec!["/tags/Name"],
        ),
        (Kind::SshKey, json!({ "name": "a", "tags": { "AWS:x": "b", "Name": "b" } }), vec!["/tags/AWS:x"]),
    ] {
        assert_eq!(Create::new(kind, command.clone(), &[]).error_pointers(), pointers, "{kind} {command}");
    }
    let many: Map<_, _> = (0..49).map(|at| (format!("k{at}"), json!(""))).collect();
    let command = json!({ "name": "a", "size_gib": 1, "datacenter": "r1a", "tags": many });
    assert_eq!(Create::new(Kind::Volume, command, &[]).error_pointers(), ["/tags"]);
}

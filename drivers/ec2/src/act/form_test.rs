//! What orders become on the wire.

use std::collections::BTreeMap;

use gateway_core::driver::{Known, References, Step};
use gateway_core::id::{CloudId, OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::instance_form::Places;

/// An order of a create, with what it names.
struct Ordered {
    kind: Kind,
    command: Command,
    named: References,
    marker: Marker,
}

fn id(kind: &str, key: &str) -> ResourceId {
    ResourceId::derive(CloudId(Uuid::nil()), &Region::new("r1"), Kind::parse(kind).unwrap(), key)
}

/// Each name is a kind and a key.
fn ordered(kind: &str, command: Value, names: &[(&str, &str)]) -> Ordered {
    let kind = Kind::parse(kind).unwrap();
    let known = |(of, key): &(&str, &str)| Known {
        id: id(of, key),
        kind: Kind::parse(of).unwrap(),
        native_key: (*key).to_owned(),
        external_id: (*key).to_owned(),
        name: format!("{key}'s name"),
        document: Map::new(),
    };
    let named: BTreeMap<_, _> = names.iter().map(known).map(|known| (known.id, known)).collect();
    let command = Command::read(kind.spec().verb(Verb::Create).unwrap(), command).unwrap();
    let marker = Marker { operation: OperationId(Uuid::nil()), ordinal: 1 };
    Ordered { kind, command, named: References(named), marker }
}

impl Ordered {
    fn step(&self) -> Step<'_> {
        Step {
            kind: self.kind,
            verb: Verb::Create,
            command: &self.command,
            target: None,
            named: &self.named,
            marker: self.marker,
        }
    }

    fn places(&self) -> Vec<String> {
        super::faults(&self.step()).into_iter().map(|fault| fault.pointer).collect()
    }
}

const MARKER: &str = "gw-00000000000000000000000000000000-1";

#[test]
fn an_instance_is_launched_once_whole_and_marked() {
    let ordered = ordered(
        "instance",
        json!({ "name": "a&b", "image": id("image", "ami-1"), "instance_type": id("instance_type", "t9"),
                "networks": [id("network", "vpc-1")], "network_interfaces": [id("network_interface", "eni-1")],
                "security_groups": [id("security_group", "sg-1")], "ssh_key": id("ssh_key", "key-1"),
                "user_data": "hi", "datacenter": "r1a", "tags": { "env": "x" },
                "boot_volume": { "size_gib": 9, "delete_on_termination": true } }),
        &[
            ("image", "ami-1"),
            ("instance_type", "t9"),
            ("network", "vpc-1"),
            ("network_interface", "eni-1"),
            ("security_group", "sg-1"),
            ("ssh_key", "key-1"),
        ],
    );
    let Command::CreateInstance(command) = &ordered.command else { panic!() };
    let places = Places { subnets: vec!["subnet-1".to_owned()], root_device: Some("/dev/xvda".to_owned()) };
    let body = super::instance_form::form(&ordered.step(), command, &places).unwrap().body("v");
    let expected = [
        "Action=RunInstances&Version=v&ImageId=ami-1&InstanceType=t9&MinCount=1&MaxCount=1",
        &format!(
            "&ClientToken={MARKER}&KeyName=key-1%27s%20name&UserData=aGk%3D&Placement.AvailabilityZone=r1a"
        ),
        "&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SubnetId=subnet-1",
        "&NetworkInterface.1.DeleteOnTermination=true&NetworkInterface.1.SecurityGroupId.1=sg-1",
        "&NetworkInterface.2.DeviceIndex=1&NetworkInterface.2.NetworkInterfaceId=eni-1",
        "&BlockDeviceMapping.1.DeviceName=%2Fdev%2Fxvda&BlockDeviceMapping.1.Ebs.VolumeSize=9",
        "&BlockDeviceMapping.1.Ebs.DeleteOnTermination=true&TagSpecification.1.ResourceType=instance",
        "&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a%26b",
        "&TagSpecification.1.Tag.2.Key=env&TagSpecification.1.Tag.2.Value=x",
        &format!("&TagSpecification.1.Tag.3.Key=gateway-operation&TagSpecification.1.Tag.3.Value={MARKER}"),
    ];
    assert_eq!(body, expected.concat());
    assert_eq!(ordered.places(), Vec::<String>::new());
}

#[test]
fn an_instance_without_networks_has_its_groups_itself() {
    let ordered = ordered(
        "instance",
        json!({ "name": "a", "image": id("image", "ami-1"), "instance_type": id("instance_type", "t9"),
                "security_groups": [id("security_group", "sg-1")] }),
        &[("image", "ami-1"), ("instance_type", "t9"), ("security_group", "sg-1")],
    );
    let Command::CreateInstance(command) = &ordered.command else { panic!() };
    let body = super::instance_form::form(&ordered.step(), command, &Places::default()).unwrap().body("v");
    assert!(body.contains("&SecurityGroupId.1=sg-1&") && !body.contains("NetworkInterface"), "{body}");
}

#[test]
fn options_of_an_instance_go_beside_what_the_order_says_and_never_over_it() {
    let command = |options: Value| {
        json!({ "name": "a", "image": id("image", "ami-1"), "instance_type": id("instance_type", "t9"),
                "networks": [id("network", "vpc-1")], "boot_volume": { "size_gib": 9 }, "cloud_options": options })
    };
    let names = [("image", "ami-1"), ("instance_type", "t9"), ("network", "vpc-1")];
    let fine = json!({ "NetworkInterface": [{ "AssociatePublicIpAddress": true }],
                       "BlockDeviceMapping": [{ "Ebs": { "VolumeType": "gp3" } }], "SecurityGroupId": ["sg-1"] });
    assert_eq!(ordered("instance", command(fine), &names).places(), Vec::<String>::new());
    let over = json!({ "NetworkInterface": [{ "SubnetId": "subnet-2" }], "MaxCount": 9,
                       "BlockDeviceMapping": [{ "Ebs": { "VolumeSize": 1 } }] });
    let places =
        ["/cloud_options/BlockDeviceMapping", "/cloud_options/MaxCount", "/cloud_options/NetworkInterface"];
    assert_eq!(ordered("instance", command(over), &names).places(), places);
}

#[test]
fn what_ec2_cannot_do_is_named_by_its_place() {
    let snapshot = id("volume_snapshot", "snap-1");
    let subnet = |key: &str| id("subnet", key);
    for (kind, command, places) in [
        (
            "instance",
            json!({ "name": "a", "instance_type": id("instance_type", "t9"),
                    "boot_volume": { "volume": id("volume", "vol-1") } }),
            vec!["/boot_volume/volume"],
        ),
        ("volume", json!({ "name": "a", "image": snapshot, "size_gib": 1 }), vec!["/datacenter", "/image"]),
        ("volume", json!({ "name": "a", "volume": snapshot, "datacenter": "r1a" }), vec!["/volume"]),
        (
            "volume",
            json!({ "name": "a", "size_gib": 1, "datacenter": "r1a", "volume_type": snapshot, "description": "x" }),
            vec!["/description", "/volume_type"],
        ),
        (
            "subnet",
            json!({ "name": "a", "network": snapshot, "cidr": "fd00::/64", "gateway_ip_address": "10.0.0.1",
                    "dhcp": false, "dns_servers": ["10.0.0.2"] }),
            vec!["/cidr", "/gateway_ip_address", "/dhcp", "/dns_servers"],
        ),
        (
            "network_interface",
            json!({ "network": snapshot, "security_groups": [],
                    "addresses": [{ "subnet": subnet("a"), "ip_address": "fd00::1" }, { "subnet": subnet("b") }] }),
            vec!["/addresses", "/addresses", "/addresses", "/security_groups"],
        ),
        (
            "router",
            json!({ "name": "a", "network": snapshot, "external_network": snapshot }),
            vec!["/external_network"],
        ),
        ("ip_address", json!({ "network": snapshot }), vec!["/network"]),
        (
            "security_group_rule",
            json!({ "security_group": snapshot, "direction": "ingress", "protocol": "ipv6-icmp", "ip_version": 6,
                    "remote_cidr": "10.0.0.0/8" }),
            vec!["/protocol", "/ip_version"],
        ),
        (
            "security_group_rule",
            json!({ "security_group": snapshot, "direction": "ingress", "ip_version": 4,
                    "remote_security_group": snapshot }),
            vec!["/ip_version"],
        ),
        (
            "volume",
            json!({ "name": "a", "size_gib": 1, "datacenter": "r1a", "tags": { "Name": "b" } }),
            vec!["/tags/Name"],
        ),
        ("ssh_key", json!({ "name": "a", "tags": { "AWS:x": "b", "Name": "b" } }), vec!["/tags/AWS:x"]),
    ] {
        assert_eq!(ordered(kind, command.clone(), &[]).places(), places, "{kind} {command}");
    }
    let many: Map<_, _> = (0..49).map(|at| (format!("k{at}"), json!(""))).collect();
    let command = json!({ "name": "a", "size_gib": 1, "datacenter": "r1a", "tags": many });
    assert_eq!(ordered("volume", command, &[]).places(), ["/tags"]);
}

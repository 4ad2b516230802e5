use gateway_core::Kind;
use gateway_core::kind::Command;
use serde_json::json;

use super::super::fixtures::{Create, MARKER, id};
use super::*;

#[test]
fn launch_has_all_parameters_and_its_marker() {
    let create = Create::new(
        Kind::Instance,
        json!({ "name": "a&b", "image": id(Kind::Image, "ami-1"), "instance_type": id(Kind::InstanceType, "t9"),
                "networks": [id(Kind::Network, "vpc-1")], "network_interfaces": [id(Kind::NetworkInterface, "eni-1")],
                "security_groups": [id(Kind::SecurityGroup, "sg-1")], "ssh_key": id(Kind::SshKey, "key-1"),
                "user_data": "hi", "datacenter": "r1a", "tags": { "env": "x" },
                "boot_volume": { "size_gib": 9, "delete_on_termination": true } }),
        &[
            (Kind::Image, "ami-1"),
            (Kind::InstanceType, "t9"),
            (Kind::Network, "vpc-1"),
            (Kind::NetworkInterface, "eni-1"),
            (Kind::SecurityGroup, "sg-1"),
            (Kind::SshKey, "key-1"),
        ],
    );
    let Command::CreateInstance(command) = &create.command else { panic!() };
    let placement =
        Placement { subnets: vec!["subnet-1".to_owned()], root_device: Some("/dev/xvda".to_owned()) };
    let body = form(&create.step(), command, &placement).unwrap().body("v");
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
    assert_eq!(create.error_pointers(), Vec::<String>::new());
}

#[test]
fn launch_without_networks_has_security_groups_of_its_own() {
    let create = Create::new(
        Kind::Instance,
        json!({ "name": "a", "image": id(Kind::Image, "ami-1"), "instance_type": id(Kind::InstanceType, "t9"),
                "security_groups": [id(Kind::SecurityGroup, "sg-1")] }),
        &[(Kind::Image, "ami-1"), (Kind::InstanceType, "t9"), (Kind::SecurityGroup, "sg-1")],
    );
    let Command::CreateInstance(command) = &create.command else { panic!() };
    let body = form(&create.step(), command, &Placement::default()).unwrap().body("v");
    assert!(body.contains("&SecurityGroupId.1=sg-1&") && !body.contains("NetworkInterface"), "{body}");
}

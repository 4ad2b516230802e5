use gateway_core::ErrorKind;
use gateway_core::kind::SecurityGroup;

use super::*;
use crate::fixtures::with_origin;

const INTERFACE: &str = "<item><association><allocationId>eipalloc-1</allocationId><publicIp>127.64.93.192</publicIp></association>\
    <attachment><attachTime>2026-11-24T10:19:19.000Z</attachTime><attachmentId>eni-attach-1</attachmentId>\
    <deleteOnTermination>true</deleteOnTermination><deviceIndex>1</deviceIndex><networkCardIndex>0</networkCardIndex>\
    <instanceId>i-1</instanceId><instanceOwnerId>111</instanceOwnerId><status>attached</status></attachment>\
    <availabilityZone>sa-east-1a</availabilityZone><description>eni</description><groupSet><item><groupId>sg-1</groupId>\
    <groupName>g</groupName></item></groupSet><interfaceType>interface</interfaceType><ipv6AddressesSet><item>\
    <ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet><macAddress>02:00:00:1f:e3:19</macAddress>\
    <networkInterfaceId>eni-1</networkInterfaceId><ownerId>111</ownerId><privateIpAddress>10.9.1.144</privateIpAddress>\
    <privateIpAddressesSet><item><primary>true</primary><privateIpAddress>10.9.1.144</privateIpAddress></item>\
    <item><primary>false</primary><privateIpAddress>10.9.1.145</privateIpAddress></item></privateIpAddressesSet>\
    <sourceDestCheck>true</sourceDestCheck><status>in-use</status><subnetId>subnet-1</subnetId>\
    <tagSet><item><key>Name</key><value>front</value></item></tagSet><vpcId>vpc-1</vpcId></item>";

fn fields(document: &str) -> NetworkInterface {
    serde_json::from_value(with_origin(document, observe).unwrap().fields.into()).unwrap()
}

#[test]
fn interface_is_mapped() {
    let observed = with_origin(INTERFACE, observe).unwrap();
    assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("eni-1", "front"));
    assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("active"), Some("in-use")));
    assert_eq!(observed.owner.as_deref(), Some("111"));
    let expected = with_origin("<a/>", |_, origin| {
        let address = |ip: &str| InterfaceAddress {
            ip_address: ip.to_owned(),
            subnet: Some(origin.reference::<Subnet>("subnet-1")),
        };
        NetworkInterface {
            description: Some("eni".to_owned()),
            network: origin.reference::<Network>("vpc-1"),
            addresses: ["10.9.1.144", "10.9.1.145", "2001:db8::1"].map(address).into(),
            mac_address: Some("02:00:00:1f:e3:19".to_owned()),
            enabled: None,
            instance: Some(origin.reference::<Instance>("i-1")),
            router: None,
            device_owner: Some("interface".to_owned()),
            device_index: Some(1),
            security_groups: vec![Reference {
                name: Some("g".to_owned()),
                ..origin.reference::<SecurityGroup>("sg-1")
            }],
            port_security: Some(true),
            delete_on_termination: Some(true),
            datacenter: Some("sa-east-1a".to_owned()),
        }
    });
    assert_eq!(fields(INTERFACE), expected);
}

#[test]
fn ended_attachment_of_interface_is_ignored() {
    let left = fields(&INTERFACE.replace(">attached<", ">detached<"));
    assert_eq!((left.instance, left.device_index, left.delete_on_termination), (None, None, None));
}

#[test]
fn port_security_without_groups_is_the_source_destination_check() {
    let groupless = INTERFACE.replace("groupSet", "other");
    assert_eq!(fields(&groupless).port_security, Some(true));
    let open = groupless.replace("<sourceDestCheck>true<", "<sourceDestCheck>false<");
    assert_eq!(fields(&open).port_security, Some(false));
    assert_eq!(fields(&groupless.replace("sourceDestCheck", "other")).port_security, None);
}

#[test]
fn single_address_in_its_own_field_is_mapped() {
    let lone = fields(&INTERFACE.replace("privateIpAddressesSet", "other"));
    assert_eq!(lone.addresses[0].ip_address, "10.9.1.144");
    assert_eq!(lone.addresses.len(), 2, "and that of version 6");
}

#[test]
fn unknown_state_is_mapped_and_wrong_fields_are_errors() {
    let unknown = with_origin(&INTERFACE.replace(">in-use<", ">melting<"), observe).unwrap();
    assert_eq!((unknown.state, unknown.cloud_state.as_deref()), (Some("unknown"), Some("melting")));
    for (part, wrong) in [("vpcId", "vpc"), (">in-use<", "><"), ("<deviceIndex>1<", "<deviceIndex>first<")] {
        let error = with_origin(&INTERFACE.replace(part, wrong), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
    }
}

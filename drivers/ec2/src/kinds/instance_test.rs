use gateway_core::kind::SecurityGroup;
use serde_json::json;

use super::*;
use crate::fixtures::with_origin;

const RUNNING: &str = "<item><reservationId>r-1</reservationId><ownerId>222</ownerId><groupSet/><instancesSet>\
    <item><instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceType>t9.small</instanceType>\
    <instanceState><code>16</code><name>running</name></instanceState><keyName>me</keyName>\
    <launchTime>2024-05-02T10:00:00.000Z</launchTime><placement><availabilityZone>r1b</availabilityZone></placement>\
    <cpuOptions><coreCount>2</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>\
    <rootDeviceType>ebs</rootDeviceType><privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>198.51.100.1</ipAddress>\
    <groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>\
    <blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><volumeId>vol-1</volumeId></ebs></item></blockDeviceMapping>\
    <networkInterfaceSet><item><attachment><deviceIndex>0</deviceIndex><attachTime>2024-05-01T10:00:00.000Z</attachTime></attachment>\
    <privateIpAddressesSet><item><privateIpAddress>10.0.0.1</privateIpAddress><association><publicIp>198.51.100.1</publicIp></association></item>\
    <item><privateIpAddress>10.0.0.2</privateIpAddress></item></privateIpAddressesSet>\
    <ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet></item></networkInterfaceSet>\
    <tagSet><item><key>Name</key><value>web 1</value></item></tagSet></item>\
    <item><instanceId>i-2</instanceId><instanceType>t9.small</instanceType>\
    <instanceState><code>48</code><name>terminated</name></instanceState>\
    <stateReason><code>Server.InternalError</code><message>It broke</message></stateReason></item>\
    </instancesSet></item>";

fn observed(document: &str) -> Vec<Observed> {
    let size = Size { vcpus: 9, memory_mib: 2048 };
    with_origin(document, |reservation, origin| {
        in_reservation(reservation).map(|reserved| observe(reserved, Some(size), origin).unwrap()).collect()
    })
}

#[test]
fn every_instance_of_a_reservation_has_its_owner_and_fields() {
    let all = observed(RUNNING);
    assert_eq!(all.iter().map(|one| one.external_id.as_str()).collect::<Vec<_>>(), ["i-1", "i-2"]);
    for one in &all {
        assert_eq!(one.owner.as_deref(), Some("222"));
        assert_eq!(one.raw["reservation"], json!({"reservationId": "r-1", "ownerId": "222", "groupSet": []}));
    }
    assert_eq!(all[0].raw["instanceState"]["code"], "16");
}

#[test]
fn instance_is_mapped() {
    let instance = &observed(RUNNING)[0];
    assert_eq!((instance.name.as_str(), instance.state), ("web 1", Some("running")));
    assert_eq!(instance.created_at.unwrap().to_string(), "2024-05-01T10:00:00.000000Z");
    let fields: Instance = serde_json::from_value(instance.fields.clone().into()).unwrap();
    assert_eq!((fields.vcpus, fields.memory_mib, fields.disk_gib), (Some(4), Some(2048), Some(0)));
    assert_eq!(fields.private_ip_addresses, ["10.0.0.1", "10.0.0.2", "2001:db8::1"]);
    assert_eq!(fields.public_ip_addresses, ["198.51.100.1"]);
    assert_eq!((fields.ssh_key.as_deref(), fields.datacenter.as_deref()), (Some("me"), Some("r1b")));
    assert_eq!(fields.launched_at.unwrap().to_string(), "2024-05-02T10:00:00.000000Z");
    assert_eq!(fields.fault, None);
    with_origin("<a/>", |_, origin| {
        let group = origin.reference::<SecurityGroup>("sg-1");
        assert_eq!(fields.security_groups, [Reference { name: Some("web".to_owned()), ..group }]);
        assert_eq!(fields.volumes, [origin.reference::<Volume>("vol-1")]);
        assert_eq!(fields.image, Some(origin.reference::<Image>("ami-1")));
        assert_eq!(fields.instance_type.id, origin.reference::<InstanceType>("t9.small").id);
    });
}

#[test]
fn terminated_instance_has_a_fault_unless_it_was_requested() {
    let instance = &observed(RUNNING)[1];
    assert_eq!((instance.name.as_str(), instance.state), ("", Some("terminated")));
    let fields: Instance = serde_json::from_value(instance.fields.clone().into()).unwrap();
    assert_eq!(fields.fault.as_deref(), Some("It broke"));
    assert_eq!(fields.vcpus, Some(9), "of its type");
    let wanted = RUNNING.replace("Server.InternalError", "Client.UserInitiatedShutdown");
    assert_eq!(observed(&wanted)[1].fields["fault"], json!(null));
}

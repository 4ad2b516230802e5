//! Snapshots of the mapping of each kind: one document of EC2 in, the canonical documents out.

use gateway_core::Kind;
use serde_json::{Value, json};

use crate::fixtures::with_origin;
use crate::kind::{ALL, descriptor};
use crate::tags;

/// A document of each call that is mapped differently: kind, place of the call in the descriptor, and XML.
const DOCUMENTS: [(Kind, usize, &str, &str); 18] = [
    (Kind::Instance, 0, "instance", include_str!("documents/instance.xml")),
    (Kind::InstanceType, 0, "instance_type", include_str!("documents/instance_type.xml")),
    (Kind::Image, 0, "image", include_str!("documents/image.xml")),
    (Kind::Volume, 0, "volume", include_str!("documents/volume.xml")),
    (Kind::VolumeSnapshot, 0, "volume_snapshot", include_str!("documents/volume_snapshot.xml")),
    (Kind::VolumeAttachment, 0, "volume_attachment", include_str!("documents/volume_attachment.xml")),
    (Kind::Network, 0, "network", include_str!("documents/network.xml")),
    (Kind::Subnet, 0, "subnet", include_str!("documents/subnet.xml")),
    (Kind::NetworkInterface, 0, "network_interface", include_str!("documents/network_interface.xml")),
    (Kind::Router, 0, "router", include_str!("documents/router.xml")),
    (Kind::Router, 1, "internet_gateway", include_str!("documents/internet_gateway.xml")),
    (Kind::IpAddress, 0, "ip_address", include_str!("documents/ip_address.xml")),
    (Kind::IpAddressBinding, 0, "ip_address_binding", include_str!("documents/ip_address_binding.xml")),
    (Kind::SecurityGroup, 0, "security_group", include_str!("documents/security_group.xml")),
    (Kind::SecurityGroupRule, 0, "security_group_rule", include_str!("documents/security_group_rule.xml")),
    (Kind::SshKey, 0, "ssh_key", include_str!("documents/ssh_key.xml")),
    (Kind::Datacenter, 0, "datacenter", include_str!("documents/datacenter.xml")),
    (Kind::Quota, 0, "quota", include_str!("documents/quota.xml")),
];

#[test]
fn mapping_of_each_kind_is_as_in_its_snapshot() {
    for (kind, call, name, document) in DOCUMENTS {
        let mapping = descriptor(kind).unwrap().calls[call].mapping;
        let mut observed =
            with_origin(document, |item, origin| mapping.items(std::slice::from_ref(item), origin)).unwrap();
        observed.iter_mut().for_each(tags::take_marker);
        let mapped: Vec<Value> = observed
            .iter()
            .map(|one| json!({ "native_key": one.native_key, "document": one.document() }))
            .collect();
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&mapped).unwrap());
    }
}

#[test]
fn every_kind_has_a_document() {
    for descriptor in ALL {
        let kind = descriptor.capability.kind;
        assert!(DOCUMENTS.iter().any(|(of, ..)| *of == kind), "{kind}");
    }
}

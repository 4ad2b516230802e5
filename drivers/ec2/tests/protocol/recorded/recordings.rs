//! The recorded documents: those that are read, for which kind, and those that are left out, with the reason.

use gateway_core::Kind;

use super::xml::{Node, Texts};

/// A recorded document, read for one kind.
pub(crate) struct Recording {
    pub(crate) kind: Kind,
    pub(crate) document: &'static str,
    /// The account that asked, where the answer depends on it.
    pub(crate) account: &'static str,
    /// Reads the texts of each record.
    pub(crate) records: fn(&Node) -> Vec<Texts>,
}

/// An account that owns nothing in the documents.
const OTHER: &str = "123456789098";

const fn recording(kind: Kind, document: &'static str, records: fn(&Node) -> Vec<Texts>) -> Recording {
    Recording { kind, document, account: OTHER, records }
}

pub(crate) const RECORDINGS: &[Recording] = &[
    recording(Kind::Instance, "describe_instances.xml", instances),
    Recording { account: "123456788908", ..recording(Kind::Image, "describe_images.xml", images) },
    Recording {
        account: "123456788908",
        ..recording(Kind::Image, "describe_images_ex_imageids.xml", images)
    },
    recording(Kind::Volume, "describe_volumes.xml", |answer| all(answer, "volumeSet")),
    // The last snapshot belongs to another account.
    Recording {
        account: "1938218230",
        ..recording(Kind::VolumeSnapshot, "describe_snapshots.xml", snapshots)
    },
    recording(Kind::VolumeAttachment, "describe_volumes.xml", attachments),
    recording(Kind::Network, "describe_vpcs.xml", |answer| all(answer, "vpcSet")),
    recording(Kind::Subnet, "describe_subnets.xml", |answer| all(answer, "subnetSet")),
    recording(Kind::NetworkInterface, "describe_network_interfaces.xml", |answer| {
        all(answer, "networkInterfaceSet")
    }),
    recording(Kind::Router, "describe_internet_gateways.xml", |answer| all(answer, "internetGatewaySet")),
    recording(Kind::IpAddress, "describe_addresses.xml", addresses),
    recording(Kind::IpAddress, "describe_addresses_all.xml", addresses),
    recording(Kind::IpAddress, "describe_addresses_multi.xml", addresses),
    recording(Kind::IpAddress, "describe_addresses_single.xml", addresses),
    recording(Kind::IpAddressBinding, "describe_addresses.xml", bindings),
    recording(Kind::IpAddressBinding, "describe_addresses_all.xml", bindings),
    recording(Kind::SecurityGroup, "describe_security_groups.xml", |answer| all(answer, "securityGroupInfo")),
    recording(Kind::SshKey, "describe_key_pairs.xml", |answer| all(answer, "keySet")),
    recording(Kind::Datacenter, "describe_availability_zones.xml", |answer| {
        all(answer, "availabilityZoneInfo")
    }),
    recording(Kind::Quota, "describe_account_attributes.xml", |answer| all(answer, "accountAttributeSet")),
];

/// Kinds without a recorded document.
pub(crate) const UNRECORDED: [Kind; 2] = [Kind::InstanceType, Kind::SecurityGroupRule];

/// Documents that are left out: the start of their names, and the reason.
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    ("allocate_", CHANGES),
    ("associate_", CHANGES),
    ("attach_", CHANGES),
    ("authorize_", CHANGES),
    ("copy_", CHANGES),
    ("create_", CHANGES),
    ("delete_", CHANGES),
    ("deregister_", CHANGES),
    ("describe_import_snapshot_tasks", NO_KIND),
    ("describe_instance_types", "an answer of Eucalyptus, whose list and fields differ from EC2's"),
    ("describe_key_pairs_doesnt_exist", "an error, not a document"),
    ("describe_placement_groups", NO_KIND),
    ("describe_reserved_instances", NO_KIND),
    ("describe_tags", NO_KIND),
    ("describe_volumes_modifications", NO_KIND),
    ("detach_", CHANGES),
    ("disassociate_", CHANGES),
    ("get_console_output", NO_KIND),
    ("import_", CHANGES),
    ("modify_", CHANGES),
    ("reboot_", CHANGES),
    ("register_", CHANGES),
    ("release_", CHANGES),
    ("revoke_", CHANGES),
    ("run_", CHANGES),
    ("start_", CHANGES),
    ("stop_", CHANGES),
    ("terminate_", CHANGES),
];

const CHANGES: &str = "an answer to a call that changes something, which a listing does not make";
const NO_KIND: &str = "an answer without resources of a kind";

fn all(answer: &Node, list: &str) -> Vec<Texts> {
    answer.items(list).into_iter().map(Node::texts).collect()
}

fn images(answer: &Node) -> Vec<Texts> {
    all(answer, "imagesSet")
}

fn snapshots(answer: &Node) -> Vec<Texts> {
    all(answer, "snapshotSet")
}

fn addresses(answer: &Node) -> Vec<Texts> {
    all(answer, "addressesSet")
}

fn bindings(answer: &Node) -> Vec<Texts> {
    let is_bound = |item: &&Node| item.children.iter().any(|child| child.name == "associationId");
    answer.items("addressesSet").into_iter().filter(is_bound).map(Node::texts).collect()
}

fn attachments(answer: &Node) -> Vec<Texts> {
    answer.items("volumeSet").into_iter().flat_map(|volume| all(volume, "attachmentSet")).collect()
}

/// Reads instances with the other fields of their reservations.
fn instances(answer: &Node) -> Vec<Texts> {
    let mut records = Vec::new();
    for reservation in answer.items("reservationSet") {
        let mut around = reservation.clone();
        around.children.retain(|child| child.name != "instancesSet");
        for mut texts in all(reservation, "instancesSet") {
            around.add_texts(".reservation", &mut texts);
            texts.sort();
            records.push(texts);
        }
    }
    records
}

//! Which recorded answers are played for which kinds, and which are not, and why.

use crate::xml::{Node, Texts};

/// One recorded answer, played for one kind.
pub(crate) struct Play {
    pub(crate) kind: &'static str,
    pub(crate) document: &'static str,
    /// Who asked, where the answer depends on it.
    pub(crate) account: &'static str,
    /// The texts of each record.
    pub(crate) records: fn(&Node) -> Vec<Texts>,
}

/// No owner in the documents.
const SOMEBODY: &str = "123456789098";

const fn play(kind: &'static str, document: &'static str, records: fn(&Node) -> Vec<Texts>) -> Play {
    Play { kind, document, account: SOMEBODY, records }
}

pub(crate) const PLAYS: &[Play] = &[
    play("instance", "describe_instances.xml", instances),
    Play { account: "123456788908", ..play("image", "describe_images.xml", images) },
    Play { account: "123456788908", ..play("image", "describe_images_ex_imageids.xml", images) },
    play("volume", "describe_volumes.xml", |answer| all(answer, "volumeSet")),
    // The last of them is somebody else's.
    Play { account: "1938218230", ..play("volume_snapshot", "describe_snapshots.xml", snapshots) },
    play("volume_attachment", "describe_volumes.xml", attachments),
    play("network", "describe_vpcs.xml", |answer| all(answer, "vpcSet")),
    play("subnet", "describe_subnets.xml", |answer| all(answer, "subnetSet")),
    play("network_interface", "describe_network_interfaces.xml", |answer| all(answer, "networkInterfaceSet")),
    play("router", "describe_internet_gateways.xml", |answer| all(answer, "internetGatewaySet")),
    play("ip_address", "describe_addresses.xml", addresses),
    play("ip_address", "describe_addresses_all.xml", addresses),
    play("ip_address", "describe_addresses_multi.xml", addresses),
    play("ip_address", "describe_addresses_single.xml", addresses),
    play("ip_address_binding", "describe_addresses.xml", bindings),
    play("ip_address_binding", "describe_addresses_all.xml", bindings),
    play("security_group", "describe_security_groups.xml", |answer| all(answer, "securityGroupInfo")),
    play("ssh_key", "describe_key_pairs.xml", |answer| all(answer, "keySet")),
    play("datacenter", "describe_availability_zones.xml", |answer| all(answer, "availabilityZoneInfo")),
    play("quota", "describe_account_attributes.xml", |answer| all(answer, "accountAttributeSet")),
];

/// Kinds of which nothing is recorded.
pub(crate) const UNRECORDED: [&str; 2] = ["instance_type", "security_group_rule"];

/// By the start of the file's name.
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
    (
        "describe_instance_types",
        "of Eucalyptus, whose list and fields of the same call are others than EC2's",
    ),
    ("describe_key_pairs_doesnt_exist", "no document but an error"),
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

const CHANGES: &str = "answers a call that changes the cloud, which the driver does not make";
const NO_KIND: &str = "what it shows is of no kind";

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

/// Each with what its reservation says beside the list that it stands in.
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

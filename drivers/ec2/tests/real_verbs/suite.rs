//! The suite of verbs that all drivers pass.

use driver_conformance::{Fixtures, Subject};
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;

use crate::hand::{Hand, KEY};

const REGION: &str = "sa-east-1";

const NO_DESCRIPTION: &str = "keeps no description of these";

/// What ends otherwise here, and why that is right.
const EXCEPTIONS: [(&str, &str); 12] = [
    ("network: update accepts description", NO_DESCRIPTION),
    ("subnet: update accepts description", NO_DESCRIPTION),
    ("router: update accepts description", NO_DESCRIPTION),
    ("ip_address: update accepts description", NO_DESCRIPTION),
    ("volume: create accepts description", NO_DESCRIPTION),
    ("volume: update accepts description", NO_DESCRIPTION),
    ("instance: update accepts description", NO_DESCRIPTION),
    ("volume_snapshot: update accepts description", "the description of a snapshot is for good"),
    ("security_group: update accepts description", "the description of a group is for good"),
    ("security_group: update of name can be repeated", "the name of these is for good"),
    // EC2 starts what runs without a word.
    (
        "instance: start is refused in a state that does not allow it",
        "the cloud accepts it in state Some(\"running\")",
    ),
    // EC2 deletes a key that is not there without a word: the driver looks first, and finds by itself that it is gone.
    (
        "ssh_key: delete of a resource that does not exist is refused",
        "the error has no code of the cloud: NotFound",
    ),
];

#[tokio::test]
async fn every_verb_of_the_ec2_driver_does_what_it_says() {
    let Some(hand) = Hand::in_region(REGION).await else { return };
    let (image, kind) = hand.bootable().await;
    let fixtures = Fixtures {
        image: Some(image.native_key),
        instance_type: Some(kind.native_key),
        resize_type: Some("t3.small".to_owned()),
        datacenter: Some(format!("{REGION}a")),
        network_cidr: Some("10.99.0.0/16".to_owned()),
        routers_belong_to_networks: true,
        groups_belong_to_networks: true,
        other_account: Some("210987654321".to_owned()),
        ..Fixtures::new(hand.region.clone(), "gateway-verbs-suite")
    };
    let cloud = hand.cloud.as_ref().clone();
    let subject = Subject::new(Ec2, cloud, Credential::parse(KEY).unwrap()).with_absent_key(absent_key);
    let report = driver_conformance::run_verbs(subject, fixtures).await;
    println!("{report}");
    // Snapshots of images and disks of instances outlive them; moto leaves interfaces too.
    for kind in ["volume_snapshot", "volume", "network_interface"] {
        hand.end_others(kind).await;
    }
    report.assert_passed_except(&EXCEPTIONS);
    hand.is_clean().await;
}

/// What no cloud has, in the form of the kind's native keys.
fn absent_key(kind: Kind) -> String {
    match kind.as_str() {
        "instance" => "i-0c0ffee0c0ffee0c0",
        "image" => "ami-0c0ffee0c0ffee0c0",
        "volume" => "vol-0c0ffee0c0ffee0c0",
        "volume_snapshot" => "snap-0c0ffee0c0ffee0c0",
        "network" => "vpc-0c0ffee0c0ffee0c0",
        "subnet" => "subnet-0c0ffee0c0ffee0c0",
        "network_interface" => "eni-0c0ffee0c0ffee0c0",
        "router" => "rtb-0c0ffee0c0ffee0c0",
        "ip_address" => "eipalloc-0c0ffee0c0ffee0c0",
        "security_group" => "sg-0c0ffee0c0ffee0c0",
        "security_group_rule" => "sgr-0c0ffee0c0ffee0c0",
        "ssh_key" => "key-0c0ffee0c0ffee0c0",
        other => panic!("no absent {other} is known"),
    }
    .to_owned()
}

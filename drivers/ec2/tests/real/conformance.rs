//! The conformance suites of all drivers: reads through the fault proxy, and commands.

use std::sync::Arc;
use std::time::Duration;

use driver_conformance::proxy::FaultProxy;
use driver_conformance::{Fixtures, Subject};
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::driver::CloudSpec;
use gateway_core::id::Region;
use reqwest::Client;
use serde_json::json;
use url::Url;

use crate::environment::{cloud, credential, endpoint};
use crate::runner::Runner;

/// The region of the suite of reads.
const READ_REGION: &str = "ap-southeast-1";

/// The region of the suite of commands.
const COMMAND_REGION: &str = "sa-east-1";

const NO_DESCRIPTION: &str = "is not supported for this kind";

/// Checks that fail at EC2, with the reason in their message.
const EXCEPTIONS: [(&str, &str); 12] = [
    ("network: update accepts description", NO_DESCRIPTION),
    ("subnet: update accepts description", NO_DESCRIPTION),
    ("router: update accepts description", NO_DESCRIPTION),
    ("ip_address: update accepts description", NO_DESCRIPTION),
    ("volume: create accepts description", NO_DESCRIPTION),
    ("volume: update accepts description", NO_DESCRIPTION),
    ("instance: update accepts description", NO_DESCRIPTION),
    ("volume_snapshot: update accepts description", "cannot be changed for snapshots"),
    ("security_group: update accepts description", "cannot be changed for security groups"),
    ("security_group: update of name can be repeated", "cannot be changed for this kind"),
    // EC2 accepts the start of a running instance.
    (
        "instance: start is refused in a state that does not allow it",
        "the cloud accepts it in state Some(\"running\")",
    ),
    // EC2 accepts the deletion of a key pair that does not exist, so that the driver checks it itself.
    (
        "ssh_key: delete of a resource that does not exist is refused",
        "the error has no code of the cloud: NotFound",
    ),
];

/// A client of the Query API without the driver. moto checks no signature.
struct Seeder<'a> {
    client: Client,
    endpoint: &'a str,
}

impl Seeder<'_> {
    async fn call(&self, form: &str) -> String {
        let request = self
            .client
            .post(self.endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{READ_REGION}/ec2/aws4_request, \
                     SignedHeaders=host, Signature=0"
                ),
            )
            .body(format!("Version=2016-11-15&Action={form}"));
        request.send().await.unwrap().text().await.unwrap()
    }

    /// Creates a resource and returns its id, which is in that element of the answer.
    async fn create(&self, form: &str, id: &str) -> String {
        let answer = self.call(form).await;
        let inside = answer.split(&format!("<{id}>")).nth(1).and_then(|rest| rest.split('<').next());
        inside.unwrap_or_else(|| panic!("{form}: {answer}")).to_owned()
    }
}

/// Creates some resources of each kind, unless an earlier run has created them.
async fn seed(endpoint: &str) {
    let cloud = Seeder { client: Client::new(), endpoint };
    let keys = cloud.call("DescribeKeyPairs").await;
    if keys.contains("<keyName>conformance</keyName>") {
        return;
    }
    let instances = "RunInstances&ImageId=ami-12c6146b&InstanceType=t3.micro&MinCount=7&MaxCount=7";
    let instance = cloud.create(instances, "instanceId").await;
    let volume =
        cloud.create(&format!("CreateVolume&Size=5&AvailabilityZone={READ_REGION}a"), "volumeId").await;
    cloud.create(&format!("CreateImage&Name=conformance&InstanceId={instance}"), "imageId").await;
    cloud.create(&format!("CreateSnapshot&VolumeId={volume}&Description=conformance"), "snapshotId").await;
    let attach = format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf");
    cloud.create(&attach, "volumeId").await;
    let vpc = cloud.create("CreateVpc&CidrBlock=10.77.0.0/16", "vpcId").await;
    let subnet = cloud.create(&format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.77.1.0/24"), "subnetId").await;
    let interface =
        cloud.create(&format!("CreateNetworkInterface&SubnetId={subnet}"), "networkInterfaceId").await;
    let gateway = cloud.create("CreateInternetGateway", "internetGatewayId").await;
    cloud.call(&format!("AttachInternetGateway&InternetGatewayId={gateway}&VpcId={vpc}")).await;
    cloud.create("AllocateAddress&Domain=vpc", "allocationId").await;
    let address = cloud.create("AllocateAddress&Domain=vpc", "allocationId").await;
    let associate = format!("AssociateAddress&AllocationId={address}&NetworkInterfaceId={interface}");
    cloud.create(&associate, "associationId").await;
    let group = format!("CreateSecurityGroup&GroupName=conformance&GroupDescription=c&VpcId={vpc}");
    let group = cloud.create(&group, "groupId").await;
    let port = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22";
    let from = "IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8";
    cloud.call(&format!("AuthorizeSecurityGroupIngress&GroupId={group}&{port}&{from}")).await;
    // The key pair comes last, because it shows that the other resources exist.
    cloud.create("CreateKeyPair&KeyName=conformance", "keyPairId").await;
}

/// Returns the native key of a resource that does not exist.
fn absent_key(kind: Kind) -> String {
    match kind {
        Kind::Instance => "i-0c0ffee0c0ffee0c0",
        Kind::InstanceType => "c0.ffee",
        Kind::Image => "ami-0c0ffee0c0ffee0c0",
        Kind::Volume => "vol-0c0ffee0c0ffee0c0",
        Kind::VolumeSnapshot => "snap-0c0ffee0c0ffee0c0",
        Kind::VolumeAttachment => "vol-0c0ffee0c0ffee0c0/i-0c0ffee0c0ffee0c0",
        Kind::Network => "vpc-0c0ffee0c0ffee0c0",
        Kind::Subnet => "subnet-0c0ffee0c0ffee0c0",
        Kind::NetworkInterface => "eni-0c0ffee0c0ffee0c0",
        Kind::Router => "igw-0c0ffee0c0ffee0c0",
        Kind::IpAddress => "eipalloc-0c0ffee0c0ffee0c0",
        Kind::IpAddressBinding => "eipassoc-0c0ffee0c0ffee0c0",
        Kind::SecurityGroup => "sg-0c0ffee0c0ffee0c0",
        Kind::SecurityGroupRule => "sgr-0c0ffee0c0ffee0c0",
        Kind::SshKey => "key-0c0ffee0c0ffee0c0",
        Kind::Datacenter => "c0-ffee-1a",
        Kind::Quota => "123456789012/c0ffee",
        Kind::VolumeType => panic!("EC2 has no {kind}"),
    }
    .to_owned()
}

/// Returns the native key of a target that does not exist: a router that gets commands is a route table.
fn absent_target(kind: Kind) -> String {
    if kind == Kind::Router { "rtb-0c0ffee0c0ffee0c0".to_owned() } else { absent_key(kind) }
}

#[tokio::test]
async fn reads_of_ec2_pass_the_conformance_suite() {
    let Some(endpoint) = endpoint() else { return };
    driver_kit::install_crypto();
    let url = Url::parse(&endpoint).unwrap();
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
    seed(&endpoint).await;
    let proxy = FaultProxy::start(&[&upstream]).await.unwrap();
    let cloud = CloudSpec {
        require_date: false,
        calls_per_second: 1000.0,
        timeout: Duration::from_secs(30),
        ..cloud(&proxy.through(&endpoint), &Region::new(READ_REGION), &json!({}))
    };
    // moto accepts every key, so that there is none that it refuses.
    let subject =
        Subject::new(Ec2, cloud, credential()).with_faults(Arc::new(proxy)).with_absent_key(absent_key);
    let report = driver_conformance::run(subject).await;
    println!("{report}");
    report.assert_all_passed();
}

#[tokio::test]
async fn commands_of_ec2_pass_the_conformance_suite() {
    let Some(runner) = Runner::in_region(COMMAND_REGION).await else { return };
    let (image, kind) = runner.bootable().await;
    let fixtures = Fixtures {
        image: Some(image.native_key),
        instance_type: Some(kind.native_key),
        resize_type: Some("t3.small".to_owned()),
        datacenter: Some(format!("{COMMAND_REGION}a")),
        network_cidr: Some("10.99.0.0/16".to_owned()),
        routers_belong_to_networks: true,
        groups_belong_to_networks: true,
        other_account: Some("210987654321".to_owned()),
        ..Fixtures::new(runner.region.clone(), "gateway-verbs-suite")
    };
    let cloud = runner.cloud.as_ref().clone();
    let subject = Subject::new(Ec2, cloud, credential()).with_absent_key(absent_target);
    let report = driver_conformance::run_verbs(subject, fixtures).await;
    println!("{report}");
    // Snapshots of images and disks of instances outlive them; moto leaves interfaces too.
    for kind in [Kind::VolumeSnapshot, Kind::Volume, Kind::NetworkInterface] {
        runner.delete_new(kind).await;
    }
    report.assert_passed_except(&EXCEPTIONS);
    runner.assert_clean().await;
}

//! The suite on an EC2 API, through the fault proxy.
//!
//! `GATEWAY_TEST_EC2` is its endpoint, such as that of moto: `http://127.0.0.1:17000`.

#![allow(clippy::unwrap_used)] // also in what tests share

use std::sync::Arc;
use std::time::Duration;

use driver_conformance::Subject;
use driver_conformance::proxy::FaultProxy;
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::driver::CloudSpec;
use gateway_core::id::{CloudId, Region};
use gateway_core::secret::Secret;
use reqwest::Client;
use url::Url;

/// One that other tests leave alone.
const REGION: &str = "eu-north-1";

/// The Query API of the test cloud: moto looks at no signature, and a cloud that does refuses.
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
                    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/ec2/aws4_request, \
                     SignedHeaders=host, Signature=0"
                ),
            )
            .body(format!("Version=2016-11-15&Action={form}"));
        request.send().await.unwrap().text().await.unwrap()
    }

    /// Makes something and tells its id, which stands in that element of the answer.
    async fn make(&self, form: &str, id: &str) -> String {
        let answer = self.call(form).await;
        let inside = answer.split(&format!("<{id}>")).nth(1).and_then(|rest| rest.split('<').next());
        inside.unwrap_or_else(|| panic!("{form}: {answer}")).to_owned()
    }
}

/// Makes some of each kind where there are none.
async fn seed(endpoint: &str) {
    let cloud = Seeder { client: Client::new(), endpoint };
    let keys = cloud.call("DescribeKeyPairs").await;
    if keys.contains("<keyName>conformance</keyName>") {
        return;
    }
    let instances = "RunInstances&ImageId=ami-12c6146b&InstanceType=t3.micro&MinCount=7&MaxCount=7";
    let instance = cloud.make(instances, "instanceId").await;
    let volume = cloud.make(&format!("CreateVolume&Size=5&AvailabilityZone={REGION}a"), "volumeId").await;
    cloud.make(&format!("CreateImage&Name=conformance&InstanceId={instance}"), "imageId").await;
    cloud.make(&format!("CreateSnapshot&VolumeId={volume}&Description=conformance"), "snapshotId").await;
    cloud
        .make(&format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf"), "volumeId")
        .await;
    let vpc = cloud.make("CreateVpc&CidrBlock=10.77.0.0/16", "vpcId").await;
    let subnet = cloud.make(&format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.77.1.0/24"), "subnetId").await;
    let interface =
        cloud.make(&format!("CreateNetworkInterface&SubnetId={subnet}"), "networkInterfaceId").await;
    let gateway = cloud.make("CreateInternetGateway", "internetGatewayId").await;
    cloud.call(&format!("AttachInternetGateway&InternetGatewayId={gateway}&VpcId={vpc}")).await;
    cloud.make("AllocateAddress&Domain=vpc", "allocationId").await;
    let address = cloud.make("AllocateAddress&Domain=vpc", "allocationId").await;
    let associate = format!("AssociateAddress&AllocationId={address}&NetworkInterfaceId={interface}");
    cloud.make(&associate, "associationId").await;
    let group = format!("CreateSecurityGroup&GroupName=conformance&GroupDescription=c&VpcId={vpc}");
    let group = cloud.make(&group, "groupId").await;
    let port = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22";
    let from = "IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8";
    cloud.call(&format!("AuthorizeSecurityGroupIngress&GroupId={group}&{port}&{from}")).await;
    // Last, because it says that all is there.
    cloud.make("CreateKeyPair&KeyName=conformance", "keyPairId").await;
}

fn absent_key(kind: Kind) -> String {
    match kind.as_str() {
        "instance" => "i-0c0ffee0c0ffee0c0",
        "instance_type" => "c0.ffee",
        "image" => "ami-0c0ffee0c0ffee0c0",
        "volume" => "vol-0c0ffee0c0ffee0c0",
        "volume_snapshot" => "snap-0c0ffee0c0ffee0c0",
        "volume_attachment" => "vol-0c0ffee0c0ffee0c0/i-0c0ffee0c0ffee0c0",
        "network" => "vpc-0c0ffee0c0ffee0c0",
        "subnet" => "subnet-0c0ffee0c0ffee0c0",
        "network_interface" => "eni-0c0ffee0c0ffee0c0",
        "router" => "igw-0c0ffee0c0ffee0c0",
        "ip_address" => "eipalloc-0c0ffee0c0ffee0c0",
        "ip_address_binding" => "eipassoc-0c0ffee0c0ffee0c0",
        "security_group" => "sg-0c0ffee0c0ffee0c0",
        "security_group_rule" => "sgr-0c0ffee0c0ffee0c0",
        "ssh_key" => "key-0c0ffee0c0ffee0c0",
        "datacenter" => "c0-ffee-1a",
        "quota" => "123456789012/c0ffee",
        other => panic!("no absent {other} is known"),
    }
    .to_owned()
}

#[tokio::test]
async fn the_ec2_driver_keeps_its_promises() {
    let Ok(endpoint) = std::env::var("GATEWAY_TEST_EC2") else {
        println!("skipped: GATEWAY_TEST_EC2 is not set");
        return;
    };
    driver_kit::install_crypto();
    let url = Url::parse(&endpoint).unwrap();
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
    seed(&endpoint).await;
    let proxy = FaultProxy::start(&[&upstream]).await.unwrap();
    let cloud = CloudSpec {
        id: CloudId::generate(),
        name: "ec2".to_owned(),
        endpoint: proxy.through(&endpoint),
        regions: vec![Region::new(REGION)],
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 1000.0,
        timeout: Duration::from_secs(30),
        options: serde_json::Map::new(),
    };
    // moto takes any key, so that there is none that it refuses.
    let good = Credential::AccessKey {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
    };
    let subject = Subject::new(Ec2, cloud, good).with_faults(Arc::new(proxy)).with_absent_key(absent_key);
    let report = driver_conformance::run(subject).await;
    println!("{report}");
    report.assert_all_passed();
}

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
use gateway_core::credential::Credential;
use gateway_core::driver::CloudSpec;
use gateway_core::id::CloudId;
use gateway_core::scope::Region;
use gateway_core::secret::Secret;
use reqwest::Client;
use url::Url;

/// One that other tests leave alone.
const REGION: &str = "eu-north-1";

/// Makes a few resources where there are none; moto looks at no signature, and a cloud that does refuses.
async fn seed(endpoint: &str) {
    let client = Client::new();
    let call = async |form: &str| {
        let request = client
            .post(endpoint)
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
    };
    if call("DescribeVolumes").await.contains("<volumeId>") {
        return;
    }
    let made = call("RunInstances&ImageId=ami-12c6146b&InstanceType=t3.micro&MinCount=7&MaxCount=7").await;
    call(&format!("CreateVolume&Size=5&AvailabilityZone={REGION}a")).await;
    if let Some(instance) = made.split("<instanceId>").nth(1).and_then(|rest| rest.split('<').next()) {
        call(&format!("CreateImage&Name=conformance&InstanceId={instance}")).await;
    }
}

fn absent_key(kind: Kind) -> String {
    match kind.as_str() {
        "instance" => "i-0c0ffee0c0ffee0c0",
        "instance_type" => "c0.ffee",
        "image" => "ami-0c0ffee0c0ffee0c0",
        _ => "vol-0c0ffee0c0ffee0c0",
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

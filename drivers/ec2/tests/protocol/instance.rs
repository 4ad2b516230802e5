//! Instances: sizes in their listing, and launches.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::{Clock as _, ManualClock, SystemClock};
use gateway_core::driver::{Done, ListScope, SessionContext};
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind, Result};
use serde_json::{Value, json};

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, error, identity};
use crate::signature::LongQueue;
use crate::steps::{MARKER, act, id, keys, refusal};

const NAMES: [(Kind, &str); 2] = [(Kind::Image, "ami-1"), (Kind::InstanceType, "t9")];

fn instance() -> Value {
    json!({ "name": "a", "image": id(Kind::Image, "ami-1"), "instance_type": id(Kind::InstanceType, "t9"),
            "user_data": "hunter2" })
}

async fn launch(cloud: &ScriptedCloud) -> Result<Done> {
    act(cloud, Kind::Instance, Verb::Create, instance(), None, &NAMES).await
}

#[tokio::test]
async fn sizes_of_instances_are_read_once_and_a_refusal_hides_no_instance() {
    let instances = |id: &str, next: &str| {
        document(
            "DescribeInstances",
            &format!(
                "<reservationSet><item><ownerId>111</ownerId><instancesSet><item><instanceId>{id}</instanceId>\
                 <instanceType>t9</instanceType><instanceState><name>running</name></instanceState></item></instancesSet>\
                 </item></reservationSet><nextToken>{next}</nextToken>"
            ),
        )
    };
    let refused = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
    let exchanges: Vec<Exchange> = vec![
        (&["Action=DescribeInstances", "Version=2016-11-15"], 200, instances("i-1", "n")),
        identity(),
        (&["Action=DescribeInstanceTypes", "Filter.1.Value.1=t9"], 403, refused.to_owned()),
        (&["Action=DescribeInstances", "NextToken=n"], 200, instances("i-2", "")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert_eq!(cloud.list(Kind::Instance, ListScope::Own).await.unwrap(), [["i-1"], ["i-2"]]);
}

#[tokio::test]
async fn launch_is_posted_once_whatever_the_answer() {
    for (status, body, changed_nothing) in [
        (503, refusal("Unavailable", ""), false),
        (500, refusal("InternalError", ""), false),
        (502, "<html>bad gateway</html>".to_owned(), false),
        (503, refusal("RequestLimitExceeded", ""), true),
        (500, refusal("InsufficientInstanceCapacity", ""), true),
        (400, refusal("InstanceLimitExceeded", ""), true),
        (200, document("RunInstances", ""), false),
        (200, "<html>welcome</html>".to_owned(), false),
    ] {
        let cloud =
            ScriptedCloud::start(json!({}), vec![(&["Action=RunInstances"], status, body.clone())]).await;
        let error = launch(&cloud).await.unwrap_err();
        assert_eq!(error.changed_nothing(), changed_nothing, "{body}");
        assert_eq!(cloud.recorder.bodies.lock().unwrap().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn repeated_launch_posts_the_same_form() {
    let launched = "<instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet><item>\
        <networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet><blockDeviceMapping><item>\
        <ebs><volumeId>vol-1</volumeId></ebs></item></blockDeviceMapping></item></instancesSet>";
    let exchange = || -> Exchange {
        (&["ClientToken=gw-00000000000000000000000000000000-1"], 200, document("RunInstances", launched))
    };
    let cloud = ScriptedCloud::start(json!({}), vec![exchange()]).await;
    let first = launch(&cloud).await.unwrap();
    cloud.then(vec![exchange()]);
    launch(&cloud).await.unwrap();
    assert_eq!(keys(&first), ["i-1", "eni-1", "vol-1", "vol-1/i-1"]);
    assert_eq!(first.request_id.as_deref(), Some("q"));
    let bodies = cloud.recorder.bodies.lock().unwrap().clone();
    assert_eq!(bodies[0], bodies[1], "the cloud recognizes it by its client token and parameters");
    assert!(bodies[0].contains(&format!("Key=gateway-operation&TagSpecification.1.Tag.2.Value={MARKER}")));
}

#[tokio::test]
async fn launch_in_network_takes_the_first_subnet_with_a_free_address() {
    let subnet = |id: &str, free: u32| {
        format!(
            "<item><subnetId>{id}</subnetId><availabilityZone>r1a</availabilityZone>\
             <availableIpAddressCount>{free}</availableIpAddressCount></item>"
        )
    };
    let set = |items: &str| document("DescribeSubnets", &format!("<subnetSet>{items}</subnetSet>"));
    let launched = "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>";
    let exchanges: Vec<Exchange> = vec![
        (
            &["Action=DescribeSubnets", "Filter.1.Name=vpc-id", "Filter.1.Value.1=vpc-1"],
            200,
            set(&[subnet("subnet-c", 9), subnet("subnet-a", 0), subnet("subnet-b", 1)].concat()),
        ),
        // The interfaces of an instance are in one zone.
        (
            &["Filter.1.Value.1=vpc-2", "Filter.2.Name=availability-zone", "Filter.2.Value.1=r1a"],
            200,
            set(&subnet("x", 1)),
        ),
        (
            &["NetworkInterface.1.SubnetId=subnet-b", "NetworkInterface.2.SubnetId=x"],
            200,
            document("RunInstances", launched),
        ),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let mut command = instance();
    command["networks"] = json!([id(Kind::Network, "vpc-1"), id(Kind::Network, "vpc-2")]);
    let names = [&NAMES[..], &[(Kind::Network, "vpc-1"), (Kind::Network, "vpc-2")]].concat();
    act(&cloud, Kind::Instance, Verb::Create, command.clone(), None, &names).await.unwrap();
    cloud.then(vec![(&[], 200, set(&subnet("subnet-a", 0)))]);
    let error = act(&cloud, Kind::Instance, Verb::Create, command, None, &names).await.unwrap_err();
    assert_eq!((error.pointer(), error.changed_nothing()), (Some("/networks/0"), true));
}

#[tokio::test]
async fn error_of_launch_quotes_no_user_data() {
    let quote = refusal("InvalidParameterValue", "bad user data hunter2");
    let cloud = ScriptedCloud::start(json!({}), vec![(&[], 400, quote)]).await;
    let error = launch(&cloud).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let words = error.cloud().unwrap();
    assert_eq!((words.code.as_str(), words.message.as_str()), ("InvalidParameterValue", ""));
    assert!(!error.chain().contains("hunter2"), "{}", error.chain());
    let signature = refusal("SignatureDoesNotMatch", "x-amz-security-token:session");
    let cloud = ScriptedCloud::start(json!({}), vec![(&[], 403, signature)]).await;
    let error = launch(&cloud).await.unwrap_err();
    assert!(!format!("{error:?} {:?}", error.cloud()).contains("session"));
}

#[tokio::test]
async fn launch_with_expired_signature_is_signed_again_and_one_that_may_be_executed_is_not() {
    for (status, code, calls) in [(400, "RequestExpired", 2), (503, "Unavailable", 1)] {
        let clock = ManualClock::at(SystemClock.now());
        let pacer = Arc::new(LongQueue(clock.clone(), Duration::from_secs(130)));
        let context = SessionContext { pacer, ..SessionContext::unpaced(Arc::new(clock)) };
        let exchanges = (0..calls).map(|_| -> Exchange { (&[], status, error(code)) }).collect();
        let cloud = ScriptedCloud::start_with(json!({}), exchanges, context).await;
        assert_eq!(launch(&cloud).await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(cloud.recorder.bodies.lock().unwrap().len(), calls, "{code}");
    }
}

//! What is posted for a verb, how often, and what is made of refusals that a real cloud gives seldom.

use gateway_core::kind::Command;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::{Clock as _, ManualClock, SystemClock};
use gateway_core::driver::{Done, Known, References, SessionContext, Step as Deed};
use gateway_core::id::{CloudId, OperationId, ResourceId};
use gateway_core::kind::Verb;
use gateway_core::marker::Marker;
use gateway_core::{Error, ErrorKind, Kind, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::LongQueue;
use crate::script::{Cloud, Step, document, error, identity, region};

const MARKER: &str = "gw-00000000000000000000000000000000-1";

fn id(kind: &str, key: &str) -> ResourceId {
    ResourceId::derive(CloudId(Uuid::nil()), &region(), Kind::parse(kind).unwrap(), key)
}

fn known(kind: &str, key: &str, document: Value) -> Known {
    Known {
        id: id(kind, key),
        kind: Kind::parse(kind).unwrap(),
        native_key: key.to_owned(),
        external_id: key.to_owned(),
        name: "named".to_owned(),
        document: document.as_object().cloned().unwrap(),
    }
}

/// Does a step; what it names are pairs of kind and key.
async fn act(
    cloud: &Cloud,
    kind: &str,
    verb: Verb,
    command: Value,
    target: Option<&Known>,
    names: &[(&str, &str)],
) -> Result<Done> {
    let kind = Kind::parse(kind).unwrap();
    let command = Command::read(kind.spec().verb(verb).unwrap(), command).unwrap();
    let named = names.iter().map(|(kind, key)| known(kind, key, json!({})));
    let named = References(named.map(|known| (known.id, known)).collect::<BTreeMap<_, _>>());
    let marker = Marker { operation: OperationId(Uuid::nil()), ordinal: 1 };
    let step = Deed { kind, verb, command: &command, target, named: &named, marker };
    let done = cloud.session.act(&region(), &step).await;
    assert!(cloud.script.steps.lock().unwrap().is_empty(), "not all of the script was asked for: {done:?}");
    done
}

fn refusal(code: &str, words: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{words}</Message></Error></Errors>\
         <RequestID>r-1</RequestID></Response>"
    )
}

fn keys(done: &Done) -> Vec<&str> {
    done.touched.iter().map(|touched| touched.native_key.as_str()).collect()
}

const NAMES: [(&str, &str); 2] = [("image", "ami-1"), ("instance_type", "t9")];

fn instance() -> Value {
    json!({ "name": "a", "image": id("image", "ami-1"), "instance_type": id("instance_type", "t9"),
            "user_data": "hunter2" })
}

async fn launch(cloud: &Cloud) -> Result<Done> {
    act(cloud, "instance", Verb::Create, instance(), None, &NAMES).await
}

#[tokio::test]
async fn a_launch_is_posted_once_whatever_the_cloud_says() {
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
        let cloud = Cloud::start(json!({}), vec![(&["Action=RunInstances"], status, body.clone())]).await;
        let error = launch(&cloud).await.unwrap_err();
        assert_eq!(error.changed_nothing(), changed_nothing, "{body}");
        assert_eq!(cloud.script.bodies.lock().unwrap().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn an_order_that_is_done_again_is_the_same_to_the_letter() {
    let launched = "<instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet><item>\
        <networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet><blockDeviceMapping><item>\
        <ebs><volumeId>vol-1</volumeId></ebs></item></blockDeviceMapping></item></instancesSet>";
    let step = || -> Step {
        (&["ClientToken=gw-00000000000000000000000000000000-1"], 200, document("RunInstances", launched))
    };
    let cloud = Cloud::start(json!({}), vec![step()]).await;
    let first = launch(&cloud).await.unwrap();
    cloud.then(vec![step()]);
    launch(&cloud).await.unwrap();
    assert_eq!(keys(&first), ["i-1", "eni-1", "vol-1", "vol-1/i-1"]);
    assert_eq!(first.request_id.as_deref(), Some("q"));
    let bodies = cloud.script.bodies.lock().unwrap().clone();
    assert_eq!(bodies[0], bodies[1], "the cloud knows it again by its client token and every parameter");
    assert!(bodies[0].contains(&format!("Key=gateway-operation&TagSpecification.1.Tag.2.Value={MARKER}")));
}

#[tokio::test]
async fn a_network_stands_for_its_first_subnet_with_a_free_address() {
    let subnet = |id: &str, free: u32| {
        format!(
            "<item><subnetId>{id}</subnetId><availabilityZone>r1a</availabilityZone>\
             <availableIpAddressCount>{free}</availableIpAddressCount></item>"
        )
    };
    let set = |items: &str| document("DescribeSubnets", &format!("<subnetSet>{items}</subnetSet>"));
    let launched = "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>";
    let steps: Vec<Step> = vec![
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
    let cloud = Cloud::start(json!({}), steps).await;
    let mut order = instance();
    order["networks"] = json!([id("network", "vpc-1"), id("network", "vpc-2")]);
    let names = [&NAMES[..], &[("network", "vpc-1"), ("network", "vpc-2")]].concat();
    act(&cloud, "instance", Verb::Create, order.clone(), None, &names).await.unwrap();
    cloud.then(vec![(&[], 200, set(&subnet("subnet-a", 0)))]);
    let error = act(&cloud, "instance", Verb::Create, order, None, &names).await.unwrap_err();
    assert_eq!((error.pointer(), error.changed_nothing()), (Some("/networks/0"), true));
}

#[tokio::test]
async fn user_data_comes_back_in_no_words() {
    let quote = refusal("InvalidParameterValue", "bad user data hunter2");
    let cloud = Cloud::start(json!({}), vec![(&[], 400, quote)]).await;
    let error = launch(&cloud).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let words = error.cloud().unwrap();
    assert_eq!((words.code.as_str(), words.message.as_str()), ("InvalidParameterValue", ""));
    assert!(!error.chain().contains("hunter2"), "{}", error.chain());
    let signature = refusal("SignatureDoesNotMatch", "x-amz-security-token:session");
    let cloud = Cloud::start(json!({}), vec![(&[], 403, signature)]).await;
    let error = launch(&cloud).await.unwrap_err();
    assert!(!format!("{error:?} {:?}", error.cloud()).contains("session"));
}

#[tokio::test]
async fn an_order_that_grew_old_in_the_queue_is_signed_anew_and_one_that_may_be_done_is_not() {
    for (status, code, calls) in [(400, "RequestExpired", 2), (503, "Unavailable", 1)] {
        let clock = ManualClock::at(SystemClock.now());
        let pacer = Arc::new(LongQueue(clock.clone(), Duration::from_secs(130)));
        let link = SessionContext { pacer, ..SessionContext::unpaced(Arc::new(clock)) };
        let steps = (0..calls).map(|_| -> Step { (&[], status, error(code)) }).collect();
        let cloud = Cloud::start_linked(json!({}), steps, link).await;
        assert_eq!(launch(&cloud).await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(cloud.script.bodies.lock().unwrap().len(), calls, "{code}");
    }
}

#[tokio::test]
async fn a_volume_that_is_detached_already_is_detached() {
    let attachment = known("volume_attachment", "vol-1/i-1", json!({ "device": "/dev/sdf" }));
    let volume = |inside: &str| {
        let item = format!("<item><volumeId>vol-1</volumeId><attachmentSet>{inside}</attachmentSet></item>");
        document("DescribeVolumes", &format!("<volumeSet>{item}</volumeSet>"))
    };
    let wrong: Step = (
        &["Action=DetachVolume", "Device=%2Fdev%2Fsdf"],
        400,
        refusal("IncorrectState", "vol-1 is available"),
    );
    let steps = vec![wrong.clone(), (&["Action=DescribeVolumes", "VolumeId.1=vol-1"][..], 200, volume(""))];
    let cloud = Cloud::start(json!({}), steps).await;
    let delete = || act(&cloud, "volume_attachment", Verb::Delete, Value::Null, Some(&attachment), &[]);
    assert_eq!(keys(&delete().await.unwrap()), ["vol-1/i-1", "vol-1", "i-1"]);
    let busy = "<item><instanceId>i-1</instanceId><status>busy</status></item>";
    cloud.then(vec![wrong, (&[], 200, volume(busy))]);
    let error = delete().await.unwrap_err();
    assert_eq!((error.kind(), error.cloud().unwrap().code.as_str()), (ErrorKind::Conflict, "IncorrectState"));
}

#[tokio::test]
async fn a_volume_that_grows_already_is_extended() {
    let volume = known("volume", "vol-1", json!({}));
    let changes = |state: &str| {
        let item =
            format!("<item><modificationState>{state}</modificationState><targetSize>9</targetSize></item>");
        document(
            "DescribeVolumesModifications",
            &format!("<volumeModificationSet>{item}</volumeModificationSet>"),
        )
    };
    let refused: Step = (
        &["Action=ModifyVolume", "VolumeId=vol-1", "Size=9"],
        400,
        refusal("VolumeModificationRateExceeded", "wait"),
    );
    let cloud = Cloud::start(json!({}), vec![refused.clone(), (&[], 200, changes("optimizing"))]).await;
    let extend = || act(&cloud, "volume", Verb::Extend, json!({ "size_gib": 9 }), Some(&volume), &[]);
    assert_eq!(keys(&extend().await.unwrap()), ["vol-1"]);
    cloud.then(vec![refused, (&[], 200, changes("failed"))]);
    assert_eq!(extend().await.unwrap_err().kind(), ErrorKind::Conflict);
}

fn table(routes: &str) -> String {
    let item = format!(
        "<item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet>{routes}</routeSet></item>"
    );
    document("DescribeRouteTables", &format!("<routeTableSet>{item}</routeTableSet>"))
}

fn way(hop: &str) -> String {
    format!("<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{hop}</item>")
}

fn gateways(items: &str) -> String {
    document("DescribeInternetGateways", &format!("<internetGatewaySet>{items}</internetGatewaySet>"))
}

fn gateway(vpc: Option<&str>) -> String {
    let attachment = vpc.map(|vpc| format!("<item><vpcId>{vpc}</vpcId><state>available</state></item>"));
    format!(
        "<item><internetGatewayId>igw-1</internetGatewayId><attachmentSet>{}</attachmentSet><tagSet><item>\
         <key>gateway-router</key><value>rtb-1</value></item></tagSet></item>",
        attachment.unwrap_or_default()
    )
}

async fn turn(cloud: &Cloud, verb: Verb) -> Result<Done> {
    let router = known("router", "rtb-1", json!({ "router_type": "route_table" }));
    act(cloud, "router", verb, Value::Null, Some(&router), &[]).await
}

async fn set(cloud: &Cloud) -> Result<Done> {
    let router = known("router", "rtb-1", json!({ "router_type": "route_table" }));
    act(cloud, "router", Verb::SetGateway, json!({}), Some(&router), &[]).await
}

#[tokio::test]
async fn a_way_out_is_made_on_from_wherever_it_was_cut_short() {
    let attach: Step = (
        &["Action=AttachInternetGateway", "InternetGatewayId=igw-1", "VpcId=vpc-1"],
        200,
        document("AttachInternetGateway", ""),
    );
    let lead: Step = (
        &["Action=CreateRoute", "RouteTableId=rtb-1", "DestinationCidrBlock=0.0.0.0%2F0", "GatewayId=igw-1"],
        200,
        document("CreateRoute", ""),
    );
    let none: Step = (&["Filter.1.Name=attachment.vpc-id", "Filter.1.Value.1=vpc-1"], 200, gateways(""));
    // Made, and not attached.
    let left: Step =
        (&["Filter.1.Name=tag%3Agateway-router", "Filter.1.Value.1=rtb-1"], 200, gateways(&gateway(None)));
    let cloud =
        Cloud::start(json!({}), vec![(&[][..], 200, table("")), none, left, attach, lead.clone()]).await;
    assert_eq!(keys(&set(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
    // Attached, and not led to.
    cloud.then(vec![(&[], 200, table("")), (&[], 200, gateways(&gateway(Some("vpc-1")))), lead]);
    assert_eq!(keys(&set(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
    // All done.
    let done = table(&way("<gatewayId>igw-1</gatewayId>"));
    cloud.then(vec![(&[], 200, done), (&[], 200, gateways(&gateway(Some("vpc-1"))))]);
    assert_eq!(keys(&set(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
    // Out by something else, which is left alone.
    let nat = table(&way("<natGatewayId>nat-1</natGatewayId>"));
    cloud.then(vec![(&[], 200, nat), (&[], 200, gateways(""))]);
    let error: Error = set(&cloud).await.unwrap_err();
    assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Conflict, true));
}

#[tokio::test]
async fn a_refused_way_out_leaves_no_gateway_behind() {
    let made = "<internetGateway><internetGatewayId>igw-1</internetGatewayId></internetGateway>";
    let steps: Vec<Step> = vec![
        (&[], 200, table("")),
        (&[], 200, gateways("")),
        (&[], 200, gateways("")),
        (&["Action=CreateInternetGateway"], 200, document("CreateInternetGateway", made)),
        (&["Action=AttachInternetGateway"], 200, document("AttachInternetGateway", "")),
        (&["Action=CreateRoute"], 400, refusal("RouteLimitExceeded", "full")),
        (&["Action=DetachInternetGateway"], 200, document("DetachInternetGateway", "")),
        (&["Action=DeleteInternetGateway"], 200, document("DeleteInternetGateway", "")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    assert_eq!(set(&cloud).await.unwrap_err().cloud().unwrap().message, "full");
}

#[tokio::test]
async fn a_gateway_that_outside_addresses_need_stays() {
    let steps: Vec<Step> = vec![
        (&[], 200, table(&way("<gatewayId>igw-1</gatewayId>"))),
        (&["Filter.1.Name=attachment.vpc-id"], 200, gateways(&gateway(Some("vpc-1")))),
        (&["Filter.1.Name=tag%3Agateway-router"], 200, gateways(&gateway(Some("vpc-1")))),
        (&["Filter.1.Name=route.gateway-id"], 200, document("DescribeRouteTables", "<routeTableSet/>")),
        (&["Action=DeleteRoute", "RouteTableId=rtb-1"], 200, document("DeleteRoute", "")),
        (&["Action=DetachInternetGateway"], 400, refusal("DependencyViolation", "mapped addresses")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    assert_eq!(keys(&turn(&cloud, Verb::ClearGateway).await.unwrap()), ["rtb-1", "igw-1"]);
}

#[tokio::test]
async fn an_address_goes_to_the_first_of_several_interfaces_and_is_taken_from_nobody() {
    let interface = |id: &str, at: u32| {
        format!(
            "<item><networkInterfaceId>{id}</networkInterfaceId><attachment><deviceIndex>{at}</deviceIndex>\
             </attachment></item>"
        )
    };
    let instance = format!(
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet>{}{}\
         </networkInterfaceSet></item></instancesSet></item></reservationSet>",
        interface("eni-2", 1),
        interface("eni-1", 0)
    );
    let steps: Vec<Step> = vec![
        (&["Action=DescribeInstances", "InstanceId.1=i-1"], 200, document("DescribeInstances", &instance)),
        (
            &[
                "Action=AssociateAddress",
                "AllocationId=eipalloc-1",
                "NetworkInterfaceId=eni-1",
                "AllowReassociation=false",
            ],
            200,
            document("AssociateAddress", "<associationId>eipassoc-1</associationId>"),
        ),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    let order = json!({ "address": id("ip_address", "eipalloc-1"), "instance": id("instance", "i-1") });
    let names = [("ip_address", "eipalloc-1"), ("instance", "i-1")];
    let done = act(&cloud, "ip_address_binding", Verb::Create, order, None, &names).await.unwrap();
    assert_eq!(keys(&done), ["eipassoc-1", "eipalloc-1", "i-1", "eni-1"]);
}

#[tokio::test]
async fn a_key_of_the_same_name_is_not_the_same_key() {
    let key = known("ssh_key", "key-1", json!({}));
    let shown = |id: &str| {
        let item = format!("<item><keyPairId>{id}</keyPairId><keyName>named</keyName></item>");
        document("DescribeKeyPairs", &format!("<keySet>{item}</keySet>"))
    };
    let cloud = Cloud::start(json!({}), vec![(&[][..], 200, shown("key-2"))]).await;
    let delete = || act(&cloud, "ssh_key", Verb::Delete, Value::Null, Some(&key), &[]);
    assert_eq!(delete().await.unwrap_err().kind(), ErrorKind::NotFound);
    cloud.then(vec![
        (&[], 200, shown("key-1")),
        (&["Action=DeleteKeyPair", "KeyName=named"], 200, document("DeleteKeyPair", "")),
    ]);
    delete().await.unwrap();
}

#[tokio::test]
async fn an_image_is_described_by_its_attribute_and_its_name_stays() {
    let image = known("image", "ami-1", json!({}));
    let steps: Vec<Step> = vec![(
        &["Action=ModifyImageAttribute", "ImageId=ami-1", "Description.Value=new"],
        200,
        document("ModifyImageAttribute", ""),
    )];
    let cloud = Cloud::start(json!({}), steps).await;
    let order = json!({ "description": "new" });
    let done = act(&cloud, "image", Verb::Update, order, Some(&image), &[]).await.unwrap();
    assert_eq!(keys(&done), ["ami-1"]);
}

#[tokio::test]
async fn the_marker_is_taken_off_the_tags_and_read_off_the_client_token() {
    let volumes = format!(
        "<volumeSet><item><volumeId>vol-1</volumeId><size>1</size><status>available</status><tagSet>\
         <item><key>gateway-operation</key><value>{MARKER}</value></item>\
         <item><key>mine</key><value>1</value></item></tagSet></item></volumeSet>"
    );
    let cloud =
        Cloud::start(json!({}), vec![(&[][..], 200, document("DescribeVolumes", &volumes)), identity()])
            .await;
    let seen = cloud.get("volume", "vol-1").await.unwrap().unwrap();
    assert_eq!(seen.marker.map(|marker| marker.to_string()).as_deref(), Some(MARKER));
    assert!(seen.tags.keys().eq(["mine"]), "{:?}", seen.tags);
    assert_eq!(seen.raw["tagSet"].as_array().unwrap().len(), 2, "the cloud's document is whole");
    let others = volumes.replace(MARKER, "gw-theirs");
    cloud.then(vec![(&[], 200, document("DescribeVolumes", &others))]);
    let seen = cloud.get("volume", "vol-1").await.unwrap().unwrap();
    assert_eq!((seen.marker, seen.tags.len()), (None, 2), "what is no marker is somebody's tag");
    let instances = format!(
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceType>t9</instanceType>\
         <clientToken>{MARKER}</clientToken><instanceState><name>running</name></instanceState></item></instancesSet>\
         </item></reservationSet>"
    );
    cloud.then(vec![
        (&[], 200, document("DescribeInstances", &instances)),
        (&[], 200, document("DescribeInstanceTypes", "<instanceTypeSet/>")),
    ]);
    let seen = cloud.get("instance", "i-1").await.unwrap().unwrap();
    assert_eq!(seen.marker.map(|marker| marker.to_string()).as_deref(), Some(MARKER));
}

//! The whole driver against an endpoint that speaks the Query API from a script.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use driver_ec2::Ec2;
use gateway_core::clock::{Clock as _, ManualClock, SystemClock};
use gateway_core::credential::Credential;
use gateway_core::driver::{CloudSpec, Driver as _, Link, ListScope, Pacer, Session};
use gateway_core::id::CloudId;
use gateway_core::observation::Observed;
use gateway_core::scope::Region;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

/// One expected call: words that its body must have, and the answer.
type Step = (&'static [&'static str], u16, String);

#[derive(Clone, Default)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    /// When each call says that it was signed.
    dates: Arc<Mutex<Vec<String>>>,
    /// What each call asked for.
    bodies: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(script): State<Script>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    // Out of the script or not as expected: a status that no test expects.
    let teapot = |why: String| (StatusCode::IM_A_TEAPOT, why);
    let Some((words, status, text)) = script.steps.lock().unwrap().pop_front() else {
        return teapot(format!("unexpected {body}"));
    };
    script.bodies.lock().unwrap().push(body.clone());
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AK/"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));
    assert_eq!(headers["x-amz-security-token"], "session");
    script.dates.lock().unwrap().push(headers["x-amz-date"].to_str().unwrap().to_owned());
    match words.iter().find(|word| !body.split('&').any(|part| part == **word)) {
        Some(missing) => teapot(format!("{missing} is not in {body}")),
        None => (StatusCode::from_u16(status).unwrap(), text),
    }
}

struct Cloud {
    script: Script,
    session: Arc<dyn Session>,
}

impl Cloud {
    async fn start(options: Value, steps: Vec<Step>) -> Self {
        Self::start_linked(options, steps, Link::unpaced(Arc::new(SystemClock))).await
    }

    async fn start_linked(options: Value, steps: Vec<Step>, link: Link) -> Self {
        Self::start_in(vec![], options, steps, link).await
    }

    async fn start_in(regions: Vec<Region>, options: Value, steps: Vec<Step>, link: Link) -> Self {
        let script = Script { steps: Arc::new(Mutex::new(steps.into())), ..Script::default() };
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let cloud = CloudSpec {
            id: CloudId::generate(),
            name: "scripted".to_owned(),
            endpoint,
            regions,
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 100.0,
            timeout: Duration::from_secs(10),
            options: options.as_object().cloned().unwrap(),
        };
        let credential = r#"{"method":"access_key","access_key_id":"AK","secret_access_key":"SK","session_token":"session"}"#;
        let session = Ec2.open(Arc::new(cloud), Credential::parse(credential).unwrap(), link).unwrap();
        Self { script, session }
    }

    /// What is to come after the steps so far.
    fn then(&self, steps: Vec<Step>) {
        self.script.steps.lock().unwrap().extend(steps);
    }

    async fn get(&self, kind: &str, key: &str) -> gateway_core::Result<Option<Observed>> {
        self.session.get(&region(), Kind::parse(kind).unwrap(), key).await
    }

    async fn list(&self, kind: &str, scope: ListScope) -> gateway_core::Result<Vec<Vec<String>>> {
        let (mut pages, mut next) = (Vec::new(), None);
        loop {
            let page = self.session.list(&region(), Kind::parse(kind).unwrap(), scope, next.as_ref()).await?;
            pages.push(page.items.into_iter().map(|item| item.native_key).collect());
            next = page.next;
            if next.is_none() {
                assert!(self.script.steps.lock().unwrap().is_empty(), "not all of the script was asked for");
                return Ok(pages);
            }
        }
    }
}

fn region() -> Region {
    Region::new("r1")
}

fn document(action: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><{action}Response xmlns=\"u\"><requestId>q</requestId>{body}</{action}Response>"
    )
}

fn image(id: &str, owner: &str, public: bool) -> String {
    format!(
        "<item><imageId>{id}</imageId><imageState>available</imageState><imageOwnerId>{owner}</imageOwnerId>\
         <isPublic>{public}</isPublic></item>"
    )
}

fn identity() -> Step {
    let body = "<GetCallerIdentityResult><Account>111</Account></GetCallerIdentityResult>";
    (&["Action=GetCallerIdentity", "Version=2011-06-15"], 200, document("GetCallerIdentity", body))
}

fn images(items: &[String], next: &str) -> String {
    document(
        "DescribeImages",
        &format!("<imagesSet>{}</imagesSet><nextToken>{next}</nextToken>", items.concat()),
    )
}

fn snapshots(items: &[(&str, &str)], next: &str) -> String {
    let item = |(id, owner): &(&str, &str)| {
        format!(
            "<item><snapshotId>{id}</snapshotId><status>completed</status><volumeSize>1</volumeSize>\
             <ownerId>{owner}</ownerId></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    document("DescribeSnapshots", &format!("<snapshotSet>{items}</snapshotSet><nextToken>{next}</nextToken>"))
}

fn error(code: &str) -> String {
    format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>")
}

#[tokio::test]
async fn own_images_come_once_each_through_both_listings_and_all_pages() {
    let steps: Vec<Step> = vec![
        (&["Owner.1=self", "MaxResults=1000"], 200, images(&[image("a", "111", false)], "t1")),
        identity(),
        (&["Owner.1=self", "NextToken=t1"], 200, images(&[image("b", "111", true)], "")),
        (&["ExecutableBy.1=self"], 200, images(&[image("a", "111", false), image("p", "9", true)], "t2")),
        (&["ExecutableBy.1=self", "NextToken=t2"], 200, images(&[image("c", "222", false)], "")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    let pages = cloud.list("image", ListScope::Own).await.unwrap();
    assert_eq!(pages, [vec!["a"], vec!["b"], vec![], vec!["c"]]);
}

#[tokio::test]
async fn public_images_are_those_of_the_named_owners_and_without_owners_nobody_is_asked() {
    let cloud = Cloud::start(json!({}), vec![]).await;
    assert_eq!(cloud.list("image", ListScope::Published).await.unwrap(), [Vec::<String>::new()]);
    let steps: Vec<Step> = vec![
        (
            &["Owner.1=amazon", "Filter.1.Name=is-public"],
            200,
            images(&[image("a", "9", true), image("b", "9", false)], ""),
        ),
        identity(),
    ];
    let cloud = Cloud::start(json!({"public_image_owners": ["amazon"]}), steps).await;
    assert_eq!(cloud.list("image", ListScope::Published).await.unwrap(), [vec!["a"]]);
}

#[tokio::test]
async fn sizes_are_asked_for_once_and_a_refusal_does_not_hide_instances() {
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
    let steps: Vec<Step> = vec![
        (&["Action=DescribeInstances", "Version=2016-11-15"], 200, instances("i-1", "n")),
        identity(),
        (&["Action=DescribeInstanceTypes", "Filter.1.Value.1=t9"], 403, refused.to_owned()),
        (&["Action=DescribeInstances", "NextToken=n"], 200, instances("i-2", "")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    assert_eq!(cloud.list("instance", ListScope::Own).await.unwrap(), [["i-1"], ["i-2"]]);
}

#[tokio::test]
async fn an_odd_answer_is_never_an_empty_list() {
    for body in [
        document("DescribeVolumes", ""),
        document("DescribeVolumes", "<volumeSet><entry/></volumeSet>"),
        document("DescribeImages", "<volumeSet/>"),
        document("DescribeVolumes", "<volumeSet/>")[..60].to_owned(),
        "<html><body>Welcome</body></html>".to_owned(),
        String::new(),
    ] {
        let cloud = Cloud::start(json!({}), vec![(&[], 200, body.clone())]).await;
        let error = cloud.list("volume", ListScope::Own).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{body}");
    }
    let empty = document("DescribeVolumes", "<volumeSet/>");
    let cloud = Cloud::start(json!({}), vec![(&[], 200, empty)]).await;
    assert_eq!(cloud.list("volume", ListScope::Own).await.unwrap(), [Vec::<String>::new()]);
}

#[tokio::test]
async fn a_token_that_leads_nowhere_ends_the_listing() {
    let page = || document("DescribeVolumes", "<volumeSet/><nextToken>same</nextToken>");
    let cloud = Cloud::start(json!({}), vec![(&[], 200, page()), (&["NextToken=same"], 200, page())]).await;
    assert_eq!(cloud.list("volume", ListScope::Own).await.unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn absence_is_told_only_by_the_cloud() {
    let steps: Vec<Step> = vec![
        (&["Action=DescribeVolumes", "VolumeId.1=vol-1"], 400, error("InvalidVolume.NotFound")),
        (&["VolumeId.1=vol-1"], 200, document("DescribeVolumes", "<volumeSet/>")),
        (&["VolumeId.1=vol-1"], 404, "<html>not found</html>".to_owned()),
        (&["VolumeId.1=vol-1"], 403, error("UnauthorizedOperation")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    let get = async || cloud.session.get(&region(), Kind::new("volume"), "vol-1").await;
    assert!(get().await.unwrap().is_none());
    assert!(get().await.unwrap().is_none());
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::WrongDocument, "a proxy's 404 proves nothing");
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn snapshots_are_own_ones_and_then_shared_ones_and_never_all() {
    let steps: Vec<Step> = vec![
        (&["Owner.1=self", "MaxResults=1000"], 200, snapshots(&[("a", "111")], "")),
        identity(),
        // A cloud that does not know the parameter shows own ones again.
        (&["RestorableBy.1=self", "MaxResults=1000"], 200, snapshots(&[("a", "111"), ("b", "222")], "t")),
        (&["RestorableBy.1=self", "NextToken=t"], 200, snapshots(&[("c", "333")], "")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    let pages = cloud.list("volume_snapshot", ListScope::Own).await.unwrap();
    assert_eq!(pages, [vec!["a"], vec!["b"], vec!["c"]]);
}

#[tokio::test]
async fn a_single_read_by_filter_goes_through_the_parts_and_pages_of_the_listing() {
    let steps: Vec<Step> = vec![
        (&["Owner.1=self", "Filter.1.Name=snapshot-id", "Filter.1.Value.1=b"], 200, snapshots(&[], "")),
        // EC2 filters page by page: one may be empty, and not the last.
        (&["RestorableBy.1=self", "Filter.1.Value.1=b"], 200, snapshots(&[], "t")),
        (&["RestorableBy.1=self", "Filter.1.Value.1=b", "NextToken=t"], 200, snapshots(&[("b", "222")], "")),
        identity(),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    let found = cloud.get("volume_snapshot", "b").await.unwrap().unwrap();
    assert_eq!((found.native_key.as_str(), found.owner.as_deref()), ("b", Some("222")));

    let circle: Vec<Step> =
        vec![(&[], 200, snapshots(&[], "t")), (&["NextToken=t"], 200, snapshots(&[], "t"))];
    let cloud = Cloud::start(json!({}), circle).await;
    let error = cloud.get("volume_snapshot", "b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument, "it would go round for ever");
}

#[tokio::test]
async fn routers_are_two_calls_in_a_row_and_both_are_probed() {
    let tables =
        |items: &str| document("DescribeRouteTables", &format!("<routeTableSet>{items}</routeTableSet>"));
    let gateways = |items: &str| {
        document("DescribeInternetGateways", &format!("<internetGatewaySet>{items}</internetGatewaySet>"))
    };
    let table = "<item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId></item>";
    let gateway = "<item><internetGatewayId>igw-1</internetGatewayId></item>";
    let steps: Vec<Step> = vec![
        (&["Action=DescribeRouteTables", "MaxResults=100"], 200, tables(table)),
        identity(),
        (&["Action=DescribeInternetGateways", "MaxResults=1000"], 200, gateways(gateway)),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    assert_eq!(cloud.list("router", ListScope::Own).await.unwrap(), [["rtb-1"], ["igw-1"]]);
    cloud.then(vec![
        (&["Action=DescribeRouteTables", "MaxResults=5"], 200, tables("")),
        (&["Action=DescribeInternetGateways", "MaxResults=5"], 403, error("UnauthorizedOperation")),
    ]);
    let refused = cloud.session.probe(&region(), Kind::new("router")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden, "half of a listing is none");
    cloud.then(vec![
        (&["Action=DescribeRouteTables", "Filter.1.Name=route-table-id"], 200, tables("")),
        (&["Action=DescribeInternetGateways", "Filter.1.Value.1=igw-1"], 200, gateways(gateway)),
    ]);
    assert!(cloud.get("router", "igw-1").await.unwrap().is_some());
}

#[tokio::test]
async fn an_attachment_is_read_from_its_volume_and_from_no_other() {
    let volume = |id: &str, instances: &[&str]| {
        let item = |instance: &&str| {
            format!("<item><instanceId>{instance}</instanceId><status>attached</status></item>")
        };
        let attachments: String = instances.iter().map(item).collect();
        let item =
            format!("<item><volumeId>{id}</volumeId><attachmentSet>{attachments}</attachmentSet></item>");
        document("DescribeVolumes", &format!("<volumeSet>{item}</volumeSet>"))
    };
    let steps: Vec<Step> = vec![
        (&["Action=DescribeVolumes", "VolumeId.1=vol-1"], 200, volume("vol-1", &["i-1", "i-2"])),
        identity(),
        (&["VolumeId.1=vol-1"], 200, volume("vol-1", &["i-1"])),
        (&["VolumeId.1=vol-1"], 200, volume("vol-1", &[])),
        (&["VolumeId.1=vol-1"], 400, error("InvalidVolume.NotFound")),
        (&["VolumeId.1=vol-1"], 200, volume("vol-2", &["i-2"])),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    let get = async || cloud.get("volume_attachment", "vol-1/i-2").await;
    assert_eq!(get().await.unwrap().unwrap().native_key, "vol-1/i-2");
    assert!(get().await.unwrap().is_none(), "the volume is in another instance alone");
    assert!(get().await.unwrap().is_none(), "the volume is in none");
    assert!(get().await.unwrap().is_none(), "the volume is gone");
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn actions_without_pages_are_sent_nothing_that_they_do_not_know() {
    let page_of = |kind: &'static str, action: &'static str, set: &str, more: &'static [&'static str]| {
        (kind, action, document(action, &format!("<{set}/>")), more)
    };
    for (kind, action, empty, more) in [
        page_of("ip_address", "DescribeAddresses", "addressesSet", &[]),
        page_of("ip_address_binding", "DescribeAddresses", "addressesSet", &[]),
        page_of("ssh_key", "DescribeKeyPairs", "keySet", &["IncludePublicKey=true"]),
        page_of(
            "datacenter",
            "DescribeAvailabilityZones",
            "availabilityZoneInfo",
            &["AllAvailabilityZones=false"],
        ),
        page_of("quota", "DescribeAccountAttributes", "accountAttributeSet", &[]),
    ] {
        let cloud = Cloud::start(json!({"page_size": 5}), vec![(more, 200, empty)]).await;
        assert_eq!(cloud.list(kind, ListScope::Own).await.unwrap(), [Vec::<String>::new()]);
        let sent = cloud.script.bodies.lock().unwrap().concat();
        let known = sent.split('&').skip(2).filter(|part| !more.contains(part)).collect::<Vec<_>>();
        assert!(sent.starts_with(&format!("Action={action}&Version=2016-11-15")), "{sent}");
        assert!(known.is_empty(), "{kind}: {known:?}");
    }
}

#[tokio::test]
async fn a_quota_is_found_among_all_and_an_address_by_what_it_is() {
    let attributes = "<accountAttributeSet><item><attributeName>max-instances</attributeName><attributeValueSet><item>\
        <attributeValue>20</attributeValue></item></attributeValueSet></item></accountAttributeSet>";
    let attributes = || document("DescribeAccountAttributes", attributes);
    let steps: Vec<Step> = vec![
        (&["Action=DescribeAccountAttributes"], 200, attributes()),
        identity(),
        (&["Action=DescribeAccountAttributes"], 200, attributes()),
        (
            &["Action=DescribeAddresses", "AllocationId.1=eipalloc-1"],
            400,
            error("InvalidAllocationID.NotFound"),
        ),
        (&["Action=DescribeAddresses", "PublicIp.1=203.0.113.1"], 400, error("InvalidAddress.NotFound")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    assert!(cloud.get("quota", "111/max-instances").await.unwrap().is_some());
    assert!(cloud.get("quota", "222/max-instances").await.unwrap().is_none(), "another account's");
    assert!(cloud.get("ip_address", "eipalloc-1").await.unwrap().is_none());
    assert!(cloud.get("ip_address", "203.0.113.1").await.unwrap().is_none());
}

#[tokio::test]
async fn a_region_that_the_registration_does_not_name_is_not_asked_for() {
    let quotas = || document("DescribeAccountAttributes", "<accountAttributeSet/>");
    let link = Link::unpaced(Arc::new(SystemClock));
    let cloud = Cloud::start_in(vec![region()], json!({}), vec![(&[], 200, quotas())], link).await;
    let (quota, other) = (Kind::new("quota"), Region::new("r2"));
    let listed = cloud.session.list(&other, quota, ListScope::Own, None).await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cloud.session.get(&other, quota, "111/x").await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cloud.session.probe(&other, quota).await.unwrap_err().kind(), ErrorKind::Invalid);
    cloud.session.probe(&region(), quota).await.unwrap();
}

#[tokio::test]
async fn proof_names_the_account_and_the_regions() {
    let regions = "<regionInfo><item><regionName>r2</regionName></item><item><regionName>r1</regionName></item></regionInfo>";
    let steps =
        vec![identity(), (&["Action=DescribeRegions"][..], 200, document("DescribeRegions", regions))];
    let cloud = Cloud::start(json!({}), steps).await;
    let proof = cloud.session.prove().await.unwrap();
    assert_eq!((proof.external_id.as_str(), proof.name.as_str()), ("111", "111"));
    assert_eq!(proof.regions, [Region::new("r1"), Region::new("r2")]);

    let refused = "<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>";
    let cloud = Cloud::start(json!({}), vec![identity(), (&[][..], 401, refused.to_owned())]).await;
    let error = cloud.session.prove().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "STS took the key");
    let unknown = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
    let cloud = Cloud::start(json!({}), vec![(&[][..], 403, unknown.to_owned())]).await;
    assert_eq!(cloud.session.prove().await.unwrap_err().kind(), ErrorKind::Unauthorized);

    let evil = regions.replace("r2", "evil.example/#");
    let steps = vec![identity(), (&[][..], 200, document("DescribeRegions", &evil))];
    let cloud = Cloud::start(json!({}), steps).await;
    assert_eq!(cloud.session.prove().await.unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn a_throttled_call_is_sent_again() {
    let slow = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
    let steps: Vec<Step> = vec![
        (&["MaxResults=5"], 503, slow.to_owned()),
        (&["MaxResults=5"], 200, document("DescribeVolumes", "<volumeSet/>")),
    ];
    let cloud = Cloud::start(json!({}), steps).await;
    cloud.session.probe(&region(), Kind::new("volume")).await.unwrap();
}

/// A budget in which every turn comes after that long.
#[derive(Debug)]
struct LongQueue(ManualClock, Duration);

#[async_trait]
impl Pacer for LongQueue {
    async fn acquire(&self) {
        self.0.advance(self.1);
    }
    fn pause(&self, _wait: Duration) {}
}

#[tokio::test]
async fn a_signature_that_grew_old_in_the_queue_is_made_anew() {
    let expired = "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>";
    for (wait, is_tried_again) in [(1, false), (130, true)] {
        let steps: Vec<Step> = vec![
            (&["MaxResults=5"], 400, expired.to_owned()),
            (&["MaxResults=5"], 200, document("DescribeVolumes", "<volumeSet/>")),
        ];
        let clock = ManualClock::at(SystemClock.now());
        let pacer = Arc::new(LongQueue(clock.clone(), Duration::from_secs(wait)));
        let link = Link { pacer, ..Link::unpaced(Arc::new(clock)) };
        let cloud = Cloud::start_linked(json!({}), steps, link).await;
        let result = cloud.session.probe(&region(), Kind::new("volume")).await;
        let dates = cloud.script.dates.lock().unwrap().clone();
        assert_eq!(result.is_ok(), is_tried_again, "{result:?}");
        assert_eq!(dates.len(), if is_tried_again { 2 } else { 1 });
        assert_ne!(dates.first(), dates.get(1));
    }
}

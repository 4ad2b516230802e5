//! The whole driver against an endpoint that speaks the Query API from a script.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod kinds;
mod script;
mod verbs;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::clock::{Clock as _, ManualClock, SystemClock};
use gateway_core::driver::{ListScope, Pacer, SessionContext};
use gateway_core::id::Region;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::script::{Cloud, Step, document, error, identity, region};

fn image(id: &str, owner: &str, public: bool) -> String {
    format!(
        "<item><imageId>{id}</imageId><imageState>available</imageState><imageOwnerId>{owner}</imageOwnerId>\
         <isPublic>{public}</isPublic></item>"
    )
}

fn images(items: &[String], next: &str) -> String {
    document(
        "DescribeImages",
        &format!("<imagesSet>{}</imagesSet><nextToken>{next}</nextToken>", items.concat()),
    )
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
    let get = async || cloud.session.get(&region(), Kind::Volume, "vol-1").await;
    assert!(get().await.unwrap().is_none());
    assert!(get().await.unwrap().is_none());
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::WrongDocument, "a proxy's 404 proves nothing");
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::Forbidden);
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
    cloud.session.probe(&region(), Kind::Volume).await.unwrap();
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
        let link = SessionContext { pacer, ..SessionContext::unpaced(Arc::new(clock)) };
        let cloud = Cloud::start_linked(json!({}), steps, link).await;
        let result = cloud.session.probe(&region(), Kind::Volume).await;
        let dates = cloud.script.dates.lock().unwrap().clone();
        assert_eq!(result.is_ok(), is_tried_again, "{result:?}");
        assert_eq!(dates.len(), if is_tried_again { 2 } else { 1 });
        assert_ne!(dates.first(), dates.get(1));
    }
}

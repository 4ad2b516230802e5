//! What single kinds ask for, and what they make of the answers.

use std::sync::Arc;

use gateway_core::clock::SystemClock;
use gateway_core::driver::{ListScope, SessionContext};
use gateway_core::id::Region;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::script::{Cloud, Step, document, error, identity, region};

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
    let refused = cloud.session.probe(&region(), Kind::Router).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden, "half of a listing is none");
    cloud.then(vec![
        (&["Action=DescribeRouteTables", "Filter.1.Name=route-table-id"], 200, tables("")),
        (&["Action=DescribeInternetGateways", "Filter.1.Value.1=igw-1"], 200, gateways(gateway)),
    ]);
    assert!(cloud.get("router", "igw-1").await.unwrap().is_some());
}

#[tokio::test]
async fn another_resource_than_the_one_asked_for_proves_nothing() {
    let vpc = "<vpcSet><item><vpcId>vpc-2</vpcId><state>available</state></item></vpcSet>";
    let steps: Vec<Step> = vec![(&["VpcId.1=vpc-1"], 200, document("DescribeVpcs", vpc)), identity()];
    let cloud = Cloud::start(json!({}), steps).await;
    assert_eq!(cloud.get("network", "vpc-1").await.unwrap_err().kind(), ErrorKind::WrongDocument);
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
async fn attributes_of_the_account_are_not_asked_for_in_a_region_that_the_registration_does_not_name() {
    let quotas = || document("DescribeAccountAttributes", "<accountAttributeSet/>");
    let link = SessionContext::unpaced(Arc::new(SystemClock));
    let cloud = Cloud::start_in(vec![region()], json!({}), vec![(&[], 200, quotas())], link).await;
    let (quota, other) = (Kind::Quota, Region::new("r2"));
    let listed = cloud.session.list(&other, quota, ListScope::Own, None).await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cloud.session.get(&other, quota, "111/x").await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cloud.session.probe(&other, quota).await.unwrap_err().kind(), ErrorKind::Invalid);
    cloud.session.probe(&region(), quota).await.unwrap();
    // Of all else the cloud itself says whether it has the region.
    cloud.then(vec![(&["Action=DescribeVolumes"], 401, error("AuthFailure"))]);
    let volumes = cloud.session.probe(&other, Kind::Volume).await;
    assert_eq!(volumes.unwrap_err().kind(), ErrorKind::Unauthorized);
}

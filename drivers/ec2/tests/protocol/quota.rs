//! Quotas: single reads, and the regions in which they are read.

use std::sync::Arc;

use gateway_core::clock::SystemClock;
use gateway_core::driver::{ListScope, SessionContext};
use gateway_core::id::Region;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, error, identity, region};

#[tokio::test]
async fn quota_is_searched_in_the_list_and_address_read_by_its_key() {
    let attributes = "<accountAttributeSet><item><attributeName>max-instances</attributeName><attributeValueSet><item>\
        <attributeValue>20</attributeValue></item></attributeValueSet></item></accountAttributeSet>";
    let attributes = || document("DescribeAccountAttributes", attributes);
    let exchanges: Vec<Exchange> = vec![
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
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert!(cloud.get(Kind::Quota, "111/max-instances").await.unwrap().is_some());
    assert!(
        cloud.get(Kind::Quota, "222/max-instances").await.unwrap().is_none(),
        "it belongs to another account"
    );
    assert!(cloud.get(Kind::IpAddress, "eipalloc-1").await.unwrap().is_none());
    assert!(cloud.get(Kind::IpAddress, "203.0.113.1").await.unwrap().is_none());
}

#[tokio::test]
async fn quotas_are_read_in_registered_regions_only() {
    let quotas = || document("DescribeAccountAttributes", "<accountAttributeSet/>");
    let context = SessionContext::unpaced(Arc::new(SystemClock));
    let cloud = ScriptedCloud::start_in(vec![region()], json!({}), vec![(&[], 200, quotas())], context).await;
    let (quota, other) = (Kind::Quota, Region::new("r2"));
    let listed = cloud.session.list(&other, quota, ListScope::Own, None).await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cloud.session.get(&other, quota, "111/x").await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cloud.session.probe(&other, quota).await.unwrap_err().kind(), ErrorKind::Invalid);
    cloud.session.probe(&region(), quota).await.unwrap();
    // For other kinds the cloud decides whether it has the region.
    cloud.then(vec![(&["Action=DescribeVolumes"], 401, error("AuthFailure"))]);
    let volumes = cloud.session.probe(&other, Kind::Volume).await;
    assert_eq!(volumes.unwrap_err().kind(), ErrorKind::Unauthorized);
}

//! Parameters of pages.

use gateway_core::Kind;
use gateway_core::driver::ListScope;
use serde_json::json;

use crate::scripted_cloud::{ScriptedCloud, document};

#[tokio::test]
async fn actions_without_pages_have_no_page_parameters() {
    let page_of = |kind: Kind, action: &'static str, set: &str, more: &'static [&'static str]| {
        (kind, action, document(action, &format!("<{set}/>")), more)
    };
    for (kind, action, empty, more) in [
        page_of(Kind::IpAddress, "DescribeAddresses", "addressesSet", &[]),
        page_of(Kind::IpAddressBinding, "DescribeAddresses", "addressesSet", &[]),
        page_of(Kind::SshKey, "DescribeKeyPairs", "keySet", &["IncludePublicKey=true"]),
        page_of(
            Kind::Datacenter,
            "DescribeAvailabilityZones",
            "availabilityZoneInfo",
            &["AllAvailabilityZones=false"],
        ),
        page_of(Kind::Quota, "DescribeAccountAttributes", "accountAttributeSet", &[]),
    ] {
        let cloud = ScriptedCloud::start(json!({"page_size": 5}), vec![(more, 200, empty)]).await;
        assert_eq!(cloud.list(kind, ListScope::Own).await.unwrap(), [Vec::<String>::new()]);
        let sent = cloud.recorder.bodies.lock().unwrap().concat();
        let known = sent.split('&').skip(2).filter(|part| !more.contains(part)).collect::<Vec<_>>();
        assert!(sent.starts_with(&format!("Action={action}&Version=2016-11-15")), "{sent}");
        assert!(known.is_empty(), "{kind}: {known:?}");
    }
}

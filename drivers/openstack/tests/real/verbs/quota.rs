//! Limits, set by an administrator and refused to a member.

use gateway_core::error::ErrorKind;
use gateway_core::verb::Verb;
use reqwest::Method;
use serde_json::json;

use super::{Hand, NAME, marker, with_hands};

#[tokio::test]
async fn an_administrator_sets_limits_and_a_member_may_not() {
    with_hands(["demo", "admin"], async |[demo, admin]: [Hand; 2]| {
        let project = admin.api.project.clone();
        for measure in ["compute.server_groups", "volume.snapshots", "network.router"] {
            let key = format!("{project}/{measure}");
            for limit in [json!(777), json!(null)] {
                admin.order("quota", &key, Verb::Update, json!({ "limit": limit })).await.unwrap();
                assert_eq!(admin.get("quota", &key).await.unwrap().fields["limit"], limit, "{measure}");
            }
            let key = format!("{}/{measure}", demo.api.project);
            let refused = demo.order("quota", &key, Verb::Update, json!({ "limit": 5 })).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Forbidden);
            let words = refused.cloud().unwrap();
            assert!(matches!(words.code.as_str(), "403" | "PolicyNotAuthorized"), "{words:?}");
            assert!(words.message.to_lowercase().contains("policy"), "{words:?}");
        }

        let key = format!("{project}/volume.volumes");
        admin.order("quota", &key, Verb::Update, json!({ "limit": 0 })).await.unwrap();
        let spent = admin.create("volume", marker(), json!({ "name": NAME, "size_gib": 1 })).await;
        for path in ["compute/os-quota-sets", "volume/os-quota-sets", "network/quotas"] {
            // As it was: the cloud's own.
            admin.api.call(Method::DELETE, &format!("{path}/{project}"), None).await;
        }
        let spent = spent.unwrap_err();
        assert_eq!((spent.kind(), spent.changed_nothing()), (ErrorKind::Conflict, true));
        assert!(spent.cloud().unwrap().message.contains("exceeded"), "{spent:?}");
    })
    .await;
}

//! Limits, set by an administrator and refused to a member.

use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
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
                admin.command("quota", &key, Verb::Update, json!({ "limit": limit })).await.unwrap();
                assert_eq!(admin.get("quota", &key).await.unwrap().fields["limit"], limit, "{measure}");
            }
            let key = format!("{}/{measure}", demo.api.project);
            let refused = demo.command("quota", &key, Verb::Update, json!({ "limit": 5 })).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Forbidden);
            let words = refused.cloud().unwrap();
            assert!(matches!(words.code.as_str(), "403" | "PolicyNotAuthorized"), "{words:?}");
            assert!(words.message.to_lowercase().contains("policy"), "{words:?}");
        }

        for measure in ["volume.volumes", "compute.key_pairs"] {
            let key = format!("{project}/{measure}");
            admin.command("quota", &key, Verb::Update, json!({ "limit": 0 })).await.unwrap();
        }
        let volume = admin.create("volume", marker(), json!({ "name": NAME, "size_gib": 1 })).await;
        let key = admin.create("ssh_key", marker(), json!({ "name": NAME })).await;
        for path in ["compute/os-quota-sets", "volume/os-quota-sets", "network/quotas"] {
            // As it was: the cloud's own.
            admin.api.call(Method::DELETE, &format!("{path}/{project}"), None).await;
        }
        for (spent, code) in [(volume.unwrap_err(), "413"), (key.unwrap_err(), "403")] {
            assert_eq!((spent.kind(), spent.changed_nothing()), (ErrorKind::Conflict, true));
            let words = spent.cloud().unwrap();
            assert!(words.code == code && words.message.contains("exceeded"), "{words:?}");
        }
    })
    .await;
}

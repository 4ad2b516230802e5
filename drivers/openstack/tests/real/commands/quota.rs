//! Commands of quotas.

use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use reqwest::Method;
use serde_json::json;

use super::{PREFIX, Runner, marker, with_runners};

#[tokio::test]
async fn only_an_administrator_updates_a_quota() {
    with_runners(["demo", "admin"], async |[demo, admin]: [Runner; 2]| {
        let project = admin.api.project.clone();
        for measure in ["compute.server_groups", "volume.snapshots", "network.router"] {
            let key = format!("{project}/{measure}");
            for limit in [json!(777), json!(null)] {
                admin.command(Kind::Quota, &key, Verb::Update, json!({ "limit": limit })).await.unwrap();
                assert_eq!(admin.get(Kind::Quota, &key).await.unwrap().fields["limit"], limit, "{measure}");
            }
            let key = format!("{}/{measure}", demo.api.project);
            let refused =
                demo.command(Kind::Quota, &key, Verb::Update, json!({ "limit": 5 })).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Forbidden);
            let cloud_error = refused.cloud().unwrap();
            assert!(matches!(cloud_error.code.as_str(), "403" | "PolicyNotAuthorized"), "{cloud_error:?}");
            assert!(cloud_error.message.to_lowercase().contains("policy"), "{cloud_error:?}");
        }

        for measure in ["volume.volumes", "compute.key_pairs"] {
            let key = format!("{project}/{measure}");
            admin.command(Kind::Quota, &key, Verb::Update, json!({ "limit": 0 })).await.unwrap();
        }
        let volume = admin.create(Kind::Volume, marker(), json!({ "name": PREFIX, "size_gib": 1 })).await;
        let key = admin.create(Kind::SshKey, marker(), json!({ "name": PREFIX })).await;
        for path in ["compute/os-quota-sets", "volume/os-quota-sets", "network/quotas"] {
            // Restores the cloud's defaults.
            admin.api.call(Method::DELETE, &format!("{path}/{project}"), None).await;
        }
        for (exceeded, code) in [(volume.unwrap_err(), "413"), (key.unwrap_err(), "403")] {
            assert_eq!((exceeded.kind(), exceeded.changed_nothing()), (ErrorKind::Conflict, true));
            let cloud_error = exceeded.cloud().unwrap();
            assert!(cloud_error.code == code && cloud_error.message.contains("exceeded"), "{cloud_error:?}");
        }
    })
    .await;
}

//! Commands of images, as seen by the owner and by another project.

use gateway_core::driver::ListScope;
use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PREFIX, Runner, created_key, marker, with_runners};
use crate::everything;

async fn lists(runner: &Runner, key: &str) -> bool {
    let images = everything(&*runner.session, &runner.region, Kind::Image, ListScope::Own).await;
    images.iter().any(|image| image.native_key == key)
}

#[tokio::test]
async fn image_is_created_shared_and_deleted() {
    with_runners(["demo", "rival"], async |[demo, rival]: [Runner; 2]| {
        let command = json!({
            "name": PREFIX, "disk_format": "qcow2", "min_disk_gib": 2, "min_memory_mib": 64,
            "architecture": "x86_64", "tags": { "blue": "" },
            "cloud_options": { "os_distro": "debian", "visibility": "private", "protected": true },
        });
        let marker_of_step = marker();
        let done = demo.create(Kind::Image, marker_of_step, command.clone()).await.unwrap();
        let key = created_key(&done);
        assert_eq!(
            demo.find(Kind::Image, marker_of_step, command.clone()).await.as_ref(),
            Some(&done.touched[0])
        );
        assert_eq!(demo.find(Kind::Image, marker(), command.clone()).await, None);
        let image = demo.get(Kind::Image, &key).await.unwrap();
        assert_eq!(
            (image.name.as_str(), image.marker, image.state),
            (PREFIX, Some(marker_of_step), Some("queued"))
        );
        assert_eq!(json!(image.tags), command["tags"]);
        for (field, value) in [
            ("disk_format", json!("qcow2")),
            ("container_format", json!("bare")),
            ("min_disk_gib", json!(2)),
            ("min_memory_mib", json!(64)),
            ("architecture", json!("x86_64")),
            ("os", json!("debian")),
            ("protected", json!(true)),
        ] {
            assert_eq!(image.fields[field], value, "{field}");
        }
        assert!(!image.actions.contains(&Verb::Delete), "it is protected");
        let refused = demo.send_anyway(Kind::Image, &key, Verb::Delete, Value::Null).await.unwrap_err();
        assert_eq!((refused.kind(), refused.cloud().unwrap().code.as_str()), (ErrorKind::Forbidden, "403"));
        assert!(refused.cloud().unwrap().message.contains("protected"), "{refused:?}");

        let update =
            json!({ "name": format!("{PREFIX}-new"), "description": "of a test", "tags": { "green": "" } });
        demo.command(Kind::Image, &key, Verb::Update, update.clone()).await.unwrap();
        let image = demo.get(Kind::Image, &key).await.unwrap();
        assert_eq!((image.name.as_str(), image.marker), ("gateway-verbs-new", Some(marker_of_step)));
        assert_eq!(
            (json!(image.tags), &image.fields["description"]),
            (update["tags"].clone(), &json!("of a test"))
        );
        demo.command(Kind::Image, &key, Verb::Update, json!({ "description": "" })).await.unwrap();
        assert_eq!(demo.get(Kind::Image, &key).await.unwrap().fields["description"], Value::Null);

        // The gateway would refuse to share a queued image; Glance does not.
        let with_rival = json!({ "external_account": rival.api.project });
        assert!(rival.get(Kind::Image, &key).await.is_none());
        for _ in 0..2 {
            demo.send_anyway(Kind::Image, &key, Verb::Share, with_rival.clone()).await.unwrap();
        }
        assert!(
            rival.get(Kind::Image, &key).await.is_some() && !lists(&rival, &key).await,
            "not accepted yet"
        );
        let accept = json!({ "status": "accepted" });
        let member = format!("image/images/{key}/members/{}", rival.api.project);
        rival.api.call(Method::PUT, &member, Some(accept)).await;
        assert!(lists(&rival, &key).await);
        let foreign = rival.send_anyway(Kind::Image, &key, Verb::Update, json!({ "name": PREFIX })).await;
        assert_eq!(foreign.unwrap_err().kind(), ErrorKind::Forbidden);
        demo.send_anyway(Kind::Image, &key, Verb::Unshare, with_rival.clone()).await.unwrap();
        assert!(!lists(&rival, &key).await && rival.get(Kind::Image, &key).await.is_none());
        // A repetition succeeds.
        demo.send_anyway(Kind::Image, &key, Verb::Unshare, with_rival).await.unwrap();

        let open = json!([{ "op": "replace", "path": "/protected", "value": false }]);
        demo.api.call(Method::PATCH, &format!("image/images/{key}"), Some(open)).await;
        demo.delete_and_wait(Kind::Image, &key).await;

        let odd = json!({ "name": PREFIX, "disk_format": "nope" });
        let refused = demo.create(Kind::Image, marker(), odd).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert!(refused.cloud().unwrap().message.contains("'nope' is not one of"), "{refused:?}");
    })
    .await;
}

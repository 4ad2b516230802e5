//! The whole life of an image, seen by its owner and by whom it is shared with.

use gateway_core::driver::ListScope;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Hand, NAME, made, marker, with_hands};
use crate::everything;

async fn lists(hand: &Hand, key: &str) -> bool {
    let images = everything(&*hand.session, &hand.region, "image", ListScope::Own).await;
    images.iter().any(|image| image.native_key == key)
}

#[tokio::test]
async fn an_image_is_registered_shared_and_ended() {
    with_hands(["demo", "rival"], async |[demo, rival]: [Hand; 2]| {
        let command = json!({
            "name": NAME, "disk_format": "qcow2", "min_disk_gib": 2, "min_memory_mib": 64,
            "architecture": "x86_64", "tags": { "blue": "" },
            "cloud_options": { "os_distro": "debian", "visibility": "private", "protected": true },
        });
        let mark = marker();
        let done = demo.create("image", mark, command.clone()).await.unwrap();
        let key = made(&done);
        assert_eq!(demo.find("image", mark, command.clone()).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(demo.find("image", marker(), command.clone()).await, None);
        let image = demo.get("image", &key).await.unwrap();
        assert_eq!((image.name.as_str(), image.marker, image.state), (NAME, Some(mark), Some("queued")));
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
        let refused = demo.order_anyway("image", &key, Verb::Delete, Value::Null).await.unwrap_err();
        assert_eq!((refused.kind(), refused.cloud().unwrap().code.as_str()), (ErrorKind::Forbidden, "403"));
        assert!(refused.cloud().unwrap().message.contains("protected"), "{refused:?}");

        let update =
            json!({ "name": format!("{NAME}-new"), "description": "of a test", "tags": { "green": "" } });
        demo.command("image", &key, Verb::Update, update.clone()).await.unwrap();
        let image = demo.get("image", &key).await.unwrap();
        assert_eq!((image.name.as_str(), image.marker), ("gateway-verbs-new", Some(mark)));
        assert_eq!(
            (json!(image.tags), &image.fields["description"]),
            (update["tags"].clone(), &json!("of a test"))
        );
        demo.command("image", &key, Verb::Update, json!({ "description": "" })).await.unwrap();
        assert_eq!(demo.get("image", &key).await.unwrap().fields["description"], Value::Null);

        // Nothing was uploaded, so that the gateway itself would say no to sharing; Glance does not.
        let with_rival = json!({ "external_account": rival.api.project });
        assert!(rival.get("image", &key).await.is_none());
        for _ in 0..2 {
            demo.order_anyway("image", &key, Verb::Share, with_rival.clone()).await.unwrap();
        }
        assert!(rival.get("image", &key).await.is_some() && !lists(&rival, &key).await, "not accepted yet");
        let accept = json!({ "status": "accepted" });
        let member = format!("image/images/{key}/members/{}", rival.api.project);
        rival.api.call(Method::PUT, &member, Some(accept)).await;
        assert!(lists(&rival, &key).await);
        let foreign = rival.order_anyway("image", &key, Verb::Update, json!({ "name": NAME })).await;
        assert_eq!(foreign.unwrap_err().kind(), ErrorKind::Forbidden);
        demo.order_anyway("image", &key, Verb::Unshare, with_rival.clone()).await.unwrap();
        assert!(!lists(&rival, &key).await && rival.get("image", &key).await.is_none());
        // Nobody is let in any more: that is what was ordered.
        demo.order_anyway("image", &key, Verb::Unshare, with_rival).await.unwrap();

        let open = json!([{ "op": "replace", "path": "/protected", "value": false }]);
        demo.api.call(Method::PATCH, &format!("image/images/{key}"), Some(open)).await;
        demo.end("image", &key).await;

        let odd = json!({ "name": NAME, "disk_format": "nope" });
        let refused = demo.create("image", marker(), odd).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert!(refused.cloud().unwrap().message.contains("'nope' is not one of"), "{refused:?}");
    })
    .await;
}

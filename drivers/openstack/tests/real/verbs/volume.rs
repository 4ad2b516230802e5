//! The whole life of volumes, their snapshots and attachments.

use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::{Hand, NAME, made, marker, touched, with_hands};

#[tokio::test]
async fn volumes_and_snapshots_live_and_are_found_by_their_markers() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let command = json!({
            "name": NAME, "description": "of a test", "size_gib": 1, "datacenter": "nova",
            "volume_type": hand.id_of_name("volume_type", "fake2").await, "tags": { "use": "data", "blue": "" },
        });
        let mark = marker();
        let done = hand.create("volume", mark, command.clone()).await.unwrap();
        let key = made(&done);
        assert_eq!(hand.find("volume", mark, command.clone()).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(hand.find("volume", marker(), command.clone()).await, None);
        let volume = hand.settle("volume", &key, "available").await;
        assert_eq!((volume.name.as_str(), volume.marker), (NAME, Some(mark)));
        assert_eq!(json!(volume.tags), command["tags"]);
        assert_eq!(volume.fields["description"], "of a test");
        assert_eq!((&volume.fields["volume_type"], &volume.fields["datacenter"]), (&json!("fake2"), &json!("nova")));

        let update = json!({ "name": format!("{NAME}-new"), "description": "", "tags": { "a": "b" } });
        hand.command("volume", &key, Verb::Update, update.clone()).await.unwrap();
        let volume = hand.get("volume", &key).await.unwrap();
        assert_eq!((volume.name.as_str(), volume.marker), ("gateway-verbs-new", Some(mark)));
        assert_eq!((json!(volume.tags), &volume.fields["description"]), (update["tags"].clone(), &Value::Null));

        for _ in 0..2 {
            // Once more is harmless.
            hand.command("volume", &key, Verb::Extend, json!({ "size_gib": 2 })).await.unwrap();
            assert_eq!(hand.settle("volume", &key, "available").await.fields["size_gib"], 2);
        }
        let refused = hand.command("volume", &key, Verb::Extend, json!({ "size_gib": 1 })).await.unwrap_err();
        assert_eq!((refused.kind(), refused.cloud().unwrap().code.as_str()), (ErrorKind::Invalid, "400"));
        assert!(refused.cloud().unwrap().message.contains("must be greater than current size"), "{refused}");

        let mark = marker();
        let command = json!({ "name": NAME, "description": "of a test", "volume": hand.id("volume", &key).await,
            "tags": { "use": "backup" } });
        let done = hand.create("volume_snapshot", mark, command.clone()).await.unwrap();
        let snapshot = made(&done);
        assert_eq!(hand.find("volume_snapshot", mark, command.clone()).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(hand.find("volume_snapshot", marker(), command.clone()).await, None);
        let seen = hand.settle("volume_snapshot", &snapshot, "available").await;
        assert_eq!((seen.marker, json!(seen.tags)), (Some(mark), command["tags"].clone()));
        hand.command("volume_snapshot", &snapshot, Verb::Update, update.clone()).await.unwrap();
        let seen = hand.get("volume_snapshot", &snapshot).await.unwrap();
        assert_eq!((seen.name.as_str(), seen.marker), ("gateway-verbs-new", Some(mark)));
        assert_eq!((json!(seen.tags), &seen.fields["description"]), (update["tags"].clone(), &Value::Null));
        let refused = hand.command("volume", &key, Verb::Delete, Value::Null).await.unwrap_err();
        assert!(refused.kind() == ErrorKind::Conflict && refused.changed_nothing(), "{refused:?}");

        let mut copies = Vec::new();
        for source in [
            json!({ "snapshot": hand.id("volume_snapshot", &snapshot).await }),
            json!({ "volume": hand.id("volume", &key).await }),
            json!({ "image": hand.id_of_name("image", "cirros").await, "size_gib": 2 }),
        ] {
            let mut command = source.clone();
            command["name"] = json!(NAME);
            let copy = made(&hand.create("volume", marker(), command).await.unwrap());
            let seen = hand.settle("volume", &copy, "available").await;
            assert_eq!(seen.fields["size_gib"], 2, "{source}");
            copies.push(copy);
        }
        let of_image = hand.get("volume", &copies[2]).await.unwrap();
        assert_eq!((&of_image.fields["bootable"], &of_image.fields["image"]["name"]), (&json!(true), &json!("cirros")));
        for copy in copies {
            hand.end("volume", &copy).await;
        }
        hand.end("volume_snapshot", &snapshot).await;
        hand.end("volume", &key).await;
    })
    .await;
}

#[tokio::test]
async fn a_volume_is_attached_worked_on_in_use_and_detached() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let command = json!({
            "name": NAME, "image": hand.id_of_name("image", "cirros").await,
            "instance_type": hand.id("instance_type", "1").await,
            "networks": [hand.id_of_name("network", "demo-net").await],
        });
        let instance = made(&hand.create("instance", marker(), command).await.unwrap());
        let volume = json!({ "name": NAME, "size_gib": 1 });
        let volume = made(&hand.create("volume", marker(), volume).await.unwrap());
        hand.settle("instance", &instance, "running").await;
        hand.settle("volume", &volume, "available").await;
        let command = json!({ "volume": hand.id("volume", &volume).await,
            "instance": hand.id("instance", &instance).await, "device": "/dev/vdf" });
        assert_eq!(hand.find("volume_attachment", marker(), command.clone()).await, None);
        let done = hand.create("volume_attachment", marker(), command.clone()).await.unwrap();
        let key = format!("{volume}/{instance}");
        let expected =
            [format!("volume_attachment {key}"), format!("volume {volume}"), format!("instance {instance}")];
        assert_eq!(touched(&done), expected);
        let found = hand.find("volume_attachment", marker(), command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        hand.settle("volume_attachment", &key, "attached").await;
        let seen = hand.settle("volume", &volume, "in_use").await;
        // The hypervisor names its disks as it does: here only the letter is taken.
        assert_eq!(seen.fields["attachments"][0]["device"], "/dev/sdf");
        let seen = hand.get("instance", &instance).await.unwrap();
        assert_eq!(seen.fields["volumes"][0]["external_id"].as_str(), Some(volume.as_str()));
        let twice = hand.create("volume_attachment", marker(), command).await.unwrap_err();
        assert!(twice.changed_nothing() && twice.cloud().is_some(), "{twice:?}");

        hand.command("volume", &volume, Verb::Extend, json!({ "size_gib": 2 })).await.unwrap();
        assert_eq!(hand.settle("volume", &volume, "in_use").await.fields["size_gib"], 2);
        let command = json!({ "name": NAME, "volume": hand.id("volume", &volume).await });
        let snapshot = made(&hand.create("volume_snapshot", marker(), command).await.unwrap());
        hand.settle("volume_snapshot", &snapshot, "available").await;
        hand.end("volume_snapshot", &snapshot).await;

        let target = hand.known("volume_attachment", &key).await;
        let done = hand.command("volume_attachment", &key, Verb::Delete, Value::Null).await.unwrap();
        assert_eq!(touched(&done), expected);
        let again = hand.send("volume_attachment", Verb::Delete, marker(), Some(&target), Value::Null).await;
        assert!(again.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) || again.is_ok());
        hand.gone("volume_attachment", &key).await;
        hand.settle("volume", &volume, "available").await;
        hand.end("volume", &volume).await;
        hand.end("instance", &instance).await;
    })
    .await;
}

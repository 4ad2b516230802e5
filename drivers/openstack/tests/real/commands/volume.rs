//! Commands of volumes, snapshots and attachments.

use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use serde_json::{Value, json};

use super::{PREFIX, Runner, created_key, marker, touched, with_runners};

#[tokio::test]
async fn volume_and_snapshot_are_created_updated_and_found_by_their_markers() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let command = json!({
            "name": PREFIX, "description": "of a test", "size_gib": 1, "datacenter": "nova",
            "volume_type": runner.id_of_name(Kind::VolumeType, "fake2").await, "tags": { "use": "data", "blue": "" },
        });
        let marker_of_step = marker();
        let done = runner.create(Kind::Volume, marker_of_step, command.clone()).await.unwrap();
        let key = created_key(&done);
        assert_eq!(runner.find(Kind::Volume, marker_of_step, command.clone()).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(runner.find(Kind::Volume, marker(), command.clone()).await, None);
        let volume = runner.wait_for_state(Kind::Volume, &key, "available").await;
        assert_eq!((volume.name.as_str(), volume.marker), (PREFIX, Some(marker_of_step)));
        assert_eq!(json!(volume.tags), command["tags"]);
        assert_eq!(volume.fields["description"], "of a test");
        assert_eq!((&volume.fields["volume_type"], &volume.fields["datacenter"]), (&json!("fake2"), &json!("nova")));

        let update = json!({ "name": format!("{PREFIX}-new"), "description": "", "tags": { "a": "b" } });
        runner.command(Kind::Volume, &key, Verb::Update, update.clone()).await.unwrap();
        let volume = runner.get(Kind::Volume, &key).await.unwrap();
        assert_eq!((volume.name.as_str(), volume.marker), ("gateway-verbs-new", Some(marker_of_step)));
        assert_eq!((json!(volume.tags), &volume.fields["description"]), (update["tags"].clone(), &Value::Null));

        for _ in 0..2 {
            // A repetition succeeds.
            runner.command(Kind::Volume, &key, Verb::Extend, json!({ "size_gib": 2 })).await.unwrap();
            assert_eq!(runner.wait_for_state(Kind::Volume, &key, "available").await.fields["size_gib"], 2);
        }
        let refused = runner.command(Kind::Volume, &key, Verb::Extend, json!({ "size_gib": 1 })).await.unwrap_err();
        assert_eq!((refused.kind(), refused.cloud().unwrap().code.as_str()), (ErrorKind::Invalid, "400"));
        assert!(refused.cloud().unwrap().message.contains("must be greater than current size"), "{refused}");

        let marker_of_step = marker();
        let command = json!({ "name": PREFIX, "description": "of a test", "volume": runner.id(Kind::Volume, &key).await,
            "tags": { "use": "backup" } });
        let done = runner.create(Kind::VolumeSnapshot, marker_of_step, command.clone()).await.unwrap();
        let snapshot = created_key(&done);
        assert_eq!(runner.find(Kind::VolumeSnapshot, marker_of_step, command.clone()).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(runner.find(Kind::VolumeSnapshot, marker(), command.clone()).await, None);
        let seen = runner.wait_for_state(Kind::VolumeSnapshot, &snapshot, "available").await;
        assert_eq!((seen.marker, json!(seen.tags)), (Some(marker_of_step), command["tags"].clone()));
        runner.command(Kind::VolumeSnapshot, &snapshot, Verb::Update, update.clone()).await.unwrap();
        let seen = runner.get(Kind::VolumeSnapshot, &snapshot).await.unwrap();
        assert_eq!((seen.name.as_str(), seen.marker), ("gateway-verbs-new", Some(marker_of_step)));
        assert_eq!((json!(seen.tags), &seen.fields["description"]), (update["tags"].clone(), &Value::Null));
        let refused = runner.command(Kind::Volume, &key, Verb::Delete, Value::Null).await.unwrap_err();
        assert!(refused.kind() == ErrorKind::Conflict && refused.changed_nothing(), "{refused:?}");

        let mut copies = Vec::new();
        for source in [
            json!({ "snapshot": runner.id(Kind::VolumeSnapshot, &snapshot).await }),
            json!({ "volume": runner.id(Kind::Volume, &key).await }),
            json!({ "image": runner.id_of_name(Kind::Image, "cirros").await, "size_gib": 2 }),
        ] {
            let mut command = source.clone();
            command["name"] = json!(PREFIX);
            let copy = created_key(&runner.create(Kind::Volume, marker(), command).await.unwrap());
            let seen = runner.wait_for_state(Kind::Volume, &copy, "available").await;
            assert_eq!(seen.fields["size_gib"], 2, "{source}");
            copies.push(copy);
        }
        let of_image = runner.get(Kind::Volume, &copies[2]).await.unwrap();
        assert_eq!((&of_image.fields["bootable"], &of_image.fields["image"]["name"]), (&json!(true), &json!("cirros")));
        for copy in copies {
            runner.delete_and_wait(Kind::Volume, &copy).await;
        }
        runner.delete_and_wait(Kind::VolumeSnapshot, &snapshot).await;
        runner.delete_and_wait(Kind::Volume, &key).await;
    })
    .await;
}

#[tokio::test]
async fn volume_is_attached_extended_in_use_and_detached() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let command = json!({
            "name": PREFIX, "image": runner.id_of_name(Kind::Image, "cirros").await,
            "instance_type": runner.id(Kind::InstanceType, "1").await,
            "networks": [runner.id_of_name(Kind::Network, "demo-net").await],
        });
        let instance = created_key(&runner.create(Kind::Instance, marker(), command).await.unwrap());
        let volume = json!({ "name": PREFIX, "size_gib": 1 });
        let volume = created_key(&runner.create(Kind::Volume, marker(), volume).await.unwrap());
        runner.wait_for_state(Kind::Instance, &instance, "running").await;
        runner.wait_for_state(Kind::Volume, &volume, "available").await;
        let command = json!({ "volume": runner.id(Kind::Volume, &volume).await,
            "instance": runner.id(Kind::Instance, &instance).await, "device": "/dev/vdf" });
        assert_eq!(runner.find(Kind::VolumeAttachment, marker(), command.clone()).await, None);
        let done = runner.create(Kind::VolumeAttachment, marker(), command.clone()).await.unwrap();
        let key = format!("{volume}/{instance}");
        let expected =
            [format!("volume_attachment {key}"), format!("volume {volume}"), format!("instance {instance}")];
        assert_eq!(touched(&done), expected);
        let found = runner.find(Kind::VolumeAttachment, marker(), command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        runner.wait_for_state(Kind::VolumeAttachment, &key, "attached").await;
        let seen = runner.wait_for_state(Kind::Volume, &volume, "in_use").await;
        // The hypervisor names the disks; here it uses only the letter.
        assert_eq!(seen.fields["attachments"][0]["device"], "/dev/sdf");
        let seen = runner.get(Kind::Instance, &instance).await.unwrap();
        assert_eq!(seen.fields["volumes"][0]["external_id"].as_str(), Some(volume.as_str()));
        let twice = runner.create(Kind::VolumeAttachment, marker(), command).await.unwrap_err();
        assert!(twice.changed_nothing() && twice.cloud().is_some(), "{twice:?}");

        runner.command(Kind::Volume, &volume, Verb::Extend, json!({ "size_gib": 2 })).await.unwrap();
        assert_eq!(runner.wait_for_state(Kind::Volume, &volume, "in_use").await.fields["size_gib"], 2);
        let command = json!({ "name": PREFIX, "volume": runner.id(Kind::Volume, &volume).await });
        let snapshot = created_key(&runner.create(Kind::VolumeSnapshot, marker(), command).await.unwrap());
        runner.wait_for_state(Kind::VolumeSnapshot, &snapshot, "available").await;
        runner.delete_and_wait(Kind::VolumeSnapshot, &snapshot).await;

        let target = runner.known(Kind::VolumeAttachment, &key).await;
        let done = runner.command(Kind::VolumeAttachment, &key, Verb::Delete, Value::Null).await.unwrap();
        assert_eq!(touched(&done), expected);
        let again =
            runner.send(Kind::VolumeAttachment, Verb::Delete, marker(), Some(&target), Value::Null).await;
        assert!(again.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) || again.is_ok());
        runner.wait_until_gone(Kind::VolumeAttachment, &key).await;
        runner.wait_for_state(Kind::Volume, &volume, "available").await;
        runner.delete_and_wait(Kind::Volume, &volume).await;
        runner.delete_and_wait(Kind::Instance, &instance).await;
    })
    .await;
}

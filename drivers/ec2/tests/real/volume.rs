//! Volumes, attachments and snapshots.

use gateway_core::document::observation::Observed;
use gateway_core::driver::Known;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::runner::{Outcome, Runner, check_marker, check_update, cloud_words};

#[tokio::test]
async fn commands_of_volumes_attachments_and_snapshots_are_executed() {
    let Some(runner) = Runner::in_region("eu-west-1").await else { return };
    let (image, kind) = runner.bootable().await;
    let command = json!({ "name": "gateway-verbs", "image": image.id, "instance_type": kind.id });
    let instance = runner.create(Kind::Instance, command, &[&image, &kind]).await;
    let at = runner.known(instance.first());
    let zone = at.document["datacenter"].as_str().unwrap();

    let command = json!({ "name": "disk", "size_gib": 2, "datacenter": zone, "tags": { "kept": "1", "old": "" },
                        "cloud_options": { "VolumeType": "gp3", "Iops": 3100 } });
    let volume = runner.create(Kind::Volume, command, &[]).await;
    check_marker(&volume);
    let disk = volume.first();
    assert_eq!((disk.name.as_str(), disk.tags.len()), ("disk", 3));
    assert_eq!((&disk.fields["size_gib"], &disk.fields["volume_type"]), (&json!(2), &json!("gp3")));
    assert_eq!(disk.fields["iops"], 3100);
    let disk = check_update(&runner, &volume).await;
    let larger = runner.act(&disk, Verb::Extend, json!({ "size_gib": 4 }), &[]).await;
    assert_eq!(larger.first().fields["size_gib"], 4);

    // Each volume gets the first free letter that EC2 recommends.
    let attached = attach(&runner, &larger, &at, "/dev/sdf").await;
    let second =
        runner.create(Kind::Volume, json!({ "name": "b", "size_gib": 1, "datacenter": zone }), &[]).await;
    let other = attach(&runner, &second, &at, "/dev/sdg").await;
    let in_use = runner.get(Kind::Volume, &disk.native_key).await.unwrap();
    let error = runner.refused(&in_use, Verb::Delete, Value::Null, &[]).await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let (code, message) = cloud_words(&error);
    assert_eq!(code, "VolumeInUse");
    assert!(message.contains(&disk.native_key), "{message}");

    for attachment in [attached, other] {
        let free = runner.delete(&attachment).await;
        assert_eq!(free.kinds(), [Kind::VolumeAttachment, Kind::Volume, Kind::Instance]);
        assert_eq!(free.touched[1].1.as_ref().unwrap().state, Some("available"));
        let again = runner.refused(&attachment, Verb::Delete, Value::Null, &[]).await;
        assert_eq!(again.kind(), ErrorKind::NotFound, "it is detached already");
    }

    let of = runner.known(&disk);
    let command =
        json!({ "name": "before", "description": "nightly", "volume": of.id, "tags": { "kept": "1" } });
    let snapshot = runner.create(Kind::VolumeSnapshot, command, &[&of]).await;
    check_marker(&snapshot);
    assert_eq!(snapshot.first().fields["description"], "nightly");
    let snapshot = check_update(&runner, &snapshot).await;
    let source = runner.known(&snapshot);
    let command = json!({ "name": "copy", "snapshot": source.id, "datacenter": zone });
    let copy = runner.create(Kind::Volume, command, &[&source]).await;
    assert_eq!(copy.first().fields["snapshot"]["external_id"], source.external_id);
    for volume in [copy.first(), second.first(), &disk] {
        runner.delete(volume).await;
    }
    let gone = runner.refused(&disk, Verb::Delete, Value::Null, &[]).await;
    assert_eq!((gone.kind(), cloud_words(&gone).0), (ErrorKind::NotFound, "InvalidVolume.NotFound"));
    runner.delete(&snapshot).await;
    runner.delete(instance.first()).await;
    runner.delete_new(Kind::NetworkInterface).await;
    runner.assert_clean().await;
}

async fn attach(runner: &Runner, volume: &Outcome, at: &Known, device: &str) -> Observed {
    let volume = runner.known(volume.first());
    let command = json!({ "volume": volume.id, "instance": at.id });
    let outcome = runner.create(Kind::VolumeAttachment, command, &[&volume, at]).await;
    assert_eq!(outcome.kinds(), [Kind::VolumeAttachment, Kind::Volume, Kind::Instance]);
    assert_eq!(outcome.first().fields["device"], device);
    assert_eq!(outcome.touched[1].1.as_ref().unwrap().state, Some("in_use"));
    outcome.first().clone()
}

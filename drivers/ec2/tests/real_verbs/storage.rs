//! Volumes, attachments and snapshots.

use gateway_core::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use crate::hand::{Hand, check_marked, check_retagged, words};

#[tokio::test]
async fn volumes_attachments_and_snapshots_live_and_end() {
    let Some(hand) = Hand::in_region("eu-west-1").await else { return };
    let (image, kind) = hand.bootable().await;
    let command = json!({ "name": "gateway-verbs", "image": image.id, "instance_type": kind.id });
    let instance = hand.make("instance", command, &[&image, &kind]).await;
    let at = hand.known(instance.first());
    let zone = at.document["datacenter"].as_str().unwrap();

    let command = json!({ "name": "disk", "size_gib": 2, "datacenter": zone, "tags": { "kept": "1", "old": "" },
                        "cloud_options": { "VolumeType": "gp3", "Iops": 3100 } });
    let volume = hand.make("volume", command, &[]).await;
    check_marked(&volume);
    let seen = volume.first();
    assert_eq!((seen.name.as_str(), seen.tags.len()), ("disk", 3));
    assert_eq!((&seen.fields["size_gib"], &seen.fields["volume_type"]), (&json!(2), &json!("gp3")));
    assert_eq!(seen.fields["iops"], 3100);
    let seen = check_retagged(&hand, &volume).await;
    let larger = hand.turn(&seen, Verb::Extend, json!({ "size_gib": 4 }), &[]).await;
    assert_eq!(larger.first().fields["size_gib"], 4);

    // The first letter is the cloud's recommendation, and the next volume gets the next.
    let attached = attach(&hand, &larger, &at, "/dev/sdf").await;
    let second = hand.make("volume", json!({ "name": "b", "size_gib": 1, "datacenter": zone }), &[]).await;
    let other = attach(&hand, &second, &at, "/dev/sdg").await;
    let in_use = hand.get("volume", &seen.native_key).await.unwrap();
    let error = hand.refused(&in_use, Verb::Delete, Value::Null, &[]).await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let (code, message) = words(&error);
    assert_eq!(code, "VolumeInUse");
    assert!(message.contains(&seen.native_key), "{message}");

    for attachment in [attached, other] {
        let free = hand.end(&attachment).await;
        assert_eq!(free.kinds(), ["volume_attachment", "volume", "instance"]);
        assert_eq!(free.seen[1].1.as_ref().unwrap().state, Some("available"));
        let again = hand.refused(&attachment, Verb::Delete, Value::Null, &[]).await;
        assert_eq!(again.kind(), ErrorKind::NotFound, "what is gone is gone");
    }

    let of = hand.known(&seen);
    let command =
        json!({ "name": "before", "description": "nightly", "volume": of.id, "tags": { "kept": "1" } });
    let snapshot = hand.make("volume_snapshot", command, &[&of]).await;
    check_marked(&snapshot);
    assert_eq!(snapshot.first().fields["description"], "nightly");
    let snapshot = check_retagged(&hand, &snapshot).await;
    let source = hand.known(&snapshot);
    let command = json!({ "name": "copy", "snapshot": source.id, "datacenter": zone });
    let copy = hand.make("volume", command, &[&source]).await;
    assert_eq!(copy.first().fields["snapshot"]["external_id"], source.external_id);
    for volume in [copy.first(), second.first(), &seen] {
        hand.end(volume).await;
    }
    let gone = hand.refused(&seen, Verb::Delete, Value::Null, &[]).await;
    assert_eq!((gone.kind(), words(&gone).0), (ErrorKind::NotFound, "InvalidVolume.NotFound"));
    hand.end(&snapshot).await;
    hand.end(instance.first()).await;
    hand.end_others("network_interface").await;
    hand.is_clean().await;
}

async fn attach(
    hand: &Hand,
    volume: &crate::hand::Deed,
    at: &gateway_core::driver::Known,
    device: &str,
) -> gateway_core::document::observation::Observed {
    let volume = hand.known(volume.first());
    let command = json!({ "volume": volume.id, "instance": at.id });
    let deed = hand.make("volume_attachment", command, &[&volume, at]).await;
    assert_eq!(deed.kinds(), ["volume_attachment", "volume", "instance"]);
    assert_eq!(deed.first().fields["device"], device);
    assert_eq!(deed.seen[1].1.as_ref().unwrap().state, Some("in_use"));
    deed.first().clone()
}

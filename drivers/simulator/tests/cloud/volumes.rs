//! Volumes and their attachments.

use std::sync::Arc;

use driver_simulator::cloud::Population;
use gateway_core::driver::Session;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::account_view::AccountView;
use crate::clouds::{cloud, session};
use crate::fixtures::cloud_client::CloudClient;
use crate::runner::{Runner, known, marker, north};

#[tokio::test]
async fn volume_is_created_extended_attached_and_deleted() {
    let runner = Runner::new().await;
    let done = runner
        .act(
            marker(),
            Kind::Volume,
            Verb::Create,
            json!({ "name": "disk", "size_gib": 3, "description": "data" }),
            None,
        )
        .await
        .unwrap();
    assert!(done.request_id.is_some());
    let key = done.touched[0].native_key.clone();
    let volume = runner.until(Kind::Volume, &key, Some("available")).await.unwrap();
    assert_eq!((&volume.fields["description"], &volume.fields["size_gib"]), (&json!("data"), &json!(3)));
    let volume = known(&volume);
    runner.act(marker(), Kind::Volume, Verb::Extend, json!({ "size_gib": 5 }), Some(&volume)).await.unwrap();
    runner
        .act(marker(), Kind::Volume, Verb::Extend, json!({ "size_gib": 5 }), Some(&volume))
        .await
        .unwrap_err();
    runner.until(Kind::Volume, &key, Some("available")).await;
    let again = runner
        .act(marker(), Kind::Volume, Verb::Extend, json!({ "size_gib": 5 }), Some(&volume))
        .await
        .unwrap();
    assert_eq!(again.touched[0].native_key, key, "what was done is done");
    let instance = runner.existing(Kind::Instance).await;
    let command = json!({ "volume": volume.id, "instance": instance.id, "device": "/dev/vdq" });
    let done =
        runner.act(marker(), Kind::VolumeAttachment, Verb::Create, command.clone(), None).await.unwrap();
    let touched = runner.touched(&done).await;
    assert_eq!(touched.len(), 3);
    let attachment = touched[0].clone().unwrap();
    assert_eq!(attachment.fields["device"], "/dev/vdq");
    let refused =
        runner.act(marker(), Kind::Volume, Verb::Delete, Value::Null, Some(&volume)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let cloud_error = refused.cloud().unwrap();
    assert_eq!(
        (cloud_error.code.as_str(), cloud_error.message.as_str()),
        ("in_use", "the disk is attached to a machine")
    );
    assert!(cloud_error.request_id.as_ref().is_some_and(|id| id.starts_with("req-")));
    let attachment = known(&attachment);
    let done = runner
        .act(marker(), Kind::VolumeAttachment, Verb::Delete, Value::Null, Some(&attachment))
        .await
        .unwrap();
    assert!(runner.touched(&done).await[0].is_none());
    let error = runner
        .act(marker(), Kind::VolumeAttachment, Verb::Delete, Value::Null, Some(&attachment))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    runner.act(marker(), Kind::Volume, Verb::Delete, Value::Null, Some(&volume)).await.unwrap();
    runner.until(Kind::Volume, &key, None).await;
    runner.simulator.stop().await;
}

#[tokio::test]
async fn volume_moved_to_another_instance_has_another_attachment() {
    let (clock, simulator) = cloud(Population::default(), 0.0).await;
    let demo = session(&simulator, &clock, "demo");
    let client = CloudClient::of(&simulator, "demo").await;
    let view = AccountView::of(&*demo).await;
    let attachment = view.of_kind(Kind::VolumeAttachment)[0].clone();
    let kind = attachment.kind;
    let get = async |session: &Arc<dyn Session>, kind, key: &str| {
        session.get(&north(), kind, key).await.unwrap().map(|found| found.native_key)
    };
    assert_eq!(get(&demo, kind, &attachment.native_key).await, Some(attachment.native_key.clone()));
    let holder = &attachment.fields["instance"]["external_id"];
    let another =
        view.of_kind(Kind::Instance).iter().find(|instance| *holder != instance.external_id).unwrap();
    let volume = attachment.fields["volume"]["external_id"].as_str().unwrap();
    client.post(&format!("/v1/north/volumes/{volume}/detach"), json!({})).await;
    assert_eq!(get(&demo, kind, &attachment.native_key).await, None);
    let to = json!({ "instance": another.external_id });
    client.post(&format!("/v1/north/volumes/{volume}/attach"), to).await;
    assert_eq!(get(&demo, kind, &attachment.native_key).await, None);
    let now = format!("{}/{}", attachment.external_id, another.external_id);
    assert_eq!(get(&demo, kind, &now).await, Some(now.clone()));

    // Quotas have the same ids in every account, and one account does not read the other's.
    let quota = &view.of_kind(Kind::Quota)[0];
    let other = session(&simulator, &clock, "other");
    assert_eq!(get(&demo, quota.kind, &quota.native_key).await, Some(quota.native_key.clone()));
    assert_eq!(get(&other, quota.kind, &quota.native_key).await, None);
    simulator.stop().await;
}

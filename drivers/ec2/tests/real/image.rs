//! Images.

use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::runner::{Runner, cloud_words};

#[tokio::test]
async fn commands_of_image_are_executed() {
    let Some(runner) = Runner::in_region("eu-south-1").await else { return };
    let (image, kind) = runner.bootable().await;
    let command = json!({ "name": "i", "image": image.id, "instance_type": kind.id });
    let instance = runner.create(Kind::Instance, command, &[&image, &kind]).await;
    let command = json!({ "name": "gateway-verbs", "tags": { "old": "1" } });
    let made = runner.act(instance.first(), Verb::CreateImage, command, &[]).await;
    let own = made.first();
    let updated =
        runner.act(own, Verb::Update, json!({ "description": "x", "tags": { "new": "1" } }), &[]).await;
    let image = updated.first();
    assert!(image.tags.keys().eq(["new"]), "{:?}", image.tags);
    assert_eq!(image.marker, Some(made.marker));
    let command = json!({ "external_account": "210987654321" });
    for verb in [Verb::Share, Verb::Share, Verb::Unshare, Verb::Unshare] {
        let outcome = runner.act(image, verb, command.clone(), &[]).await;
        assert_eq!(outcome.kinds(), [Kind::Image]);
    }
    runner.delete(own).await;
    let gone = runner.refused(own, Verb::Delete, Value::Null, &[]).await;
    assert_eq!((gone.kind(), cloud_words(&gone).0), (ErrorKind::NotFound, "InvalidAMIID.Unavailable"));
    runner.delete_new(Kind::VolumeSnapshot).await;
    runner.delete(instance.first()).await;
    runner.delete_new(Kind::NetworkInterface).await;
    runner.assert_clean().await;
}

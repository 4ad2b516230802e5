//! Images and keys.

use gateway_core::ErrorKind;
use gateway_core::driver::OneTimeOutput;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use crate::hand::{Hand, check_marked, words};

#[tokio::test]
async fn an_image_is_described_shared_and_ended() {
    let Some(hand) = Hand::in_region("eu-south-1").await else { return };
    let (image, kind) = hand.bootable().await;
    let command = json!({ "name": "i", "image": image.id, "instance_type": kind.id });
    let instance = hand.make("instance", command, &[&image, &kind]).await;
    let command = json!({ "name": "gateway-verbs", "tags": { "old": "1" } });
    let made = hand.turn(instance.first(), Verb::CreateImage, command, &[]).await;
    let own = made.first();
    let updated =
        hand.turn(own, Verb::Update, json!({ "description": "x", "tags": { "new": "1" } }), &[]).await;
    let seen = updated.first();
    assert!(seen.tags.keys().eq(["new"]), "{:?}", seen.tags);
    assert_eq!(seen.marker, Some(made.marker));
    let command = json!({ "external_account": "210987654321" });
    for verb in [Verb::Share, Verb::Share, Verb::Unshare, Verb::Unshare] {
        let deed = hand.turn(seen, verb, command.clone(), &[]).await;
        assert_eq!(deed.kinds(), ["image"]);
    }
    hand.end(own).await;
    let gone = hand.refused(own, Verb::Delete, Value::Null, &[]).await;
    assert_eq!((gone.kind(), words(&gone).0), (ErrorKind::NotFound, "InvalidAMIID.Unavailable"));
    hand.end_others("volume_snapshot").await;
    hand.end(instance.first()).await;
    hand.end_others("network_interface").await;
    hand.is_clean().await;
}

#[tokio::test]
async fn a_key_is_made_with_its_private_half_or_imported_without() {
    let Some(hand) = Hand::in_region("us-west-1").await else { return };
    let command = json!({ "name": "gateway-verbs", "tags": { "kept": "1" } });
    let made = hand.make("ssh_key", command.clone(), &[]).await;
    check_marked(&made);
    let Some(OneTimeOutput::PrivateKey(private)) = &made.done.answer else { panic!("no private half") };
    assert!(private.expose().starts_with("-----BEGIN"), "a key");
    assert!(!format!("{:?}", made.done).contains("BEGIN"), "which nobody prints");
    assert_eq!((made.first().name.as_str(), made.first().tags.len()), ("gateway-verbs", 1));
    let twice = hand.try_step("ssh_key", Verb::Create, command, None, &[]).await.err().unwrap();
    assert_eq!((twice.kind(), words(&twice).0), (ErrorKind::Conflict, "InvalidKeyPair.Duplicate"));

    let public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFGkT5dKJ5ZDGdNbXkhEvMzqMwaUHzMwW4Oo8TyJkPdm me";
    let imported = hand.make("ssh_key", json!({ "name": "own", "public_key": public }), &[]).await;
    assert!(imported.done.answer.is_none());
    let has = imported.first().fields["public_key"].as_str().unwrap();
    assert_eq!(has.split(' ').nth(1), public.split(' ').nth(1));
    hand.end(imported.first()).await;
    hand.end(made.first()).await;
    hand.is_clean().await;
}

//! Key pairs.

use gateway_core::driver::OneTimeOutput;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::runner::{Runner, check_marker, cloud_words};

#[tokio::test]
async fn generated_key_pair_has_a_private_half_and_imported_one_has_none() {
    let Some(runner) = Runner::in_region("us-west-1").await else { return };
    let command = json!({ "name": "gateway-verbs", "tags": { "kept": "1" } });
    let made = runner.create(Kind::SshKey, command.clone(), &[]).await;
    check_marker(&made);
    let Some(OneTimeOutput::PrivateKey(private)) = &made.done.answer else { panic!("no private half") };
    assert!(private.expose().starts_with("-----BEGIN"), "a key");
    assert!(!format!("{:?}", made.done).contains("BEGIN"), "debug output does not show it");
    assert_eq!((made.first().name.as_str(), made.first().tags.len()), ("gateway-verbs", 1));
    let twice = runner.run(Kind::SshKey, Verb::Create, command, None, &[]).await.err().unwrap();
    assert_eq!((twice.kind(), cloud_words(&twice).0), (ErrorKind::Conflict, "InvalidKeyPair.Duplicate"));

    let public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFGkT5dKJ5ZDGdNbXkhEvMzqMwaUHzMwW4Oo8TyJkPdm me";
    let imported = runner.create(Kind::SshKey, json!({ "name": "own", "public_key": public }), &[]).await;
    assert!(imported.done.answer.is_none());
    let has = imported.first().fields["public_key"].as_str().unwrap();
    assert_eq!(has.split(' ').nth(1), public.split(' ').nth(1));
    runner.delete(imported.first()).await;
    runner.delete(made.first()).await;
    runner.assert_clean().await;
}

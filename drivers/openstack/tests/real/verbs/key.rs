//! Keys.

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::{Hand, NAME, made, marker, with_hands};

/// Anybody's: made for this test and used nowhere.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";

#[tokio::test]
async fn keys_are_made_with_their_private_half_told_once_or_taken_in() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let command = json!({ "name": NAME });
        assert_eq!(hand.find("ssh_key", marker(), command.clone()).await, None);
        let done = hand.create("ssh_key", marker(), command.clone()).await.unwrap();
        let Some(OneTimeOutput::PrivateKey(key)) = &done.answer else { panic!("no private key: {done:?}") };
        assert!(key.expose().contains("PRIVATE KEY") && !format!("{done:?}").contains("PRIVATE KEY"));
        let found = hand.find("ssh_key", marker(), command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        let seen = hand.get("ssh_key", &made(&done)).await.unwrap();
        assert!(seen.name == NAME && seen.fields["public_key"].as_str().unwrap().starts_with("ssh-"));

        let import = json!({ "name": NAME, "public_key": KEY });
        assert_eq!(hand.find("ssh_key", marker(), import.clone()).await, None, "the name holds another key");
        let refused = hand.create("ssh_key", marker(), import.clone()).await.unwrap_err();
        assert_eq!((refused.kind(), refused.cloud().unwrap().code.as_str()), (ErrorKind::Conflict, "409"));
        hand.end("ssh_key", &made(&done)).await;

        let done = hand.create("ssh_key", marker(), import.clone()).await.unwrap();
        assert!(done.answer.is_none());
        assert_eq!(hand.find("ssh_key", marker(), import).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(hand.get("ssh_key", &made(&done)).await.unwrap().fields["public_key"], KEY);
        hand.end("ssh_key", &made(&done)).await;
    })
    .await;
}

#[tokio::test]
async fn an_administrator_deletes_another_users_key_and_a_member_does_not() {
    with_hands(["demo", "admin", "rival"], async |[demo, admin, rival]: [Hand; 3]| {
        let done = demo.create("ssh_key", marker(), json!({ "name": NAME })).await.unwrap();
        let target = admin.known("ssh_key", &made(&done)).await;
        let refused = rival.send("ssh_key", Verb::Delete, marker(), Some(&target), Value::Null).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);
        admin.send("ssh_key", Verb::Delete, marker(), Some(&target), Value::Null).await.unwrap();
        assert!(demo.get("ssh_key", &made(&done)).await.is_none());
    })
    .await;
}

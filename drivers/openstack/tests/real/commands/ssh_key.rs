//! Commands of SSH keys.

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use serde_json::{Value, json};

use super::{PREFIX, Runner, created_key, marker, with_runners};

/// A public key that is used nowhere else.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";

#[tokio::test]
async fn ssh_key_is_generated_with_private_key_or_imported() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let command = json!({ "name": PREFIX });
        assert_eq!(runner.find(Kind::SshKey, marker(), command.clone()).await, None);
        let done = runner.create(Kind::SshKey, marker(), command.clone()).await.unwrap();
        let Some(OneTimeOutput::PrivateKey(key)) = &done.answer else { panic!("no private key: {done:?}") };
        assert!(key.expose().contains("PRIVATE KEY") && !format!("{done:?}").contains("PRIVATE KEY"));
        let found = runner.find(Kind::SshKey, marker(), command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        let seen = runner.get(Kind::SshKey, &created_key(&done)).await.unwrap();
        assert!(seen.name == PREFIX && seen.fields["public_key"].as_str().unwrap().starts_with("ssh-"));

        let import = json!({ "name": PREFIX, "public_key": KEY });
        assert_eq!(
            runner.find(Kind::SshKey, marker(), import.clone()).await,
            None,
            "the name has another key"
        );
        let refused = runner.create(Kind::SshKey, marker(), import.clone()).await.unwrap_err();
        assert_eq!((refused.kind(), refused.cloud().unwrap().code.as_str()), (ErrorKind::Conflict, "409"));
        runner.delete_and_wait(Kind::SshKey, &created_key(&done)).await;

        let done = runner.create(Kind::SshKey, marker(), import.clone()).await.unwrap();
        assert!(done.answer.is_none());
        assert_eq!(runner.find(Kind::SshKey, marker(), import).await.as_ref(), Some(&done.touched[0]));
        assert_eq!(runner.get(Kind::SshKey, &created_key(&done)).await.unwrap().fields["public_key"], KEY);
        runner.delete_and_wait(Kind::SshKey, &created_key(&done)).await;
    })
    .await;
}

#[tokio::test]
async fn only_an_administrator_deletes_the_ssh_key_of_another_user() {
    with_runners(["demo", "admin", "rival"], async |[demo, admin, rival]: [Runner; 3]| {
        let done = demo.create(Kind::SshKey, marker(), json!({ "name": PREFIX })).await.unwrap();
        let target = admin.known(Kind::SshKey, &created_key(&done)).await;
        let refused = rival.send(Kind::SshKey, Verb::Delete, marker(), Some(&target), Value::Null).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);
        admin.send(Kind::SshKey, Verb::Delete, marker(), Some(&target), Value::Null).await.unwrap();
        assert!(demo.get(Kind::SshKey, &created_key(&done)).await.is_none());
    })
    .await;
}

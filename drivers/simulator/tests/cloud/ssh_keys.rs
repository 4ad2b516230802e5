//! SSH keys that the cloud generates.

use gateway_core::driver::OneTimeOutput;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::runner::{Runner, marker};

/// The file must have the format that programs read.
#[tokio::test]
async fn generated_private_key_belongs_to_its_public_key() {
    let runner = Runner::new().await;
    let done =
        runner.act(marker(), Kind::SshKey, Verb::Create, json!({ "name": "pair" }), None).await.unwrap();
    let Some(OneTimeOutput::PrivateKey(private)) = &done.answer else { panic!("{done:?}") };
    let key = runner.touched(&done).await[0].clone().unwrap();
    let public = key.fields["public_key"].as_str().unwrap();
    assert_eq!(key.fields["key_type"], "ed25519");
    let body: String = private.expose().lines().filter(|line| !line.starts_with('-')).collect();
    let file = base64(&body);
    let blob = base64(public.split(' ').nth(1).unwrap());
    assert!(file.starts_with(b"openssh-key-v1\0"));
    // The public key is in the file as it is, and its 32 bytes again in the private part.
    assert!(file.windows(blob.len()).any(|part| part == blob));
    assert_eq!(file.windows(32).filter(|part| *part == &blob[blob.len() - 32..]).count(), 3);
    let twice = runner.refuses(Kind::SshKey, Verb::Create, json!({ "name": "pair" }), None).await;
    assert_eq!(twice, (ErrorKind::Conflict, "duplicate".to_owned()));
    let wrong = json!({ "name": "other", "public_key": "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==" });
    assert_eq!(runner.refuses(Kind::SshKey, Verb::Create, wrong, None).await.0, ErrorKind::Invalid);
    runner.simulator.stop().await;
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

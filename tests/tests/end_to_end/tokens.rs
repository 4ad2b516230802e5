//! The life of a token: renewal, rotation of keys with overlap, revocation, a client that is disabled.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use gateway_core::access::keyring::{ACTIVATION_DELAY, Keyring};
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::id::TokenId;
use gateway_tests::{Client, Cluster, cli, until};
use reqwest::Method;

use crate::stage::{SOON, Stage, demo, problem};

/// A revocation is felt within this.
const FELT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn tokens_are_renewed_revoked_and_outlive_a_rotation() {
    let mut stage = Stage::set(Cluster::plan("tokens").handlers(2)).await;
    renewal(&mut stage).await;
    revocation(&mut stage).await;
    disabling(&mut stage).await;
    rotation(&mut stage).await;
}

async fn renewal(stage: &mut Stage) {
    let old = stage.client.token.clone().unwrap();
    let login = stage.client.login(&[]).await.unwrap();
    assert_ne!(login.token, old);
    assert_eq!(login.accounts[0]["id"], stage.account.as_str());
    for token in [old, login.token] {
        assert_eq!(status(&stage.client, &token).await.0, 200, "both are good until they expire");
    }
    let nobody = stage.cluster.register_client("nobody").await;
    let answer = nobody.check_credentials(&[]).await.unwrap();
    assert_eq!((answer.status.as_u16(), problem(&answer.body)), (401, "no-accounts"));
}

async fn revocation(stage: &mut Stage) {
    let (one, other) =
        (stage.client.login(&[]).await.unwrap().token, stage.client.login(&[]).await.unwrap().token);
    cli::text(&stage.cluster.settings, &["token", "revoke", &one]).await;
    refused(&stage.client, &one, "token-revoked").await;
    assert_eq!(status(&stage.client, &other).await.0, 200, "only the one is revoked");

    stage.client.token = Some(other.clone());
    let ended = stage.client.request(Method::DELETE, "/v1/token").await.unwrap();
    assert_eq!(ended.status, 204, "{}", ended.body);
    refused(&stage.client, &other, "token-revoked").await;

    let third = stage.client.login(&[]).await.unwrap().token;
    cli::text(&stage.cluster.settings, &["token", "revoke", "--client", "dashboard"]).await;
    refused(&stage.client, &third, "token-revoked").await;
    let fresh = stage.client.login(&[]).await.unwrap().token;
    assert_eq!(status(&stage.client, &fresh).await.0, 200, "a new token is good at once");
}

async fn disabling(stage: &mut Stage) {
    let token = stage.client.token.clone().unwrap();
    cli::text(&stage.cluster.settings, &["client", "disable", "dashboard"]).await;
    refused(&stage.client, &token, "token-revoked").await;
    let answer = stage.client.check_credentials(&[demo()]).await.unwrap();
    assert_eq!((answer.status.as_u16(), problem(&answer.body)), (401, "client-refused"));
    cli::text(&stage.cluster.settings, &["client", "enable", "dashboard"]).await;
    stage.client.login(&[]).await.unwrap();
}

/// A token under the new key is good everywhere before anybody signs with it; tokens under the old one stay good.
async fn rotation(stage: &mut Stage) {
    let old = stage.client.token.clone().unwrap();
    let file = stage.cluster.keyring.clone();
    let before = kid(&file);
    cli::text(&stage.cluster.settings, &["key", "rotate", "token"]).await;
    let now = SystemClock.now();
    let claims = Claims {
        sub: stage.client.id.parse().unwrap(),
        iat: now.seconds(),
        exp: now.seconds() + 600,
        jti: TokenId::generate(),
    };
    // As it will be signed once the key is active.
    let keys = Keyring::load(&file).unwrap();
    let new = token::issue(&keys, &claims, now.plus(ACTIVATION_DELAY)).unwrap();
    until("every process to know the new key", SOON, || async {
        // More than once, so that both handlers are asked.
        for _ in 0..4 {
            let (status, kind) = status(&stage.client, new.expose()).await;
            ensure!(status == 200, "{status} {kind}");
        }
        Ok(())
    })
    .await;
    assert_eq!(status(&stage.client, &old).await.0, 200, "the old key still verifies");
    let retired = cli::run(&stage.cluster.settings, &["key", "retire", &before]).await;
    assert!(!retired.status.success(), "the key that signs cannot be retired");
}

fn kid(file: &Path) -> String {
    let keys = Keyring::load(file).unwrap();
    keys.active(gateway_core::access::keyring::Purpose::Token, SystemClock.now()).unwrap().kid.clone()
}

async fn refused(client: &Client, token: &str, kind: &str) {
    until("the token to be refused", FELT, || async {
        let found = status(client, token).await;
        ensure!((found.0, found.1.as_str()) == (401, kind), "{found:?}");
        Ok(())
    })
    .await;
}

async fn status(client: &Client, token: &str) -> (u16, String) {
    let mut client = client.clone();
    client.token = Some(token.to_owned());
    let answer = client.request(Method::GET, "/v1/instances?limit=1").await.unwrap();
    (answer.status.as_u16(), problem(&answer.body).to_owned())
}

//! Tokens: renewal, revocation, disabled clients, and rotation of keys with overlap.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use gateway_core::access::keyring::{ACTIVATION_DELAY, Keyring};
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::id::TokenId;
use gateway_tests::{Client, TestCluster, cli, until};
use reqwest::Method;

use crate::environment::{Environment, SOON, demo_credential, problem_type};

/// The longest time until a revocation is effective.
const EFFECTIVE_WITHIN: Duration = Duration::from_secs(3);

#[tokio::test]
async fn token_renewal_revocation_and_key_rotation() {
    let mut env = Environment::start(TestCluster::builder("tokens").handlers(2)).await;
    renewal(&mut env).await;
    revocation(&mut env).await;
    disabling(&mut env).await;
    rotation(&mut env).await;
}

async fn renewal(env: &mut Environment) {
    let old = env.client.token.clone().unwrap();
    let login = env.client.login(&[]).await.unwrap();
    assert_ne!(login.token, old);
    assert_eq!(login.accounts[0]["id"], env.account.as_str());
    for token in [old, login.token] {
        assert_eq!(status(&env.client, &token).await.0, 200, "both tokens are valid until they expire");
    }
    let without_grant = env.cluster.register_client("without_grant").await;
    let answer = without_grant.check_credentials(&[]).await.unwrap();
    assert_eq!((answer.status.as_u16(), problem_type(&answer.body)), (401, "no-accounts"));
}

async fn revocation(env: &mut Environment) {
    let (one, other) =
        (env.client.login(&[]).await.unwrap().token, env.client.login(&[]).await.unwrap().token);
    cli::text(&env.cluster.settings, &["token", "revoke", &one]).await;
    refused(&env.client, &one, "token-revoked").await;
    assert_eq!(status(&env.client, &other).await.0, 200, "only one token is revoked");

    env.client.token = Some(other.clone());
    let ended = env.client.request(Method::DELETE, "/v1/token").await.unwrap();
    assert_eq!(ended.status, 204, "{}", ended.body);
    refused(&env.client, &other, "token-revoked").await;

    let third = env.client.login(&[]).await.unwrap().token;
    cli::text(&env.cluster.settings, &["token", "revoke", "--client", "dashboard"]).await;
    refused(&env.client, &third, "token-revoked").await;
    let fresh = env.client.login(&[]).await.unwrap().token;
    assert_eq!(status(&env.client, &fresh).await.0, 200, "a new token is valid at once");
}

async fn disabling(env: &mut Environment) {
    let token = env.client.token.clone().unwrap();
    cli::text(&env.cluster.settings, &["client", "disable", "dashboard"]).await;
    refused(&env.client, &token, "token-revoked").await;
    let answer = env.client.check_credentials(&[demo_credential()]).await.unwrap();
    assert_eq!((answer.status.as_u16(), problem_type(&answer.body)), (401, "client-refused"));
    cli::text(&env.cluster.settings, &["client", "enable", "dashboard"]).await;
    env.client.login(&[]).await.unwrap();
}

/// Asserts that all processes accept the new key before it signs, and that tokens of the old key stay valid.
async fn rotation(env: &mut Environment) {
    let old = env.client.token.clone().unwrap();
    let file = env.cluster.keyring.clone();
    let before = kid(&file);
    cli::text(&env.cluster.settings, &["key", "rotate", "token"]).await;
    let now = SystemClock.now();
    let claims = Claims {
        sub: env.client.id.parse().unwrap(),
        iat: now.seconds(),
        exp: now.seconds() + 600,
        jti: TokenId::generate(),
    };
    // A token as it is signed once the key is active.
    let keys = Keyring::load(&file).unwrap();
    let new = token::issue(&keys, &claims, now.plus(ACTIVATION_DELAY)).unwrap();
    until("every process to know the new key", SOON, || async {
        // Several requests, so that both handlers get one.
        for _ in 0..4 {
            let (status, kind) = status(&env.client, new.expose()).await;
            ensure!(status == 200, "{status} {kind}");
        }
        Ok(())
    })
    .await;
    assert_eq!(status(&env.client, &old).await.0, 200, "the old key still verifies");
    let retired = cli::run(&env.cluster.settings, &["key", "retire", &before]).await;
    assert!(!retired.status.success(), "the key that signs cannot be retired");
}

fn kid(file: &Path) -> String {
    let keys = Keyring::load(file).unwrap();
    keys.active(gateway_core::access::keyring::Purpose::Token, SystemClock.now()).unwrap().kid.clone()
}

async fn refused(client: &Client, token: &str, kind: &str) {
    until("the token to be refused", EFFECTIVE_WITHIN, || async {
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
    (answer.status.as_u16(), problem_type(&answer.body).to_owned())
}

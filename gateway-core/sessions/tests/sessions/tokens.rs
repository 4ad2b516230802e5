//! Tokens outlive sessions: logins do not grow with sessions, their evictions, or the parts of a process.

use std::sync::Arc;
use std::time::Duration;

use driver_openstack::OpenStack;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use gateway_core::clock::ManualClock;
use gateway_core::driver::{Driver as _, Drivers, OwnToken, SessionContext, TokenKeeper as _};
use gateway_core::id::{AccountId, CloudId, Region};
use gateway_core::{ErrorKind, Kind, Result};
use gateway_sessions::{CloudCache, OpenSession, Sessions};
use gateway_store::SealedCredential;

use crate::environment::Environment;
use crate::keystone::{Keystone, TOKEN_LIFE};

/// A cloud whose accounts have a credential each, and the sessions that use them.
struct Fixture {
    env: Environment,
    keystone: Keystone,
    cloud: CloudId,
    credentials: Vec<SealedCredential>,
}

impl Fixture {
    async fn new(accounts: usize) -> Self {
        let env = Environment::new(Drivers::default().with(OpenStack)).await;
        let keystone = Keystone::start(&env.clock).await;
        let cloud = env.register("openstack", &keystone.url).await;
        env.execute("UPDATE clouds SET calls_per_second = 1000000.0");
        let seal = |number: usize| {
            let account = AccountId::derive(cloud, &number.to_string());
            env.seal(account, &Keystone::credential(number))
        };
        let credentials = (0..accounts).map(seal).collect();
        Self { env, keystone, cloud, credentials }
    }

    /// Reads something with each of the credentials, many at once.
    async fn read_all(&self, sessions: &Sessions) {
        let reads = self.credentials.iter().map(|credential| async {
            read(&sessions.get(self.cloud, credential).await.unwrap()).await.unwrap();
        });
        stream::iter(reads).buffer_unordered(32).collect::<()>().await;
    }
}

async fn read(open: &OpenSession) -> Result<()> {
    open.session.probe(&Region::new("One"), Kind::Image).await
}

#[tokio::test]
async fn evicted_session_costs_no_login() {
    let fixture = Fixture::new(64).await;
    let poller = fixture.env.sessions_of_another_part().with_capacity(4);
    let handler = fixture.env.sessions_of_another_part().with_capacity(4);
    for _ in 0..3 {
        fixture.read_all(&poller).await;
        fixture.read_all(&handler).await;
    }
    assert_eq!(fixture.keystone.logins(), 64);
}

#[tokio::test]
async fn accounts_log_in_as_often_as_tokens_expire() {
    let fixture = Fixture::new(400).await;
    let sessions = fixture.env.sessions_of_another_part().with_capacity(40);
    for expected in [400, 800] {
        for _ in 0..2 {
            fixture.read_all(&sessions).await;
            assert_eq!(fixture.keystone.logins(), expected);
        }
        fixture.env.clock.advance(TOKEN_LIFE);
    }
}

#[tokio::test]
async fn sessions_of_a_credential_log_in_one_at_a_time() {
    let fixture = Fixture::new(1).await;
    let opened = (0..16).map(|_| fixture.env.sessions.open(fixture.cloud, &fixture.credentials[0]));
    let opened: Vec<_> = join_all(opened).await.into_iter().map(Result::unwrap).collect();
    for expected in 1..=2 {
        for outcome in join_all(opened.iter().map(read)).await {
            outcome.unwrap();
        }
        assert_eq!(fixture.keystone.logins(), expected, "one login, and one for all that were refused");
        fixture.keystone.revoke();
    }
}

#[tokio::test]
async fn token_of_a_proof_serves_all_sessions() {
    let fixture = Fixture::new(1).await;
    let (cloud, credential) = (fixture.cloud, &fixture.credentials[0]);
    let cached = fixture.env.sessions.get(cloud, credential).await.unwrap();
    read(&cached).await.unwrap();
    let verification = fixture.env.sessions.open(cloud, credential).await.unwrap();
    verification.session.prove().await.unwrap();
    assert_eq!(fixture.keystone.logins(), 2, "a proof logs in");
    // The first token expires before the one of the proof.
    fixture.env.clock.advance(TOKEN_LIFE / 2);
    verification.session.prove().await.unwrap();
    fixture.env.clock.advance(TOKEN_LIFE / 2 + Duration::from_secs(1));
    read(&cached).await.unwrap();
    assert_eq!(fixture.keystone.logins(), 3);
}

#[tokio::test]
async fn token_of_a_credential_check_is_adopted() {
    let fixture = Fixture::new(1).await;
    let spec = CloudCache::new(fixture.env.store.clone()).get(fixture.cloud).await.unwrap().spec;
    let tokens = Arc::<OwnToken>::default();
    let context = SessionContext {
        tokens: Some(Arc::clone(&tokens) as _),
        ..SessionContext::unpaced(Arc::new(ManualClock::clone(&fixture.env.clock)))
    };
    let session = OpenStack.open(Arc::clone(&spec), Keystone::credential(0), context).unwrap();
    session.prove().await.unwrap();
    fixture.env.sessions.adopt(fixture.credentials[0].id, &spec, tokens.get().unwrap());
    fixture.read_all(&fixture.env.sessions).await;
    assert_eq!(fixture.keystone.logins(), 1);
}

#[tokio::test]
async fn refused_credential_and_changed_registration_drop_the_token() {
    let fixture = Fixture::new(1).await;
    let (cloud, credential) = (fixture.cloud, &fixture.credentials[0]);
    fixture.read_all(&fixture.env.sessions).await;
    fixture.keystone.refuse_logins(true);
    let verification = fixture.env.sessions.open(cloud, credential).await.unwrap();
    assert_eq!(verification.session.prove().await.unwrap_err().kind(), ErrorKind::Unauthorized);
    let late = fixture.env.sessions.open(cloud, credential).await.unwrap();
    assert_eq!(read(&late).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    fixture.keystone.refuse_logins(false);
    fixture.env.sessions.forget(credential.id);
    fixture.read_all(&fixture.env.sessions).await;
    let before = fixture.keystone.logins();
    let moved = Keystone::start(&fixture.env.clock).await;
    fixture.env.execute(&format!("UPDATE clouds SET endpoint = '{}'", moved.url));
    fixture.read_all(&fixture.env.sessions_of_another_part()).await;
    assert_eq!((fixture.keystone.logins(), moved.logins()), (before, 1));
}

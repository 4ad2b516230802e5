//! Sessions and registered clouds, cached over a real store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Driver, Drivers, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext,
};
use gateway_core::id::{AccountId, CloudId, Region};
use gateway_core::{Error, ErrorKind, Kind, Result};
use gateway_sessions::CloudCache;

use crate::environment::Environment;

static CAPABILITY: Capability = Capability { kinds: &[], verbs: &[], credentials: &["access_key"] };

/// A driver that counts the sessions that it opens.
#[derive(Clone, Default)]
struct CountingDriver(Arc<AtomicUsize>);

struct IdleSession;

#[async_trait]
impl Session for IdleSession {
    async fn prove(&self) -> Result<Proof> {
        Err(Error::unavailable("not called"))
    }
    async fn probe(&self, _: &Region, _: Kind) -> Result<()> {
        Err(Error::unavailable("not called"))
    }
    async fn list(&self, _: &Region, _: Kind, _: ListScope, _: Option<&PageToken>) -> Result<Page> {
        Err(Error::unavailable("not called"))
    }
    async fn get(&self, _: &Region, _: Kind, _: &str) -> Result<Option<Observed>> {
        Err(Error::unavailable("not called"))
    }
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }
}

impl Driver for CountingDriver {
    fn name(&self) -> &'static str {
        "counting"
    }
    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }
    fn validate(&self, _: &CloudSpec) -> Result<()> {
        Ok(())
    }
    fn open(&self, _: Arc<CloudSpec>, _: Credential, _: SessionContext) -> Result<Arc<dyn Session>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(IdleSession))
    }
}

impl CountingDriver {
    fn opened(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

async fn environment() -> (Environment, CountingDriver) {
    let driver = CountingDriver::default();
    (Environment::new(Drivers::default().with(driver.clone())).await, driver)
}

#[tokio::test]
async fn session_of_a_credential_is_opened_once() {
    let (env, driver) = environment().await;
    let cloud = env.register("counting", "https://cloud.example").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let get = || env.sessions.get(cloud, &credential);
    let (first, second) = tokio::try_join!(get(), get()).unwrap();
    assert!(Arc::ptr_eq(&first.session, &second.session));
    assert!(Arc::ptr_eq(&first.session, &get().await.unwrap().session));
    assert_eq!(driver.opened(), 1);
}

#[tokio::test]
async fn forgotten_session_is_opened_again() {
    let (env, driver) = environment().await;
    let cloud = env.register("counting", "https://cloud.example").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    env.sessions.get(cloud, &credential).await.unwrap();
    env.sessions.forget(credential.id);
    env.sessions.get(cloud, &credential).await.unwrap();
    assert_eq!(driver.opened(), 2);
}

#[tokio::test]
async fn fresh_session_is_not_cached() {
    let (env, driver) = environment().await;
    let cloud = env.register("counting", "https://cloud.example").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let fresh = env.sessions.open(cloud, &credential).await.unwrap();
    let cached = env.sessions.get(cloud, &credential).await.unwrap();
    assert!(!Arc::ptr_eq(&fresh.session, &cached.session));
    assert_eq!(driver.opened(), 2);
}

#[tokio::test]
async fn sessions_of_a_thousand_accounts_are_opened_once() {
    let (env, driver) = environment().await;
    let cloud = env.register("counting", "https://cloud.example").await;
    let accounts = (0..1_000).map(|number| AccountId::derive(cloud, &number.to_string()));
    let credentials: Vec<_> = accounts.map(|account| env.credential(account)).collect();
    for _ in 0..3 {
        for credential in &credentials {
            env.sessions.get(cloud, credential).await.unwrap();
        }
    }
    assert_eq!(driver.opened(), credentials.len());
}

#[tokio::test]
async fn session_is_opened_again_when_the_registration_changes() {
    let (env, _) = environment().await;
    let cloud = env.register("counting", "https://cloud.example").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let first = env.sessions.get(cloud, &credential).await.unwrap();
    env.execute("UPDATE clouds SET calls_per_second = 20.0");
    let later = async || {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(30)).await;
        tokio::time::resume();
        env.sessions.get(cloud, &credential).await.unwrap()
    };
    let changed = later().await;
    assert!(!Arc::ptr_eq(&first.session, &changed.session));
    assert!((changed.cloud.calls_per_second - 20.0).abs() < f64::EPSILON);
    assert!(Arc::ptr_eq(&changed.session, &later().await.session), "read again, and the same");
    env.execute("ALTER TABLE clouds RENAME TO away");
    assert!(Arc::ptr_eq(&changed.session, &later().await.session), "the database does not answer");
}

#[tokio::test]
async fn sessions_of_one_account_share_its_budget() {
    let (env, _) = environment().await;
    let cloud = env.register("counting", "https://cloud.example").await;
    let (a, b) = (AccountId::derive(cloud, "a"), AccountId::derive(cloud, "b"));
    let first = env.sessions.get(cloud, &env.credential(a)).await.unwrap();
    let second = env.sessions.get(cloud, &env.credential(a)).await.unwrap();
    let other = env.sessions.get(cloud, &env.credential(b)).await.unwrap();
    assert!(Arc::ptr_eq(&first.budget, &second.budget));
    assert!(!Arc::ptr_eq(&first.budget, &other.budget));
}

#[tokio::test]
async fn cloud_of_an_unknown_driver_is_unsupported() {
    let (env, _) = environment().await;
    let cloud = env.register("other", "https://cloud.example").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let error = env.sessions.get(cloud, &credential).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Unsupported, "this gateway has no driver `other`")
    );
}

#[tokio::test]
async fn cloud_that_is_registered_later_is_found() {
    let (env, _) = environment().await;
    let clouds = CloudCache::new(env.store.clone());
    let unknown = clouds.get(CloudId::generate()).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let cloud = env.register("counting", "https://cloud.example").await;
    assert_eq!(clouds.get(cloud).await.unwrap_err().kind(), ErrorKind::NotFound, "the list was just read");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    assert_eq!(clouds.get(cloud).await.unwrap().spec.id, cloud);
}

//! Sessions and registered clouds, cached over a real store.

#![allow(clippy::unwrap_used)] // Clippy knows functions marked as tests, but not their helpers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::clock::{Clock as _, ManualClock, Timestamp};
use gateway_core::config::Database;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Driver, Drivers, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext, Unwatched,
};
use gateway_core::id::{AccountId, CloudId, CredentialId, PrincipalId, Region};
use gateway_core::secret::Secret;
use gateway_core::{Error, ErrorKind, Kind, Result};
use gateway_sessions::{CloudCache, Pace, Sessions};
use gateway_store::{NewCloud, SealedCredential, Store};

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

/// A store, the sessions on it, and their driver.
struct Environment {
    store: Store,
    sessions: Sessions,
    driver: CountingDriver,
    keyring: Arc<Keyring>,
    clock: ManualClock,
    folder: tempfile::TempDir,
}

impl Environment {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let store = Store::open(&Database { url, connections: 2 }, Arc::new(clock.clone())).unwrap();
        store.migrate().await.unwrap();
        let keyring = Arc::new(Keyring::generate(clock.now()).unwrap());
        let (driver, current) = (CountingDriver::default(), Arc::clone(&keyring));
        let sessions = Sessions::new(
            store.clone(),
            Drivers::default().with(driver.clone()),
            Arc::new(move || Arc::clone(&current)),
            Arc::new(clock.clone()),
            Arc::new(Unwatched),
            Pace::POLLING,
        );
        Self { store, sessions, driver, keyring, clock, folder }
    }

    async fn register(&self, driver: &str) -> CloudId {
        let id = CloudId::generate();
        let spec = CloudSpec {
            id,
            name: format!("cloud-{driver}"),
            endpoint: "https://cloud.example".to_owned(),
            regions: vec![],
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 10.0,
            timeout: Duration::from_secs(5),
            options: serde_json::Map::new(),
        };
        self.store.cloud_add(NewCloud { driver: driver.to_owned(), spec }).await.unwrap();
        id
    }

    fn credential(&self, account: AccountId) -> SealedCredential {
        let principal = PrincipalId::generate();
        let credential = Credential::AccessKey {
            access_key_id: "k".to_owned(),
            secret_access_key: Secret::new("hunter2"),
            session_token: None,
        };
        let (place, plain) =
            (SealedCredential::associated_data(principal, account), credential.to_sealable());
        let sealed =
            seal::seal(&self.keyring, Purpose::Credential, self.clock.now(), &place, plain.as_bytes());
        SealedCredential { id: CredentialId::generate(), principal, account, sealed: sealed.unwrap() }
    }

    /// Executes SQL beside the store.
    fn execute(&self, sql: &str) {
        let file = self.folder.path().join("gateway.db");
        let mut connection = SqliteConnection::establish(&file.display().to_string()).unwrap();
        connection.batch_execute(sql).unwrap();
    }

    fn opened(&self) -> usize {
        self.driver.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn session_of_a_credential_is_opened_once() {
    let env = Environment::new().await;
    let cloud = env.register("counting").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let get = || env.sessions.get(cloud, &credential);
    let (first, second) = tokio::try_join!(get(), get()).unwrap();
    assert!(Arc::ptr_eq(&first.session, &second.session));
    assert!(Arc::ptr_eq(&first.session, &get().await.unwrap().session));
    assert_eq!(env.opened(), 1);
}

#[tokio::test]
async fn forgotten_session_is_opened_again() {
    let env = Environment::new().await;
    let cloud = env.register("counting").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    env.sessions.get(cloud, &credential).await.unwrap();
    env.sessions.forget(credential.id);
    env.sessions.get(cloud, &credential).await.unwrap();
    assert_eq!(env.opened(), 2);
}

#[tokio::test]
async fn fresh_session_is_not_cached() {
    let env = Environment::new().await;
    let cloud = env.register("counting").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let fresh = env.sessions.open(cloud, &credential).await.unwrap();
    let cached = env.sessions.get(cloud, &credential).await.unwrap();
    assert!(!Arc::ptr_eq(&fresh.session, &cached.session));
    assert_eq!(env.opened(), 2);
}

#[tokio::test]
async fn sessions_of_a_thousand_accounts_are_opened_once() {
    let env = Environment::new().await;
    let cloud = env.register("counting").await;
    let accounts = (0..1_000).map(|number| AccountId::derive(cloud, &number.to_string()));
    let credentials: Vec<_> = accounts.map(|account| env.credential(account)).collect();
    for _ in 0..3 {
        for credential in &credentials {
            env.sessions.get(cloud, credential).await.unwrap();
        }
    }
    assert_eq!(env.opened(), credentials.len());
}

#[tokio::test]
async fn session_is_opened_again_when_the_registration_changes() {
    let env = Environment::new().await;
    let cloud = env.register("counting").await;
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
    let env = Environment::new().await;
    let cloud = env.register("counting").await;
    let (a, b) = (AccountId::derive(cloud, "a"), AccountId::derive(cloud, "b"));
    let first = env.sessions.get(cloud, &env.credential(a)).await.unwrap();
    let second = env.sessions.get(cloud, &env.credential(a)).await.unwrap();
    let other = env.sessions.get(cloud, &env.credential(b)).await.unwrap();
    assert!(Arc::ptr_eq(&first.budget, &second.budget));
    assert!(!Arc::ptr_eq(&first.budget, &other.budget));
}

#[tokio::test]
async fn cloud_of_an_unknown_driver_is_unsupported() {
    let env = Environment::new().await;
    let cloud = env.register("other").await;
    let credential = env.credential(AccountId::derive(cloud, "a"));
    let error = env.sessions.get(cloud, &credential).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Unsupported, "this gateway has no driver `other`")
    );
}

#[tokio::test]
async fn cloud_that_is_registered_later_is_found() {
    let env = Environment::new().await;
    let clouds = CloudCache::new(env.store.clone());
    let unknown = clouds.get(CloudId::generate()).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let cloud = env.register("counting").await;
    assert_eq!(clouds.get(cloud).await.unwrap_err().kind(), ErrorKind::NotFound, "the list was just read");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    assert_eq!(clouds.get(cloud).await.unwrap().spec.id, cloud);
}

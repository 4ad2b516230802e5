//! A store with one registered cloud, a clock that the test moves, and a counter of written rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use gateway_bus::Bus;
use gateway_bus::memory::MemoryBus;
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::clock::ManualClock;
use gateway_core::config::{Database, Poller as PollerConfig};
use gateway_core::driver::{CloudSpec, Driver as _, Drivers, Proof, Unwatched};
use gateway_core::id::{AccountId, CloudId, CredentialId, Holder, PrincipalId, ProcessId, Region};
use gateway_core::secret::Secret;
use gateway_core::{Clock as _, Kind, Timestamp};
use gateway_poller::{Poller, PollerParts};
use gateway_store::{Access, Grant, NewCloud, SealedCredential, Store, TargetState};
use tokio::task::JoinSet;

use crate::fake_cloud::{FakeCloud, INSTANCE, VOLUME};

/// Store, bus, clock and cloud of one test.
pub(crate) struct Environment {
    pub(crate) store: Store,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) clock: ManualClock,
    pub(crate) cloud: FakeCloud,
    pub(crate) config: PollerConfig,
    pub(crate) cloud_id: CloudId,
    pub(crate) principal: PrincipalId,
    keyring: Arc<Keyring>,
    folder: tempfile::TempDir,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Environment {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let store = Store::open(&Database { url, connections: 4 }, Arc::new(clock.clone())).unwrap();
        store.migrate().await.unwrap();
        let principal = PrincipalId::generate();
        let cloud_id = add_cloud(&store, "fake-1").await;
        store.client_create(principal, "test", vec![0; 32]).await.unwrap();
        let environment = Self {
            store,
            bus: MemoryBus::new(Arc::new(clock.clone())),
            cloud: FakeCloud::new(),
            config: PollerConfig::default(),
            cloud_id,
            principal,
            keyring: Arc::new(Keyring::generate(clock.now()).unwrap()),
            clock,
            folder,
        };
        environment.count_writes();
        environment
    }

    /// Registers another cloud.
    pub(crate) async fn another_cloud(&self, name: &str) -> CloudId {
        add_cloud(&self.store, name).await
    }

    /// Moves the clock along with the paused clock of the runtime, until the handle is dropped.
    pub(crate) fn run_clock(&self) -> JoinSet<()> {
        const STEP: Duration = Duration::from_millis(50);
        let (clock, mut running) = (self.clock.clone(), JoinSet::new());
        running.spawn(async move {
            loop {
                tokio::time::sleep(STEP).await;
                clock.advance(STEP);
            }
        });
        running
    }

    /// Grants an account by a credential that may list one kind in the given regions.
    pub(crate) async fn grant(
        &self,
        account: &str,
        key: &str,
        kind: Kind,
        regions: &[&str],
    ) -> SealedCredential {
        self.grant_at(self.cloud_id, account, key, kind, regions).await
    }

    /// Grants an account of a cloud.
    pub(crate) async fn grant_at(
        &self,
        cloud: CloudId,
        account: &str,
        key: &str,
        kind: Kind,
        regions: &[&str],
    ) -> SealedCredential {
        self.cloud.state().accounts.insert(key.to_owned(), account.to_owned());
        let id = AccountId::derive(cloud, account);
        let secret = Credential::AccessKey {
            access_key_id: key.to_owned(),
            secret_access_key: Secret::new("hunter2"),
            session_token: None,
        };
        let place = SealedCredential::associated_data(self.principal, id);
        let plain = secret.to_sealable();
        let sealed =
            seal::seal(&self.keyring, Purpose::Credential, self.clock.now(), &place, plain.as_bytes());
        let credential = SealedCredential {
            id: CredentialId::generate(),
            principal: self.principal,
            account: id,
            sealed: sealed.unwrap(),
        };
        let regions: Vec<_> = regions.iter().map(Region::new).collect();
        let mut access = Access::default();
        for (region, listed) in regions.iter().flat_map(|region| [(region, INSTANCE), (region, VOLUME)]) {
            access.set(region, listed, listed == kind);
        }
        let proof = Proof { external_id: account.to_owned(), name: account.to_owned(), regions };
        let grant = Grant {
            principal: self.principal,
            cloud,
            proof,
            access,
            credential: credential.clone(),
            verify_after: Duration::from_secs(self.config.verify_seconds),
        };
        self.store.grant_record(grant, self.cloud.capability()).await.unwrap();
        credential
    }

    pub(crate) fn poller(&self) -> Poller {
        let keyring = Arc::clone(&self.keyring);
        Poller::new(PollerParts {
            store: self.store.clone(),
            bus: Arc::clone(&self.bus) as Arc<dyn Bus>,
            drivers: Drivers::default().with(self.cloud.clone()),
            keyring: Arc::new(move || Arc::clone(&keyring)),
            clock: Arc::new(self.clock.clone()),
            skew: Arc::new(Unwatched),
            breakers: Arc::default(),
            tokens: Arc::default(),
            config: self.config.clone(),
            process: ProcessId::generate(),
        })
    }

    /// Moves the clock past every interval, polls once, and returns the target.
    pub(crate) async fn poll(&self, poller: &Poller) -> TargetState {
        self.clock.advance(Duration::from_secs(70));
        assert_eq!(poller.poll_due().await.unwrap(), 1);
        self.target().await
    }

    pub(crate) async fn targets(&self) -> Vec<TargetState> {
        let visibility = self.store.visibility(self.principal).await.unwrap();
        let accounts = visibility.accounts().iter().map(|one| (one.cloud, Holder::Account(one.id)));
        let published = visibility.clouds().map(|(cloud, _)| (cloud, Holder::Global));
        let mut targets = self.store.target_states_of(accounts.chain(published).collect()).await.unwrap();
        targets.retain(|one| visibility.shows(one.cloud, one.holder, &one.region, one.kind));
        targets.sort_unstable_by_key(|target| target.id);
        targets
    }

    pub(crate) async fn target(&self) -> TargetState {
        let mut targets = self.targets().await;
        assert_eq!(targets.len(), 1);
        targets.remove(0)
    }

    /// Returns the versions of all records by native key.
    pub(crate) fn records(&self) -> BTreeMap<String, i64> {
        self.query("SELECT native_key AS name, version AS count FROM resources")
    }

    /// Returns the rows written since the last [`Self::reset_written`], by table.
    pub(crate) fn written(&self) -> BTreeMap<String, i64> {
        self.query("SELECT name, COUNT(*) AS count FROM written GROUP BY name")
    }

    pub(crate) fn reset_written(&self) {
        self.connect().batch_execute("DELETE FROM written").unwrap();
    }

    pub(crate) fn query(&self, sql: &str) -> BTreeMap<String, i64> {
        let rows = diesel::sql_query(sql).load::<Count>(&mut self.connect()).unwrap();
        rows.into_iter().map(|row| (row.name, row.count)).collect()
    }

    fn count_writes(&self) {
        let mut sql = "CREATE TABLE written (name TEXT NOT NULL);".to_owned();
        let tables = self.query("SELECT name, 0 AS count FROM sqlite_master WHERE type = 'table'");
        for table in tables.keys().filter(|name| !name.starts_with("sqlite_")) {
            for change in ["INSERT", "UPDATE", "DELETE"] {
                sql += &format!(
                    "CREATE TRIGGER written_{table}_{change} AFTER {change} ON {table}
                     BEGIN INSERT INTO written VALUES ('{table}'); END;"
                );
            }
        }
        self.connect().batch_execute(&sql).unwrap();
    }

    fn connect(&self) -> SqliteConnection {
        let file = self.folder.path().join("gateway.db");
        let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        connection
    }
}

async fn add_cloud(store: &Store, name: &str) -> CloudId {
    let id = CloudId::generate();
    let spec = CloudSpec {
        id,
        name: name.to_owned(),
        endpoint: "https://cloud.example".to_owned(),
        regions: vec![],
        allowed_hosts: vec![],
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 10_000.0,
        timeout: Duration::from_secs(5),
        options: serde_json::Map::new(),
    };
    store.cloud_add(NewCloud { driver: "fake".to_owned(), spec }).await.unwrap();
    id
}

/// Waits for a condition; fails after ten seconds.
pub(crate) async fn until(condition: &str, mut is_met: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_met().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap_or_else(|_| panic!("not within ten seconds: {condition}"));
}

//! A store with registered clouds and sealed credentials, and sessions on it.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::clock::{Clock as _, ManualClock, Timestamp};
use gateway_core::config::Database;
use gateway_core::driver::{CloudSpec, Drivers, Unwatched};
use gateway_core::id::{AccountId, CloudId, CredentialId, PrincipalId};
use gateway_core::secret::Secret;
use gateway_sessions::{Pace, Sessions, TokenCache};
use gateway_store::{NewCloud, SealedCredential, Store};

/// A store, and the sessions of one part of a process on it.
pub(crate) struct Environment {
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) tokens: Arc<TokenCache>,
    pub(crate) clock: ManualClock,
    drivers: Drivers,
    keyring: Arc<Keyring>,
    folder: tempfile::TempDir,
}

impl Environment {
    pub(crate) async fn new(drivers: Drivers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let store = Store::open(&Database { url, connections: 2 }, Arc::new(clock.clone())).unwrap();
        store.migrate().await.unwrap();
        let keyring = Arc::new(Keyring::generate(clock.now()).unwrap());
        let tokens = Arc::<TokenCache>::default();
        let sessions = sessions(&store, &drivers, &keyring, &clock, &tokens);
        Self { store, sessions, tokens, clock, drivers, keyring, folder }
    }

    /// Returns the sessions of another part of the same process.
    pub(crate) fn sessions_of_another_part(&self) -> Sessions {
        sessions(&self.store, &self.drivers, &self.keyring, &self.clock, &self.tokens)
    }

    pub(crate) async fn register(&self, driver: &str, endpoint: &str) -> CloudId {
        let id = CloudId::generate();
        let spec = CloudSpec {
            id,
            name: format!("cloud-{driver}"),
            endpoint: endpoint.to_owned(),
            regions: vec![],
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 10.0,
            timeout: Duration::from_secs(30),
            options: serde_json::Map::new(),
        };
        self.store.cloud_add(NewCloud { driver: driver.to_owned(), spec }).await.unwrap();
        id
    }

    /// Returns a sealed access key.
    pub(crate) fn credential(&self, account: AccountId) -> SealedCredential {
        let credential = Credential::AccessKey {
            access_key_id: "k".to_owned(),
            secret_access_key: Secret::new("hunter2"),
            session_token: None,
        };
        self.seal(account, &credential)
    }

    pub(crate) fn seal(&self, account: AccountId, credential: &Credential) -> SealedCredential {
        let principal = PrincipalId::generate();
        let (place, plain) =
            (SealedCredential::associated_data(principal, account), credential.to_sealable());
        let sealed =
            seal::seal(&self.keyring, Purpose::Credential, self.clock.now(), &place, plain.as_bytes());
        SealedCredential { id: CredentialId::generate(), principal, account, sealed: sealed.unwrap() }
    }

    /// Executes SQL beside the store.
    pub(crate) fn execute(&self, sql: &str) {
        let file = self.folder.path().join("gateway.db");
        let mut connection = SqliteConnection::establish(&file.display().to_string()).unwrap();
        connection.batch_execute(sql).unwrap();
    }
}

fn sessions(
    store: &Store,
    drivers: &Drivers,
    keyring: &Arc<Keyring>,
    clock: &ManualClock,
    tokens: &Arc<TokenCache>,
) -> Sessions {
    let keyring = Arc::clone(keyring);
    Sessions::new(
        store.clone(),
        drivers.clone(),
        Arc::new(move || Arc::clone(&keyring)),
        Arc::new(clock.clone()),
        Arc::new(Unwatched),
        Pace::POLLING,
        Arc::clone(tokens),
    )
}

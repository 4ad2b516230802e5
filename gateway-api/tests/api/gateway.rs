//! A gateway without sockets: SQLite, the in-process bus, a cloud in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use gateway_api::app::{App, AppParts};
use gateway_api::client_secret::ClientSecret;
use gateway_api::http::{ANSWER_STATUS, router};
use gateway_api::keyring::KeyringHandle;
use gateway_bus::Bus;
use gateway_bus::memory::MemoryBus;
use gateway_core::Kind;
use gateway_core::access::keyring::Keyring;
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock, SystemClock};
use gateway_core::config::{Config, Database};
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Drivers, SessionContext};
use gateway_core::id::{CloudId, Holder, PrincipalId, ProcessId, TokenId};
use gateway_store::{NewCloud, Observation, PollOutcome, Sighting, Store, TargetStatus, WriteGuard};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::fake_cloud::FakeCloud;

/// A gateway process with a database of its own and one cloud, `c1`.
pub(crate) struct TestGateway {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) keyring: KeyringHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) api: Arc<App>,
    router: Router,
    /// Holds the database file; removed with the last process that uses it.
    folder: Arc<tempfile::TempDir>,
}

/// A registered client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: PrincipalId,
    pub(crate) secret: String,
}

impl Client {
    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("{}:{}", self.id, self.secret)))
    }
}

/// A response with its body parsed as JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn problem(&self) -> &str {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status.as_u16());
        for member in ["title", "detail", "instance"] {
            assert!(self.body[member].is_string(), "{member}: {self:?}");
        }
        self.body["type"].as_str().unwrap().strip_prefix("/problems/").unwrap()
    }
}

impl TestGateway {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.db");
        let mut config = Config {
            database: Database { url: format!("sqlite:{}", file.display()), connections: 4 },
            ..Config::default()
        };
        config.front.listen = "127.0.0.1:0".to_owned();
        change(&mut config);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::open(&config.database, Arc::clone(&clock)).unwrap();
        store.migrate().await.unwrap();
        let bus: Arc<dyn Bus> = MemoryBus::new(Arc::clone(&clock));
        let keyring = KeyringHandle::fixed(Keyring::generate(clock.now()).unwrap());
        let gateway = Self::assemble(config, store, bus, keyring, clock, Arc::new(folder));
        gateway.cloud("c1").await;
        gateway
    }

    /// Returns another process on the same store, which receives no nudges from the first.
    pub(crate) fn second_process(&self) -> Self {
        let bus: Arc<dyn Bus> = MemoryBus::new(Arc::clone(&self.clock));
        let (store, keyring) = (self.store.clone(), self.keyring.clone());
        Self::assemble(
            self.config.clone(),
            store,
            bus,
            keyring,
            Arc::clone(&self.clock),
            Arc::clone(&self.folder),
        )
    }

    fn assemble(
        config: Config,
        store: Store,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        clock: Arc<dyn Clock>,
        folder: Arc<tempfile::TempDir>,
    ) -> Self {
        let api = App::new(AppParts::new(
            &config,
            store.clone(),
            Arc::clone(&bus),
            keyring.clone(),
            Drivers::default().with(FakeCloud),
            SessionContext::unpaced(Arc::clone(&clock)),
            ANSWER_STATUS,
        ));
        let router = router(Arc::clone(&api));
        Self { config, store, bus, keyring, clock, api, router, folder }
    }

    pub(crate) async fn cloud(&self, name: &str) -> CloudId {
        self.cloud_with_timeout(name, Duration::from_secs(5)).await
    }

    pub(crate) async fn cloud_with_timeout(&self, name: &str, timeout: Duration) -> CloudId {
        let spec = CloudSpec {
            id: CloudId::generate(),
            name: name.to_owned(),
            endpoint: "http://127.0.0.1:1".to_owned(),
            regions: Vec::new(),
            allowed_hosts: Vec::new(),
            allow_plaintext: true,
            require_date: false,
            calls_per_second: 10.0,
            timeout,
            options: serde_json::Map::new(),
        };
        let id = spec.id;
        self.store.cloud_add(NewCloud { driver: "fake".to_owned(), spec }).await.unwrap();
        id
    }

    pub(crate) async fn client(&self, name: &str) -> Client {
        let (id, secret) = (PrincipalId::generate(), ClientSecret::generate().unwrap());
        self.store.client_create(id, name, secret.hash()).await.unwrap();
        Client { id, secret: secret.expose().to_owned() }
    }

    /// Registers a client, proves accounts at `c1` for it, and returns it with its token.
    pub(crate) async fn proven(&self, name: &str, accounts: &[&str]) -> (Client, String) {
        let client = self.client(name).await;
        let sent: Vec<_> = accounts.iter().map(|account| ("c1", *account, "right")).collect();
        let answer = self.check(&client, &sent).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        (client, answer.body["token"].as_str().unwrap().to_owned())
    }

    /// Sends access keys, each as cloud, account and secret, to `/v1/check_credentials`.
    pub(crate) async fn check(&self, client: &Client, sent: &[(&str, &str, &str)]) -> Answer {
        let credentials = sent.iter().map(|(cloud, account, secret)| {
            let credential =
                json!({ "method": "access_key", "access_key_id": account, "secret_access_key": secret });
            json!({ "cloud": cloud, "credential": credential })
        });
        let body = json!({ "credentials": credentials.collect::<Vec<_>>() }).to_string();
        self.send("POST", "/v1/check_credentials", Some(&client.basic()), body).await
    }

    pub(crate) async fn get(&self, target: &str, token: &str) -> Answer {
        self.send("GET", target, Some(&format!("Bearer {token}")), String::new()).await
    }

    /// Sends a `GET` with additional headers.
    pub(crate) async fn get_with(&self, target: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
        self.exchange("GET", target, Some(&format!("Bearer {token}")), headers, String::new()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        authorization: Option<&str>,
        body: String,
    ) -> Answer {
        self.exchange(method, target, authorization, &[], body).await
    }

    pub(crate) async fn exchange(
        &self,
        method: &str,
        target: &str,
        authorization: Option<&str>,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        // NDJSON is not one JSON value: the test gets it as text.
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        };
        Answer { status, headers, body }
    }

    /// Issues a token for `sub` that is valid from `from` to `to`, in seconds from now.
    pub(crate) fn token(&self, sub: PrincipalId, from: i64, to: i64) -> String {
        let now = self.clock.now();
        let at = |seconds: i64| now.seconds() + seconds;
        let claims = Claims { sub, iat: at(from), exp: at(to), jti: TokenId::generate() };
        token::issue(&self.keyring.get(), &claims, now).unwrap().expose().to_owned()
    }

    /// Applies a complete listing of every due target; `listing` returns the records by region, holder and kind.
    pub(crate) async fn poll(&self, listing: impl Fn(&str, Holder, Kind) -> Vec<Observed>) {
        let lease = Duration::from_secs(30);
        for claim in self.store.targets_claim(ProcessId::generate(), lease, 1000).await.unwrap() {
            let as_of = self.store.now().await.unwrap();
            let scope = &claim.target.scope;
            let sightings = listing(scope.region.as_str(), scope.holder, claim.target.kind);
            let sightings = sightings.into_iter().map(|seen| Sighting::Present(Box::new(seen))).collect();
            let observation = Observation::of(&claim.target, as_of, sightings);
            self.store.apply(WriteGuard::Lease(claim.fence), observation).await.unwrap();
            let outcome = PollOutcome {
                status: TargetStatus::Fresh,
                reason: None,
                listed: Some((as_of, claim.credential.id)),
                failures: 0,
                agreeing: 0,
                next: Duration::from_secs(60),
            };
            self.store.target_finish(claim.fence, outcome).await.unwrap();
        }
        self.number().await;
    }

    /// Holds the database's only write lock until the connection is dropped.
    pub(crate) fn write_lock(&self) -> SqliteConnection {
        let mut connection = self.connection();
        connection.batch_execute("BEGIN IMMEDIATE").unwrap();
        connection
    }

    /// Executes SQL beside the gateway, waiting for the write lock.
    pub(crate) fn execute(&self, sql: &str) {
        let mut connection = self.connection();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        connection.batch_execute(sql).unwrap();
    }

    /// Returns the column `number` of the only row of a query.
    pub(crate) fn number_of(&self, sql: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            number: i64,
        }
        let mut connection = self.connection();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        diesel::RunQueryDsl::get_result::<Row>(diesel::sql_query(sql), &mut connection).unwrap().number
    }

    fn connection(&self) -> SqliteConnection {
        SqliteConnection::establish(self.config.database.url.strip_prefix("sqlite:").unwrap()).unwrap()
    }

    /// Assigns positions to the events of the outbox, as the relay does.
    pub(crate) async fn number(&self) {
        let owner = ProcessId::generate();
        let leader = self.store.relay_lead(owner, Duration::from_secs(30)).await.unwrap().unwrap();
        self.store.relay_number(leader.epoch, 10_000).await.unwrap();
        self.store.relay_resign(leader.epoch).await.unwrap();
    }
}

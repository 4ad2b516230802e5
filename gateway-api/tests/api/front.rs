//! The front with a real socket: envelopes and replies, refusals without the bus, limits, and shutdown.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gateway_api::front::Front;
use gateway_api::handler::HandlerService;
use gateway_bus::{Body, Delivery, Envelope, Reply, RequestService, ServeOptions};
use gateway_core::id::PrincipalId;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::gateway::TestGateway;
use super::raw_http::{Response, read, send};

/// A request service that records requests and replies, and replies only with a permit.
pub(crate) struct RecordingService {
    pub(crate) exchanges: Mutex<Vec<(Envelope, Reply)>>,
    /// The body of the fixed reply.
    pub(crate) answer: Mutex<String>,
    /// The parts that follow the first one of an answer; each is a request of its own.
    pub(crate) more_parts: AtomicUsize,
    pub(crate) arrived: Semaphore,
    pub(crate) permits: Semaphore,
    inner: Option<HandlerService>,
}

#[async_trait]
impl RequestService for RecordingService {
    async fn call(&self, envelope: Envelope, delivery: Delivery) -> Reply {
        self.arrived.add_permits(1);
        self.permits.acquire().await.unwrap().forget();
        let reply = match &self.inner {
            Some(handler) => handler.call(envelope.clone(), delivery).await,
            None => {
                let mut headers =
                    vec![("x-b".to_owned(), "1".to_owned()), ("x-b".to_owned(), "2".to_owned())];
                headers.extend(self.next_part(&envelope.target));
                Reply::new(envelope.message_id, 200, headers, Body::Utf8(self.answer.lock().unwrap().clone()))
            }
        };
        self.exchanges.lock().unwrap().push((envelope, reply.clone()));
        reply
    }
}

impl RecordingService {
    /// Returns the header that names the part after that of a target.
    fn next_part(&self, target: &str) -> Option<(String, String)> {
        let part = target.split_once("cursor=").map_or(0, |(_, number)| number.parse().unwrap());
        let has_more = part < self.more_parts.load(Relaxed);
        has_more.then(|| ("gateway-continue".to_owned(), format!("/v1/sync?cursor={}", part + 1)))
    }
}

/// A running front and the service behind it.
pub(crate) struct RunningFront {
    pub(crate) gateway: TestGateway,
    pub(crate) address: SocketAddr,
    pub(crate) service: Arc<RecordingService>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    token: String,
}

/// Enough permits for all requests of a test.
pub(crate) const UNLIMITED: usize = 1000;

/// Starts a front. The service answers by a handler if `is_real`, else with a fixed reply.
pub(crate) async fn start(gateway: TestGateway, is_real: bool, permits: usize) -> RunningFront {
    let inner = is_real.then(|| HandlerService::new(Arc::clone(&gateway.api), false).unwrap());
    let service = Arc::new(RecordingService {
        exchanges: Mutex::default(),
        answer: Mutex::new("hello".to_owned()),
        more_parts: AtomicUsize::new(0),
        arrived: Semaphore::new(0),
        permits: Semaphore::new(permits),
        inner,
    });
    let served = (Arc::clone(&gateway.bus), Arc::clone(&service));
    tokio::spawn(async move {
        let options = ServeOptions { prefetch: 64, concurrency: 64 };
        served.0.serve(served.1, options, CancellationToken::new()).await.unwrap();
    });
    let (address, stop, task) = front(&gateway).await;
    let token = gateway.token(PrincipalId::generate(), 0, 600);
    let running = RunningFront { gateway, address, service, stop, task, token };
    // The bus accepts requests as soon as the service runs.
    running.wait_until_served().await;
    running
}

/// Starts a front alone.
pub(crate) async fn front(gateway: &TestGateway) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
    let (bus, keyring, clock) =
        (Arc::clone(&gateway.bus), gateway.keyring.clone(), Arc::clone(&gateway.clock));
    let front = Front::bind(&gateway.config.front, bus, keyring, clock).await.unwrap();
    let (address, stop) = (front.address(), CancellationToken::new());
    let running = front.run(stop.clone());
    (address, stop, tokio::spawn(async move { running.await.unwrap() }))
}

impl RunningFront {
    async fn wait_until_served(&self) {
        // Yields to the serving task until its queues have a server.
        loop {
            let probe = Envelope::get("/", self.gateway.clock.now(), Duration::ZERO);
            match self.gateway.bus.request(gateway_bus::WorkClass::Read, probe).await {
                Err(gateway_bus::RequestError::Timeout) => break,
                _ => tokio::task::yield_now().await,
            }
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    async fn get(&self, target: &str) -> Response {
        self.get_as(target, &self.token).await
    }

    pub(crate) async fn get_as(&self, target: &str, token: &str) -> Response {
        self.send_as(&format!("GET {target} HTTP/1.1"), token).await
    }

    /// Returns the head of a `GET` of a new principal.
    pub(crate) fn get_of_another(&self, target: &str) -> String {
        let token = self.gateway.token(PrincipalId::generate(), 0, 600);
        format!("GET {target} HTTP/1.1\r\nauthorization: Bearer {token}")
    }

    /// Sends a request in a task of its own, and waits until it has reached the service.
    pub(crate) async fn send_in_background(&self, head: &str, body: &str) -> JoinHandle<Response> {
        let (address, head, body) = (self.address, head.to_owned(), body.to_owned());
        let sent = tokio::spawn(async move { send(address, &head, &body).await });
        self.service.arrived.acquire().await.unwrap().forget();
        sent
    }

    pub(crate) async fn send_as(&self, head: &str, token: &str) -> Response {
        send(self.address, &format!("{head}\r\nauthorization: Bearer {token}"), "").await
    }
}

#[tokio::test]
async fn request_and_reply_are_forwarded_completely() {
    let running = start(TestGateway::open().await, false, UNLIMITED).await;
    let head = format!(
        "GET /v1/volumes?state=a%20b&x=%C3%A4 HTTP/1.1\r\nauthorization: Bearer {}\r\nX-Twice: 1\r\nX-Twice: 2",
        running.token
    );
    let response = send(running.address, &head, "a body").await;
    assert_eq!((response.status, response.body.as_str()), (200, "hello"));
    assert_eq!(response.header("x-b"), Some("1"));
    let exchanges = running.service.exchanges.lock().unwrap();
    let (envelope, _) = &exchanges[0];
    assert_eq!(response.header("x-request-id"), Some(envelope.message_id.to_string().as_str()));
    assert_eq!(
        (envelope.method.as_str(), envelope.target.as_str()),
        ("GET", "/v1/volumes?state=a%20b&x=%C3%A4")
    );
    assert_eq!((envelope.scheme.as_str(), envelope.authority.as_str()), ("http", "gateway.test"));
    assert_eq!(envelope.listener, running.address.to_string());
    assert!(envelope.peer.starts_with("127.0.0.1:"));
    assert_eq!(envelope.body, Body::Utf8("a body".to_owned()));
    let twice: Vec<_> = envelope.headers.iter().filter(|(name, _)| name == "x-twice").collect();
    assert_eq!(twice.len(), 2);
    assert_eq!(envelope.header("connection"), None);
    assert!(envelope.header("authorization").unwrap().starts_with("sealed:"));
    let time = envelope.deadline.since(envelope.received_at);
    assert_eq!(time, Duration::from_secs(running.gateway.config.front.request_timeout_seconds));
}

#[tokio::test]
async fn secrets_are_sealed_on_the_bus() {
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let client = running.gateway.client("a").await;
    let body = r#"{"credentials":[{"cloud":"c1","credential":{"method":"access_key","access_key_id":"p1","secret_access_key":"hunter2"}}]}"#;
    let head = format!("POST /v1/check_credentials HTTP/1.1\r\nauthorization: {}", client.basic());
    let response = send(running.address, &head, body).await;
    assert_eq!(response.status, 201, "{response:?}");
    let answer: serde_json::Value = serde_json::from_str(&response.body).unwrap();
    let token = answer["token"].as_str().unwrap();
    let list =
        send(running.address, &format!("GET /v1/accounts HTTP/1.1\r\nauthorization: Bearer {token}"), "")
            .await;
    assert_eq!(list.status, 200, "{list:?}");
    let exchanges = running.service.exchanges.lock().unwrap();
    let text: String = exchanges
        .iter()
        .map(|(envelope, reply)| {
            serde_json::to_string(envelope).unwrap() + &serde_json::to_string(reply).unwrap()
        })
        .collect();
    assert_eq!(exchanges.len(), 2);
    let basic = client.basic();
    for secret in ["hunter2", token, client.secret.as_str(), basic.split(' ').nth(1).unwrap()] {
        assert!(!text.contains(secret));
    }
}

#[tokio::test]
async fn invalid_request_is_refused_without_the_bus() {
    let gateway = TestGateway::with(|config| config.front.max_body_bytes = 1000).await;
    let expired = gateway.token(PrincipalId::generate(), -100, -1);
    let running = start(gateway, false, UNLIMITED).await;
    let good = format!("authorization: Bearer {}", running.token);
    let large = "x".repeat(1001);
    for (head, body, status, problem) in [
        ("GET /v1/volumes HTTP/1.1".to_owned(), "", 401, "token-missing"),
        ("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer x".to_owned(), "", 401, "token-malformed"),
        (format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {expired}"), "", 401, "token-expired"),
        (format!("GET /v1/volumes HTTP/1.1\r\n{good}\r\n{good}"), "", 401, "token-missing"),
        (format!("POST /v1/check_credentials HTTP/1.1\r\n{good}"), "", 401, "client-missing"),
        (format!("GET /v1/nothing HTTP/1.1\r\n{good}"), "", 404, "no-such-path"),
        (format!("PUT /v1/volumes HTTP/1.1\r\n{good}"), "", 405, "method-not-allowed"),
        (format!("GET /v1/volumes HTTP/1.1\r\n{good}"), large.as_str(), 413, "body-too-large"),
        ("POST /live HTTP/1.1".to_owned(), "", 405, "method-not-allowed"),
    ] {
        let response = send(running.address, &head, body).await;
        assert_eq!((response.status, response.problem().as_str()), (status, problem), "{head}");
        assert_eq!(response.header("www-authenticate").is_some(), status == 401, "{head}");
        assert_eq!(response.header("allow").is_some(), status == 405, "{head}");
    }
    assert!(running.service.exchanges.lock().unwrap().is_empty());
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let running = start(TestGateway::open().await, false, UNLIMITED).await;
    let head = format!("HEAD /v1/volumes HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let response = send(running.address, &head, "").await;
    assert_eq!((response.status, response.body.as_str()), (200, ""));
    assert_eq!(response.header("content-length"), Some("5"));
    assert_eq!(running.service.exchanges.lock().unwrap()[0].0.method, "GET");
}

#[tokio::test]
async fn requests_with_max_age_hold_at_most_half_of_the_slots() {
    let gateway = TestGateway::with(|config| config.front.max_in_flight = 8).await;
    let (_, first) = gateway.proven("a", &["p1"]).await;
    let (_, second) = gateway.proven("b", &["p1"]).await;
    let running = start(gateway, true, UNLIMITED).await;
    // Without a poller they wait until their deadline.
    let mut waiting = JoinSet::new();
    let mut wait = |token: &str, count: usize| {
        for _ in 0..count {
            let address = running.address;
            let head = format!("GET /v1/volumes?max_age=0s HTTP/1.1\r\nauthorization: Bearer {token}");
            waiting.spawn(async move { send(address, &head, "").await });
        }
    };
    wait(&first, 6);
    running.service.arrived.acquire_many(2).await.unwrap().forget();
    wait(&second, 6);
    running.service.arrived.acquire().await.unwrap().forget();
    // Half of the slots are for them, and half of those for one principal; the others are refused at once.
    for _ in 0..9 {
        let refused = waiting.join_next().await.unwrap().unwrap();
        assert_eq!((refused.status, refused.problem().as_str()), (503, "overloaded"));
    }
    for token in [first, second] {
        assert_eq!(running.get_as("/v1/volumes", &token).await.status, 200);
    }
    assert!(waiting.try_join_next().is_none(), "three still wait");
}

#[tokio::test]
async fn front_serves_its_own_paths_without_a_handler() {
    let gateway = TestGateway::open().await;
    let (address, ..) = front(&gateway).await;
    let token = gateway.token(PrincipalId::generate(), 0, 600);
    assert_eq!(send(address, "GET /live HTTP/1.1", "").await.status, 200);
    let unready = send(address, "GET /ready HTTP/1.1", "").await;
    assert_eq!((unready.status, unready.problem().as_str()), (503, "not-ready"));
    assert!(unready.body.contains("no handler answers"), "{unready:?}");
    let document = send(address, "GET /v1/openapi.json HTTP/1.1", "").await;
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let head = format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {token}");
    let unserved = send(address, &head, "").await;
    assert_eq!((unserved.status, unserved.problem().as_str()), (503, "no-handler"));
    assert!(unserved.header("retry-after").is_some());
    gateway.bus.close().await;
    let unready = send(address, "GET /ready HTTP/1.1", "").await;
    assert_eq!((unready.status, unready.problem().as_str()), (503, "not-ready"));
    assert_eq!(send(address, &head, "").await.problem(), "no-broker");
    assert_eq!(send(address, "GET /live HTTP/1.1", "").await.status, 200);
}

#[tokio::test]
async fn timeout_is_504_and_outcome_of_a_write_is_unknown() {
    let gateway = TestGateway::with(|config| config.front.request_timeout_seconds = 1).await;
    let running = start(gateway, false, 0).await;
    let late = running.get("/v1/volumes").await;
    assert_eq!((late.status, late.problem().as_str()), (504, "timeout"));
    let head = format!("DELETE /v1/token HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let write = send(running.address, &head, "").await;
    assert_eq!(write.status, 504);
    assert!(write.body.contains("not known"), "{write:?}");
    running.service.permits.add_permits(UNLIMITED);
}

#[tokio::test]
async fn request_over_the_limit_is_refused_with_retry_after() {
    let gateway = TestGateway::with(|config| config.front.max_in_flight = 1).await;
    let running = start(gateway, false, 0).await;
    let head = format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let first = tokio::spawn({
        let (address, head) = (running.address, head.clone());
        async move { send(address, &head, "").await }
    });
    running.service.arrived.acquire().await.unwrap().forget();
    let second = send(running.address, &head, "").await;
    assert_eq!((second.status, second.problem().as_str()), (503, "overloaded"));
    assert!(second.header("retry-after").is_some());
    assert_eq!(send(running.address, "GET /live HTTP/1.1", "").await.status, 200);
    running.service.permits.add_permits(UNLIMITED);
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(send(running.address, &head, "").await.status, 200);
}

#[tokio::test]
async fn shutdown_finishes_requests_and_accepts_no_connections() {
    let running = start(TestGateway::open().await, false, 0).await;
    // An idle connection does not delay the shutdown.
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    idle.readable().await.unwrap();
    let head = format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let address = running.address;
    let pending = tokio::spawn(async move { send(address, &head, "").await });
    running.service.arrived.acquire().await.unwrap().forget();
    running.stop.cancel();
    assert!(read(idle).await.status == 200, "the idle connection is closed");
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!running.task.is_finished());
    running.service.permits.add_permits(1);
    assert_eq!(pending.await.unwrap().status, 200);
    running.task.await.unwrap();
}

#[tokio::test]
async fn many_callers_of_ready_cause_one_request() {
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        callers.spawn(send(running.address, "GET /ready HTTP/1.1", ""));
    }
    let begun = Instant::now();
    assert!(callers.join_all().await.iter().all(|ready| ready.status == 200));
    let requests = running.service.exchanges.lock().unwrap().len();
    // One a second, if the machine is that slow.
    assert!(requests as u64 <= 1 + begun.elapsed().as_secs(), "{requests}");
}

#[tokio::test]
async fn front_is_not_ready_while_no_handler_answers() {
    let running = start(TestGateway::open().await, true, 0).await;
    for _ in 0..2 {
        let begun = Instant::now();
        let unready = send(running.address, "GET /ready HTTP/1.1", "").await;
        assert_eq!((unready.status, unready.problem().as_str()), (503, "not-ready"));
        assert!(unready.body.contains("no handler answers"), "{unready:?}");
        assert_eq!(unready.header("retry-after"), Some("2"));
        assert!(begun.elapsed() < Duration::from_secs(10), "no caller waits as long as a request");
    }
    assert_eq!(send(running.address, "GET /live HTTP/1.1", "").await.status, 200);
    running.service.permits.add_permits(UNLIMITED);
    wait_for_ready(running.address, 200).await;
}

#[tokio::test]
async fn front_is_not_ready_while_the_database_does_not_answer() {
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    wait_for_ready(running.address, 200).await;
    let file = running.gateway.config.database.url.strip_prefix("sqlite:").unwrap().to_owned();
    let away = format!("{file}.away");
    // Writes that wait for a lock hold all connections, and a folder is in the place of the file, so that no new
    // connection can be made.
    let lock = running.gateway.write_lock();
    let mut writes = JoinSet::new();
    for n in 0..running.gateway.config.database.connections {
        let store = running.gateway.store.clone();
        let name = format!("waiting-{n}");
        writes.spawn(async move { store.client_create(PrincipalId::generate(), &name, vec![0; 32]).await });
    }
    std::fs::rename(&file, &away).unwrap();
    std::fs::create_dir(&file).unwrap();
    let unready = wait_for_ready(running.address, 503).await;
    assert_eq!(unready.problem(), "not-ready");
    assert!(unready.body.contains("the database does not answer"), "{unready:?}");
    assert_eq!(unready.header("retry-after"), Some("2"));
    drop(lock);
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&away, &file).unwrap();
    writes.join_all().await;
    wait_for_ready(running.address, 200).await;
}

/// Asks until the front answers with this status.
async fn wait_for_ready(address: SocketAddr, status: u16) -> Response {
    let asking = async {
        loop {
            let ready = send(address, "GET /ready HTTP/1.1", "").await;
            if ready.status == status {
                return ready;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking).await.unwrap()
}

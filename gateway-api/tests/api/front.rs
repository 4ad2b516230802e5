//! The front over a real socket: what travels, what is refused without the bus, and how it stops.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
use super::raw_http::{read, send};

/// Sees what travels, and answers after it is let.
pub(crate) struct Tap {
    seen: Mutex<Vec<(Envelope, Reply)>>,
    pub(crate) arrived: Semaphore,
    pub(crate) go_on: Semaphore,
    inner: Option<HandlerService>,
}

#[async_trait]
impl RequestService for Tap {
    async fn call(&self, envelope: Envelope, delivery: Delivery) -> Reply {
        self.arrived.add_permits(1);
        self.go_on.acquire().await.unwrap().forget();
        let reply = match &self.inner {
            Some(handler) => handler.call(envelope.clone(), delivery).await,
            None => {
                let headers = vec![("x-b".to_owned(), "1".to_owned()), ("x-b".to_owned(), "2".to_owned())];
                Reply::new(envelope.message_id, 200, headers, Body::Utf8("hello".to_owned()))
            }
        };
        self.seen.lock().unwrap().push((envelope, reply.clone()));
        reply
    }
}

pub(crate) struct Running {
    pub(crate) gateway: TestGateway,
    address: SocketAddr,
    pub(crate) tap: Arc<Tap>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    token: String,
}

pub(crate) const FREELY: usize = 1000;

pub(crate) async fn start(gateway: TestGateway, real: bool, go_on: usize) -> Running {
    let inner = real.then(|| HandlerService::new(Arc::clone(&gateway.api), false).unwrap());
    let tap = Arc::new(Tap {
        seen: Mutex::default(),
        arrived: Semaphore::new(0),
        go_on: Semaphore::new(go_on),
        inner,
    });
    let served = (Arc::clone(&gateway.bus), Arc::clone(&tap));
    tokio::spawn(async move {
        let options = ServeOptions { prefetch: 8, concurrency: 8 };
        served.0.serve(served.1, options, CancellationToken::new()).await.unwrap();
    });
    let (address, stop, task) = front(&gateway).await;
    let token = gateway.token(PrincipalId::generate(), 0, 600);
    let running = Running { gateway, address, tap, stop, task, token };
    // The bus takes requests once its handler serves.
    running.until_served().await;
    running
}

async fn front(gateway: &TestGateway) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
    let (bus, keyring, clock) =
        (Arc::clone(&gateway.bus), gateway.keyring.clone(), Arc::clone(&gateway.clock));
    let front = Front::bind(&gateway.config.front, bus, keyring, clock).await.unwrap();
    let (address, stop) = (front.address(), CancellationToken::new());
    let running = front.run(stop.clone());
    (address, stop, tokio::spawn(async move { running.await.unwrap() }))
}

impl Running {
    async fn until_served(&self) {
        // Yields to the serving task until its queues have a server.
        loop {
            let probe = Envelope { deadline: self.gateway.clock.now(), ..empty(&self.gateway) };
            match self.gateway.bus.request(gateway_bus::WorkClass::Read, probe).await {
                Err(gateway_bus::RequestError::Timeout) => break,
                _ => tokio::task::yield_now().await,
            }
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    async fn get(&self, target: &str) -> super::raw_http::Response {
        self.get_as(target, &self.token).await
    }

    pub(crate) async fn get_as(&self, target: &str, token: &str) -> super::raw_http::Response {
        self.send_as(&format!("GET {target} HTTP/1.1"), token).await
    }

    pub(crate) async fn send_as(&self, head: &str, token: &str) -> super::raw_http::Response {
        send(self.address, &format!("{head}\r\nauthorization: Bearer {token}"), "").await
    }
}

fn empty(gateway: &TestGateway) -> Envelope {
    let now = gateway.clock.now();
    Envelope {
        v: gateway_bus::envelope::VERSION,
        message_id: uuid::Uuid::now_v7(),
        received_at: now,
        deadline: now,
        method: "GET".to_owned(),
        target: "/".to_owned(),
        scheme: String::new(),
        authority: String::new(),
        listener: String::new(),
        peer: String::new(),
        headers: Vec::new(),
        body: Body::None,
    }
}

#[tokio::test]
async fn the_whole_request_travels_and_the_whole_reply_comes_back() {
    let running = start(TestGateway::open().await, false, FREELY).await;
    let head = format!(
        "GET /v1/volumes?state=a%20b&x=%C3%A4 HTTP/1.1\r\nauthorization: Bearer {}\r\nX-Twice: 1\r\nX-Twice: 2",
        running.token
    );
    let response = send(running.address, &head, "a body").await;
    assert_eq!((response.status, response.body.as_str()), (200, "hello"));
    assert_eq!(response.header("x-b"), Some("1"));
    let seen = running.tap.seen.lock().unwrap();
    let (envelope, _) = &seen[0];
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
    let patience = envelope.deadline.since(envelope.received_at);
    assert_eq!(patience, Duration::from_secs(running.gateway.config.front.request_timeout_seconds));
}

#[tokio::test]
async fn no_secret_is_seen_on_the_bus() {
    let running = start(TestGateway::open().await, true, FREELY).await;
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
    let seen = running.tap.seen.lock().unwrap();
    let text: String = seen
        .iter()
        .map(|(envelope, reply)| {
            serde_json::to_string(envelope).unwrap() + &serde_json::to_string(reply).unwrap()
        })
        .collect();
    assert_eq!(seen.len(), 2);
    let basic = client.basic();
    for secret in ["hunter2", token, client.secret.as_str(), basic.split(' ').nth(1).unwrap()] {
        assert!(!text.contains(secret));
    }
}

#[tokio::test]
async fn what_must_not_pass_is_refused_without_the_bus() {
    let gateway = TestGateway::with(|config| config.front.max_body_bytes = 1000).await;
    let expired = gateway.token(PrincipalId::generate(), -100, -1);
    let running = start(gateway, false, FREELY).await;
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
    assert!(running.tap.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let running = start(TestGateway::open().await, false, FREELY).await;
    let head = format!("HEAD /v1/volumes HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let response = send(running.address, &head, "").await;
    assert_eq!((response.status, response.body.as_str()), (200, ""));
    assert_eq!(response.header("content-length"), Some("5"));
    assert_eq!(running.tap.seen.lock().unwrap()[0].0.method, "GET");
}

#[tokio::test]
async fn those_who_wait_for_listings_leave_room_for_others() {
    let gateway = TestGateway::with(|config| config.front.max_in_flight = 4).await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let running = start(gateway, true, FREELY).await;
    // Nobody lists: they wait as long as they may.
    let mut waiting = JoinSet::new();
    for _ in 0..6 {
        let (address, token) = (running.address, token.clone());
        let head = format!("GET /v1/volumes?max_age=0s HTTP/1.1\r\nauthorization: Bearer {token}");
        waiting.spawn(async move { send(address, &head, "").await });
    }
    // Half of the places are theirs, and the others are told so at once.
    for _ in 0..4 {
        let refused = waiting.join_next().await.unwrap().unwrap();
        assert_eq!((refused.status, refused.problem().as_str()), (503, "overloaded"));
    }
    running.tap.arrived.acquire_many(2).await.unwrap().forget();
    assert_eq!(running.get_as("/v1/volumes", &token).await.status, 200);
    assert!(waiting.try_join_next().is_none(), "they wait still");
}

#[tokio::test]
async fn the_front_answers_for_itself() {
    let gateway = TestGateway::open().await;
    let (address, ..) = front(&gateway).await;
    let token = gateway.token(PrincipalId::generate(), 0, 600);
    assert_eq!(send(address, "GET /live HTTP/1.1", "").await.status, 200);
    assert_eq!(send(address, "GET /ready HTTP/1.1", "").await.status, 200);
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
async fn no_answer_in_time_is_504_and_a_write_says_that_its_outcome_is_unknown() {
    let gateway = TestGateway::with(|config| config.front.request_timeout_seconds = 1).await;
    let running = start(gateway, false, 0).await;
    let late = running.get("/v1/volumes").await;
    assert_eq!((late.status, late.problem().as_str()), (504, "timeout"));
    let head = format!("DELETE /v1/token HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let write = send(running.address, &head, "").await;
    assert_eq!(write.status, 504);
    assert!(write.body.contains("not known"), "{write:?}");
    running.tap.go_on.add_permits(FREELY);
}

#[tokio::test]
async fn more_than_may_be_in_flight_is_told_to_come_back() {
    let gateway = TestGateway::with(|config| config.front.max_in_flight = 1).await;
    let running = start(gateway, false, 0).await;
    let head = format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let first = tokio::spawn({
        let (address, head) = (running.address, head.clone());
        async move { send(address, &head, "").await }
    });
    running.tap.arrived.acquire().await.unwrap().forget();
    let second = send(running.address, &head, "").await;
    assert_eq!((second.status, second.problem().as_str()), (503, "overloaded"));
    assert!(second.header("retry-after").is_some());
    assert_eq!(send(running.address, "GET /live HTTP/1.1", "").await.status, 200);
    running.tap.go_on.add_permits(FREELY);
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(send(running.address, &head, "").await.status, 200);
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_nothing_new_is_taken() {
    let running = start(TestGateway::open().await, false, 0).await;
    // A connection that is kept alive must not keep the front.
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    idle.readable().await.unwrap();
    let head = format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {}", running.token);
    let address = running.address;
    let pending = tokio::spawn(async move { send(address, &head, "").await });
    running.tap.arrived.acquire().await.unwrap().forget();
    running.stop.cancel();
    assert!(read(idle).await.status == 200, "the idle connection is closed");
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!running.task.is_finished());
    running.tap.go_on.add_permits(1);
    assert_eq!(pending.await.unwrap().status, 200);
    running.task.await.unwrap();
}

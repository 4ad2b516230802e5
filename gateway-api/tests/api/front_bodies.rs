//! Bodies of requests at a front: no slot while they arrive, and limits of memory and time.

use gateway_core::id::PrincipalId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::front::{RunningFront, UNLIMITED, start};
use super::gateway::TestGateway;
use super::raw_http::{read, send};

/// Opens a connection with a request whose body the front has begun to read. It announces 1,000 bytes.
async fn half_sent(running: &RunningFront, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let text = format!("{head}\r\nhost: x\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

fn post(running: &RunningFront) -> String {
    let token = running.gateway.token(PrincipalId::generate(), 0, 600);
    format!("POST /v1/volumes HTTP/1.1\r\nauthorization: Bearer {token}")
}

#[tokio::test]
async fn half_sent_bodies_hold_no_slots() {
    let running = start(TestGateway::open().await, false, UNLIMITED).await;
    let client = running.gateway.client("a").await;
    let head = format!("POST /v1/check_credentials HTTP/1.1\r\nauthorization: {}", client.basic());
    let mut open = Vec::new();
    for _ in 0..1_030 {
        let mut stream = half_sent(&running, &head).await;
        stream.write_all(b"{").await.unwrap();
        open.push(stream);
    }
    assert!(open.len() > running.gateway.config.front.max_in_flight);
    for _ in 0..20 {
        let read = send(running.address, &running.get_of_another("/v1/volumes"), "").await;
        assert_eq!(read.status, 200);
    }
    let whole = send(running.address, &post(&running), "{}").await;
    assert_eq!(whole.status, 200, "bodies of other requests have memory");
}

#[tokio::test]
async fn bodies_of_one_principal_use_at_most_half_of_the_memory() {
    let limits = |config: &mut gateway_core::config::Config| {
        (config.front.max_body_bytes, config.front.max_body_memory_bytes) = (1_000, 4_000);
    };
    let running = start(TestGateway::with(limits).await, false, 0).await;
    let (flood, body) = (post(&running), "x".repeat(900));
    // An announced length is not charged.
    let mut announced = Vec::new();
    for _ in 0..10 {
        announced.push(half_sent(&running, &flood).await);
    }
    running.send_in_background(&flood, &body).await;
    let second = running.send_in_background(&flood, &body).await;
    let refused = send(running.address, &flood, &body).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "overloaded"));
    assert!(refused.header("retry-after").is_some());
    running.send_in_background(&post(&running), &body).await;
    running.service.permits.add_permits(UNLIMITED);
    assert_eq!(second.await.unwrap().status, 200);
    // The memory of answered requests is free again.
    while send(running.address, &flood, &body).await.status == 503 {}
}

#[tokio::test]
async fn body_that_stops_arriving_is_refused_in_time() {
    let gateway = TestGateway::with(|config| config.front.request_timeout_seconds = 1).await;
    let running = start(gateway, false, UNLIMITED).await;
    let stream = half_sent(&running, &post(&running)).await;
    let late = read(stream).await;
    assert_eq!((late.status, late.problem().as_str()), (408, "slow-body"));
    assert!(running.service.exchanges.lock().unwrap().is_empty());
}

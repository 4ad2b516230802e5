//! Answers that a client does not read: they use the share of their principal, and do not stay forever.

use std::future::poll_fn;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use gateway_core::config::Config;
use h2::client;
use http::Request;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use super::front::{RunningFront, UNLIMITED, start};
use super::gateway::TestGateway;
use super::raw_http::{request, send};

/// The parts of an answer, and the bytes of each. The whole is more than the buffers of a connection hold.
const PARTS: usize = 32;
const PART: usize = 512 << 10;

/// The time for which answers may stay unread. The tests look at the slots meanwhile.
const UNREAD_SECONDS: u64 = 4;

async fn front_with_large_answers() -> RunningFront {
    let limits = |config: &mut Config| {
        (config.front.max_in_flight, config.front.unread_timeout_seconds) = (4, UNREAD_SECONDS);
        config.front.first_request_timeout_seconds = 1;
    };
    let running = start(TestGateway::with(limits).await, false, UNLIMITED).await;
    *running.service.answer.lock().unwrap() = "x".repeat(PART);
    running.service.more_parts.store(PARTS - 1, Relaxed);
    running
}

/// Asserts that a principal has no slot left while others have, until the front gives its slots back.
async fn assert_share_is_held_for_a_while(running: &RunningFront, head: &str) {
    let refused = send(running.address, head, "").await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "overloaded"));
    let other = send(running.address, &running.get_of_another("/v1/sync"), "").await;
    assert_eq!((other.status, other.body.len()), (200, PARTS * PART));
    while send(running.address, head, "").await.status == 503 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn client_that_does_not_read_its_answers_holds_its_own_share() {
    let running = front_with_large_answers().await;
    let head = running.get_of_another("/v1/sync");
    let mut unread: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(running.address).await.unwrap();
        stream.write_all(request(&head, "").as_bytes()).await.unwrap();
        running.service.arrived.acquire().await.unwrap().forget();
        stream.readable().await.unwrap();
        unread.push(stream);
    }
    assert_share_is_held_for_a_while(&running, &head).await;
}

#[tokio::test]
async fn closed_window_of_http2_holds_the_share_of_its_principal() {
    let running = front_with_large_answers().await;
    let head = running.get_of_another("/v1/sync");
    let token = head.rsplit(' ').next().unwrap();
    let stream = TcpStream::connect(running.address).await.unwrap();
    let mut builder = client::Builder::new();
    let (mut requests, connection) =
        builder.initial_window_size(0).handshake::<_, bytes::Bytes>(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..2 {
        poll_fn(|context| requests.poll_ready(context)).await.unwrap();
        let request =
            Request::get("http://gateway.test/v1/sync").header("authorization", format!("Bearer {token}"));
        let (answer, _) = requests.send_request(request.body(()).unwrap(), true).unwrap();
        answers.push(answer.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert!(requests.current_max_send_streams() <= 100);
    running.service.arrived.acquire_many(2).await.unwrap().forget();
    assert_share_is_held_for_a_while(&running, &head).await;
    let _ = connection.await.unwrap();
    for answer in &mut answers {
        assert!(!matches!(answer.body_mut().data().await, Some(Ok(_))), "the connection was ended early");
    }
}

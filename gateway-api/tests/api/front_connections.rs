//! Connections of a front: their number, in total and of each peer, and those that send no request.

use std::io::ErrorKind;
use std::net::SocketAddr;

use gateway_core::config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::front::front;
use super::gateway::TestGateway;
use super::raw_http::connect_from;

/// Sends a request and reads its answer. Returns whether there was one.
async fn is_served(stream: &mut TcpStream) -> bool {
    // Neither the request nor its answer arrives if the front has closed the connection.
    let _ = stream.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = Vec::new();
    while !answer.ends_with(br#"{"status":"live"}"#) {
        if !matches!(stream.read_buf(&mut answer).await, Ok(1..)) {
            return false;
        }
    }
    answer.starts_with(b"HTTP/1.1 200")
}

/// Opens a connection from `127.0.0.PEER`; none if the front closes it at once.
async fn open(peer: u8, address: SocketAddr) -> Option<TcpStream> {
    let mut stream = connect_from(peer, address).await;
    is_served(&mut stream).await.then_some(stream)
}

async fn open_all(peer: u8, address: SocketAddr) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    while let Some(stream) = open(peer, address).await {
        streams.push(stream);
    }
    streams
}

#[tokio::test]
async fn connection_without_a_whole_head_is_closed() {
    let gateway = TestGateway::with(|config| config.front.first_request_timeout_seconds = 1).await;
    let (address, ..) = front(&gateway).await;
    let mut served = open(1, address).await.unwrap();
    // The second is a part of the preface of HTTP/2.
    for begun in ["", "PRI * HTTP/2.0", "GET /live HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Bytes that were not read make the end a reset.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{begun:?}: {answer:?}");
    }
    assert!(is_served(&mut served).await, "a connection between two requests stays open");
}

#[tokio::test]
async fn connections_of_one_peer_are_limited() {
    let limits = |config: &mut Config| {
        (config.front.max_connections, config.front.max_connections_per_peer) = (64, 5);
    };
    let gateway = TestGateway::with(limits).await;
    let (address, ..) = front(&gateway).await;
    let mut streams = open_all(2, address).await;
    assert_eq!(streams.len(), 5);
    assert!(open(3, address).await.is_some());
    assert!(is_served(&mut streams[4]).await);
    drop(streams.pop());
    while open(2, address).await.is_none() {}
}

#[tokio::test]
async fn peers_with_many_connections_leave_some_to_others() {
    let gateway = TestGateway::with(|config| config.front.max_connections = 16).await;
    let (address, ..) = front(&gateway).await;
    let counts = [open_all(2, address).await, open_all(3, address).await, open_all(4, address).await];
    assert_eq!(counts.each_ref().map(Vec::len), [8, 4, 2]);
    assert!(open(5, address).await.is_some());
}

#[tokio::test]
async fn tls_handshake_counts_and_has_a_time_limit() {
    let file = |name: &str| format!("{}/tests/api/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    let limits = |config: &mut Config| {
        (config.front.tls_certificate, config.front.tls_key) = (file("certificate"), file("key"));
        (config.front.max_connections_per_peer, config.front.first_request_timeout_seconds) = (1, 2);
    };
    let gateway = TestGateway::with(limits).await;
    let (address, ..) = front(&gateway).await;
    let mut handshake = connect_from(2, address).await;
    // The first bytes of a handshake.
    handshake.write_all(&[0x16, 3, 1]).await.unwrap();
    let mut second = connect_from(2, address).await;
    assert_eq!(second.read(&mut [0; 1]).await.unwrap(), 0, "it is one too many");
    let still_open = handshake.try_read(&mut [0; 1]);
    assert_eq!(still_open.unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(handshake.read(&mut [0; 1]).await.unwrap(), 0, "the handshake took too long");
}

//! A minimal HTTP/1.1 client, which sends exactly the bytes of a test.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The last number of the address of a client without another one.
pub(crate) const LOCAL: u8 = 1;

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
    /// The connection ended before the body.
    pub(crate) cut: bool,
}

impl Response {
    /// Returns the first header of this lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn problem(&self) -> String {
        let document: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(document["instance"], format!("urn:uuid:{}", self.header("x-request-id").unwrap()));
        document["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned()
    }
}

/// Sends a request on its own connection and reads the response.
pub(crate) async fn send(address: SocketAddr, head: &str, body: &str) -> Response {
    send_from(LOCAL, address, head, body).await
}

/// Sends a request from `127.0.0.PEER`.
pub(crate) async fn send_from(peer: u8, address: SocketAddr, head: &str, body: &str) -> Response {
    let mut stream = connect_from(peer, address).await;
    stream.write_all(request(head, body).as_bytes()).await.unwrap();
    read(stream).await
}

/// Opens a connection from `127.0.0.PEER`.
pub(crate) async fn connect_from(peer: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, peer], 0))).unwrap();
    socket.connect(address).await.unwrap()
}

/// Returns the bytes of a request after which the server closes the connection.
pub(crate) fn request(head: &str, body: &str) -> String {
    let mut text = format!("{head}\r\nhost: gateway.test\r\nconnection: close\r\n");
    if !body.is_empty() {
        text += &format!("content-length: {}\r\n", body.len());
    }
    format!("{text}\r\n{body}")
}

/// Reads a response until the server closes the connection.
pub(crate) async fn read(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut response = Response { status, head: head.to_owned(), body: body.to_owned(), cut: false };
    if response.header("transfer-encoding") == Some("chunked") {
        (response.body, response.cut) = join_chunks(body);
    }
    response
}

/// Joins the chunks of a body. Returns also whether the last one is missing.
fn join_chunks(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, false);
        }
        let Some(chunk) = after.get(..size) else { break };
        body += chunk;
        rest = after.get(size + 2..).unwrap_or_default();
    }
    (body, true)
}

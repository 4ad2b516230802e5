//! A client with one kept connection that reads only status and length, and so leaves the cores to the measured
//! processes.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::callers::Caller;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A caller that requests the same paths in turn.
pub(crate) struct HttpCaller {
    stream: TcpStream,
    requests: Arc<[Vec<u8>]>,
    next: usize,
    buffer: Vec<u8>,
}

/// Returns the requests for `paths` as bytes.
pub(crate) fn requests(url: &str, token: &str, paths: &[String]) -> Arc<[Vec<u8>]> {
    let host = host(url);
    let request = |path: &String| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n"
        )
    };
    paths.iter().map(|path| request(path).into_bytes()).collect()
}

impl HttpCaller {
    /// Connects. `first` is the index of the first request.
    pub(crate) async fn connect(url: &str, requests: &Arc<[Vec<u8>]>, first: usize) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host(url)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, requests: Arc::clone(requests), next: first, buffer: Vec::with_capacity(64 << 10) })
    }
}

impl Caller for HttpCaller {
    async fn call(&mut self) -> anyhow::Result<()> {
        let request = &self.requests[self.next % self.requests.len()];
        self.next += 1;
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the front closed the connection");
            if whole.is_none() {
                whole = length(&self.buffer)?;
            }
        }
        ensure!(whole == Some(self.buffer.len()), "the front sent more than one answer");
        Ok(())
    }
}

/// Returns the length of the whole answer; `None` until its head is complete.
fn length(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    if !head.starts_with("HTTP/1.1 200 ") {
        bail!("the answer is {}", head.lines().next().unwrap_or_default());
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let length: usize = length.context("the answer has no content-length")?.trim().parse()?;
    Ok(Some(end + END_OF_HEAD.len() + length))
}

fn host(url: &str) -> &str {
    url.trim_start_matches("http://")
}

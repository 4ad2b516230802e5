//! A server with scripted answers, byte by byte, over a real socket.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use driver_kit::CloudHttp;
use gateway_core::clock::{ManualClock, Timestamp};
use gateway_core::driver::{CloudSpec, Pacer, SessionContext};
use gateway_core::id::CloudId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The time on both clocks, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;

/// Returns the `Date` of a clock that is off by so many seconds.
pub(crate) fn date(off: i64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs((NOW + off) as u64))
}

/// Returns a whole answer with the right `Date`.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let (length, date) = (body.len(), date(0));
    format!("HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// A pacer that counts calls and pauses.
#[derive(Debug, Default)]
pub(crate) struct CountingPacer {
    pub(crate) acquired: AtomicUsize,
    pub(crate) paused_seconds: AtomicU64,
}

#[async_trait]
impl Pacer for CountingPacer {
    async fn acquire(&self) {
        self.acquired.fetch_add(1, Ordering::SeqCst);
    }
    fn pause(&self, wait: Duration) {
        self.paused_seconds.fetch_add(wait.as_secs(), Ordering::SeqCst);
    }
}

/// The server, and the client that calls it.
pub(crate) struct ScriptedServer {
    pub(crate) http: CloudHttp,
    pub(crate) url: url::Url,
    pub(crate) pacer: Arc<CountingPacer>,
    pub(crate) served: Arc<AtomicUsize>,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl ScriptedServer {
    /// Starts a server that gives these answers, one per connection, and then closes connections without an answer.
    pub(crate) async fn new(answers: &[String], change: impl FnOnce(&mut CloudSpec)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url::Url::parse(&format!("http://{}/x", listener.local_addr().unwrap())).unwrap();
        let (served, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, seen) = (served.clone(), requests.clone());
        let mut answers: VecDeque<String> = answers.iter().cloned().collect();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                    if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                count.fetch_add(1, Ordering::SeqCst);
                let Some(text) = answers.pop_front() else { continue };
                let text = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
                let _ = socket.write_all(text.as_bytes()).await;
                let _ = socket.shutdown().await;
            }
        });
        let mut cloud = CloudSpec {
            id: CloudId::generate(),
            name: "test".to_owned(),
            endpoint: url.to_string(),
            regions: Vec::new(),
            allowed_hosts: Vec::new(),
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 10.0,
            timeout: Duration::from_secs(5),
            options: serde_json::Map::new(),
        };
        change(&mut cloud);
        let pacer = Arc::new(CountingPacer::default());
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(NOW)));
        let context = SessionContext { pacer: pacer.clone(), ..SessionContext::unpaced(clock) };
        let http = CloudHttp::new(Arc::new(cloud), context).unwrap();
        Self { http, url, pacer, served, requests }
    }

    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

//! The crowd: floods of checks and of wrong secrets, and bodies that never arrive whole.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway_tests::tls;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::environment::{Environment, HUNG, credential};

/// Checks at the hung cloud that one client sends at once.
const CHECKS: usize = 48;

/// Connections with a half-sent body.
const HALF_SENT: usize = 1000;

/// Senders of wrong secrets, and the wait of each between two requests.
const GUESSERS: usize = 4;
const GUESS_EVERY: Duration = Duration::from_millis(20);

/// Addresses of the parties of the crowd. The healthy clients come from 127.0.0.1.
const HALF_SENDER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const GUESSER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

pub(crate) struct Disturbance {
    tasks: JoinSet<()>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    checks: AtomicUsize,
    refused_checks: AtomicUsize,
    guesses: AtomicUsize,
    refused_guesses: AtomicUsize,
    half_sent: AtomicUsize,
}

impl Disturbance {
    pub(crate) fn start(env: &Environment) -> Self {
        let (mut tasks, counts) = (JoinSet::new(), Arc::new(Counts::default()));
        for number in 0..CHECKS {
            tasks.spawn(check(env.crowd.clone(), number, Arc::clone(&counts)));
        }
        let front: SocketAddr = env.cluster.front.url().trim_start_matches("http://").parse().unwrap();
        for _ in 0..HALF_SENT {
            tasks.spawn(send_half(front, Arc::clone(&counts)));
        }
        for _ in 0..GUESSERS {
            let (url, id) = (env.cluster.front.url().to_owned(), env.reader.id.clone());
            tasks.spawn(guess(url, id, Arc::clone(&counts)));
        }
        Self { tasks, counts }
    }

    pub(crate) async fn stop(mut self) -> Arc<Counts> {
        self.tasks.shutdown().await;
        self.counts
    }
}

/// Checks credentials of the hung cloud again and again.
async fn check(client: gateway_tests::Client, number: usize, counts: Arc<Counts>) {
    loop {
        if let Ok(answer) = client.check_credentials(&[credential(HUNG, "hung", number)]).await {
            counts.checks.fetch_add(1, Ordering::Relaxed);
            if answer.status == StatusCode::SERVICE_UNAVAILABLE
                || answer.status == StatusCode::TOO_MANY_REQUESTS
            {
                counts.refused_checks.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Sends a wrong secret of an existing client again and again.
async fn guess(front: String, id: String, counts: Arc<Counts>) {
    tls::install();
    let http = reqwest::Client::builder().no_proxy().local_address(GUESSER).build().unwrap();
    loop {
        let body: Value = json!({ "credentials": [] });
        let request =
            http.post(format!("{front}/v1/check_credentials")).basic_auth(&id, Some("wrong")).json(&body);
        if let Ok(answer) = request.send().await {
            counts.guesses.fetch_add(1, Ordering::Relaxed);
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                counts.refused_guesses.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(GUESS_EVERY).await;
    }
}

/// Sends the head of a request and one byte of its body, and then nothing, again whenever the front ends the connection.
async fn send_half(front: SocketAddr, counts: Arc<Counts>) {
    loop {
        if let Ok(mut stream) = half_sent(front).await {
            counts.half_sent.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn half_sent(front: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(HALF_SENDER, 0))?;
    let mut stream = socket.connect(front).await?;
    let head = "POST /v1/check_credentials HTTP/1.1\r\nhost: gateway\r\nauthorization: Basic YTpi\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

impl Counts {
    /// Expects that the floods were refused and not served.
    pub(crate) fn expect_refusals(&self) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        assert!(count(&self.refused_guesses) > count(&self.guesses) / 2, "{self}");
        assert!(count(&self.half_sent) >= HALF_SENT / 4, "{self}");
        assert!(count(&self.checks) > 0, "{self}");
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        write!(
            f,
            "{} checks at the hung cloud were answered, {} of them by 503 or 429; {} wrong secrets, {} of them 429; {} half-sent \
             bodies",
            count(&self.checks),
            count(&self.refused_checks),
            count(&self.guesses),
            count(&self.refused_guesses),
            count(&self.half_sent),
        )
    }
}

//! A TCP proxy that drops packets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A proxy before a server. While it drops packets, no connection is closed or refused, and nothing arrives. A connection
/// that lost a packet stays silent for good.
pub struct Proxy {
    port: u16,
    /// Odd while packets are dropped; a connection is silent once this differs from its begin, or is odd.
    phase: Arc<AtomicU64>,
}

impl Proxy {
    /// Starts a proxy before the server of a URL.
    pub async fn before(url: &str) -> Self {
        let server = address(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let phase = Arc::new(AtomicU64::new(0));
        let phases = Arc::clone(&phase);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, phases) = (server.clone(), Arc::clone(&phases));
                tokio::spawn(async move {
                    let (from_client, to_client) = client.into_split();
                    let server = TcpStream::connect(server).await.unwrap();
                    let (from_server, to_server) = server.into_split();
                    let begun = phases.load(Ordering::SeqCst);
                    tokio::join!(
                        forward(from_client, to_server, &phases, begun),
                        forward(from_server, to_client, &phases, begun)
                    );
                });
            }
        });
        Self { port, phase }
    }

    /// Returns a URL with the proxy in place of the server.
    pub fn url(&self, url: &str) -> String {
        url.replace(address(url), &format!("127.0.0.1:{}", self.port))
    }

    pub fn drop_packets(&self, drops: bool) {
        let before = self.phase.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before.is_multiple_of(2), drops, "nothing changes");
    }
}

async fn forward(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    phase: &AtomicU64,
    begun: u64,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let now = phase.load(Ordering::SeqCst);
        if (now != begun || !now.is_multiple_of(2)) || to.write_all(&buffer[..count]).await.is_err() {
            // The other side hears nothing, not even an end.
            std::future::pending::<()>().await;
        }
    }
}

/// Returns host and port of a URL.
fn address(url: &str) -> &str {
    url.split_once('@').unwrap().1.split('/').next().unwrap()
}

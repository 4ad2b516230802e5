//! A TCP proxy that loses the answer of the first request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(super) struct LossyProxy {
    url: String,
    lost: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl LossyProxy {
    /// Starts a proxy to `url`.
    pub(super) async fn start(url: &str) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lost = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&lost);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                match counter.load(Ordering::SeqCst) {
                    0 => lose(client, server, &counter).await,
                    _ => drop(tokio::spawn(forward(client, server))),
                }
            }
        });
        Self { url, lost, task }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the number of lost answers.
    pub(super) fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Drop for LossyProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forwards the request until the server answers, and then closes the connection.
async fn lose(client: TcpStream, server: TcpStream, lost: &AtomicUsize) {
    let (mut asked, _answers) = client.into_split();
    let (mut answered, mut asks) = server.into_split();
    let mut first = [0; 1];
    tokio::select! {
        read = answered.read(&mut first) => {
            if read.is_ok_and(|count| count > 0) {
                lost.fetch_add(1, Ordering::SeqCst);
            }
        }
        _ = copy(&mut asked, &mut asks) => {}
    }
    let _ = asks.shutdown().await;
}

async fn forward(mut client: TcpStream, mut server: TcpStream) {
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

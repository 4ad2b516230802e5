//! A proxy that breaks the line to a real cloud, and rewrites nothing but what it is told to.
//!
//! Path, query, body and headers go through as they are, `Host` included: a signature over them stays
//! valid. Where a catalog names further addresses of the cloud, one proxy stands before each of them and
//! answers in JSON are rewritten to lead to it.

mod exchange;
mod refusal;
mod spoil;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fault::{Fault, Faults};

/// Proxies before one cloud; they stop when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    _end: DropGuard,
}

/// What all connections look at.
#[derive(Debug)]
struct Shared {
    fault: Mutex<Option<Fault>>,
    /// From each upstream's address to the one in front of it.
    fronts: BTreeMap<String, SocketAddr>,
}

impl FaultProxy {
    /// Stands before each of these addresses (`host:port`), all of one cloud.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(upstreams: &[&str]) -> io::Result<Self> {
        let mut listeners = Vec::new();
        let mut fronts = BTreeMap::new();
        for upstream in upstreams {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            fronts.insert((*upstream).to_owned(), listener.local_addr()?);
            listeners.push((listener, (*upstream).to_owned()));
        }
        let shared = Arc::new(Shared { fault: Mutex::new(None), fronts });
        let end = CancellationToken::new();
        for (listener, upstream) in listeners {
            tokio::spawn(accept(listener, Arc::from(upstream), Arc::clone(&shared), end.clone()));
        }
        Ok(Self { shared, _end: end.drop_guard() })
    }

    /// A URL of the cloud, led through the proxy.
    pub fn through(&self, url: &str) -> String {
        self.shared.lead_through(url)
    }
}

#[async_trait]
impl Faults for FaultProxy {
    async fn inject(&self, fault: Fault) -> Result<(), String> {
        self.shared.set(Some(fault));
        Ok(())
    }

    async fn clear(&self) {
        self.shared.set(None);
    }
}

impl Shared {
    fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lead_through(&self, text: &str) -> String {
        self.fronts.iter().fold(text.to_owned(), |text, (upstream, front)| {
            // A port may be the start of another: the address must end where it is replaced.
            let mut led = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some(at) = rest.find(upstream.as_str()) {
                let (before, found) = rest.split_at(at);
                let after = &found[upstream.len()..];
                led.push_str(before);
                if after.starts_with(|next: char| next.is_ascii_digit()) {
                    led.push_str(upstream);
                } else {
                    led.push_str(&front.to_string());
                }
                rest = after;
            }
            led.push_str(rest);
            led
        })
    }
}

async fn accept(listener: TcpListener, upstream: Arc<str>, shared: Arc<Shared>, end: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = end.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            tokio::spawn(serve(stream, Arc::clone(&upstream), Arc::clone(&shared), end.clone()));
        }
    }
}

async fn serve(stream: TcpStream, upstream: Arc<str>, shared: Arc<Shared>, end: CancellationToken) {
    let service =
        service_fn(|request| exchange::exchange(request, Arc::clone(&upstream), Arc::clone(&shared)));
    // The proxy never adds a `Date`: it shows the cloud's, or none.
    let connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that ends early is often the fault that was asked for.
        _ = connection => {}
        () = end.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_addresses_are_led_through() {
        let fronts = BTreeMap::from([("127.0.0.1:150".to_owned(), SocketAddr::from(([127, 0, 0, 1], 9)))]);
        let shared = Shared { fault: Mutex::new(None), fronts };
        let text = r#""http://127.0.0.1:150/v3" "http://127.0.0.1:1500/" "127.0.0.1:150""#;
        let led = r#""http://127.0.0.1:9/v3" "http://127.0.0.1:1500/" "127.0.0.1:9""#;
        assert_eq!(shared.lead_through(text), led);
    }
}

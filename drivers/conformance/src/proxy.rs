//! A proxy that injects faults into the connection to a real cloud.
//!
//! Path, query, body and headers pass unchanged, `Host` included, so that signatures over them stay valid.
//! A catalog may name further addresses of the cloud: each has a proxy of its own, and addresses in JSON
//! answers are rewritten to lead to it.

mod answer;
mod distort;
mod exchange;
mod refusal;
mod shared;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fault::{Fault, FaultInjector};
use shared::Shared;

/// Proxies in front of one cloud; they stop when this is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    _end: DropGuard,
}

impl FaultProxy {
    /// Starts a proxy in front of each of these addresses (`host:port`), all of one cloud.
    ///
    /// # Errors
    /// If no port is free.
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

    /// Returns a URL of the cloud, rewritten to lead through the proxy.
    pub fn through(&self, url: &str) -> String {
        self.shared.rewrite(url)
    }
}

#[async_trait]
impl FaultInjector for FaultProxy {
    async fn inject(&self, fault: Fault) -> Result<(), String> {
        self.shared.set(Some(fault));
        Ok(())
    }

    async fn clear(&self) {
        self.shared.set(None);
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
    // The proxy never adds a `Date`: the answer has the cloud's, or none.
    let connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that ends early is often the injected fault.
        _ = connection => {}
        () = end.cancelled() => {}
    }
}

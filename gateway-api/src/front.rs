//! The front: HTTP -> bus -> HTTP. It uses neither store nor clouds, except to forward content.

mod admission;
mod attempts;
mod body;
mod body_budget;
mod connection;
mod connection_info;
mod connections;
mod content;
mod context;
mod continuation;
mod descriptors;
mod envelope;
mod forward;
mod local;
mod peer;
mod progress;
mod readiness;
mod refusal_log;
mod reply;
mod request_body;
mod service;
mod slots;
mod tls;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Bus;
use gateway_core::Clock;
use gateway_core::config::Front as Config;
use gateway_core::error::{Error, Result};
use gateway_core::probe::Probe;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::keyring::KeyringHandle;
use connection::Connection;
use connection_info::ConnectionInfo;
use connections::Connections;
use context::FrontContext;
use peer::Peer;
use progress::TimeLimits;
use refusal_log::Reason;
use service::Service;

/// Returns the probe of the handlers, as a front with this bus sees them.
pub fn readiness(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Probe {
    readiness::probe(bus, clock)
}

/// The wait after a failed accept, which most often fails for lack of file descriptors, until some connections close.
/// A longer wait keeps new connections waiting; a shorter one spends the processor on further failures.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A front that is bound to its address.
pub struct Front {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    connections: Connections,
    limits: TimeLimits,
    drain: Duration,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Front({}://{})", self.scheme(), self.address)
    }
}

impl Front {
    /// Binds the address. Connections wait until [`Self::run`].
    ///
    /// # Errors
    /// Invalid if the address cannot be bound or a TLS file cannot be read.
    pub async fn bind(
        config: &Config,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::invalid(format!("front.listen: cannot listen on {}: {error}", config.listen))
        };
        let listener = TcpListener::bind(&config.listen).await.map_err(cannot)?;
        Ok(Self {
            address: listener.local_addr().map_err(cannot)?,
            listener,
            tls: tls::acceptor(config)?,
            service: Arc::new(Service::new(FrontContext::new(config, bus, keyring, clock))?),
            connections: Connections::new(config),
            limits: TimeLimits::new(config),
            drain: Duration::from_secs(config.drain_seconds),
        })
    }

    /// Returns the address. Its port is the real one even if the configured port is 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns `https` with a certificate, else `http`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `stop`, then accepts no more connections and finishes the requests in flight.
    ///
    /// # Errors
    /// None so far; all roles have this type.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        let (connections, graceful) = (TaskTracker::new(), GracefulShutdown::new());
        let refusals = Arc::clone(self.service.refusals());
        tokio::spawn({
            let (refusals, stop) = (Arc::clone(&refusals), stop.clone());
            async move { refusals.run(stop).await }
        });
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            match accepted {
                Ok((stream, address)) => {
                    let peer = Peer::of(address.ip());
                    let Some(open) = self.connections.admit(peer) else {
                        refusals.record(peer, Reason::TooManyConnections);
                        continue;
                    };
                    let info = ConnectionInfo::new(address, self.address, self.tls.is_some());
                    let connection = Connection::new(&self.service, open, info, self.limits);
                    connections.spawn(connection.run(stream, self.tls.clone(), graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        connections.close();
        let drained = async {
            graceful.shutdown().await;
            connections.wait().await;
        };
        if tokio::time::timeout(self.drain, drained).await.is_err() {
            tracing::warn!(count = connections.len(), "the front stops with connections open");
        }
        Ok(())
    }
}

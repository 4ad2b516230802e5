//! The admin listener of every role: metrics, liveness, readiness and the log filter. It has no authentication, so that it
//! listens on a loopback address unless the configuration allows others.

mod connection;
mod exporter;
mod log;
mod readiness;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::config::Admin as Config;
use gateway_core::error::{Error, Result};
use tokio::net::{TcpListener, lookup_host};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use connection::serve;
pub use exporter::Exporter;
pub use readiness::Part;
use routes::AdminState;

/// The most connections at once; more are closed at once. A higher number lets more callers cost memory; with a lower one
/// a few slow callers shut out the others.
const MAX_CONNECTIONS: usize = 16;

/// The wait after a failed accept, until some connections close. A longer wait keeps callers waiting; a shorter one spends
/// the processor on further failures.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An admin listener that is bound to its address.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<AdminState>,
}

impl Admin {
    /// Binds the address of the configuration.
    ///
    /// # Errors
    /// Invalid if the address cannot be bound, or if other machines could reach it and that is not allowed.
    pub async fn bind(config: &Config, exporter: Exporter, parts: Vec<Part>) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::invalid(format!("admin.listen: cannot listen on {}: {error}", config.listen))
        };
        let addresses: Vec<_> = lookup_host(&config.listen).await.map_err(cannot)?.collect();
        let remote = addresses.iter().find(|address| !address.ip().is_loopback());
        if let Some(address) = remote
            && !config.allow_remote
        {
            return Err(Error::invalid(format!(
                "`admin.listen` is {address}, which other machines may reach, and the admin listener has no authentication; \
                 use a loopback address such as 127.0.0.1, or set `admin.allow_remote`"
            )));
        }
        let listener = TcpListener::bind(&*addresses).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(Self { listener, address, state: Arc::new(AdminState { exporter, parts }) })
    }

    /// Returns the address. Its port is the real one even if the configured port is 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let routes = routes::router(Arc::clone(&self.state));
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        tokio::spawn(stop.clone().run_until_cancelled_owned(exporter::keep(self.state.exporter.clone())));
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => {
                    if let Ok(slot) = Arc::clone(&slots).try_acquire_owned() {
                        tokio::spawn(serve(stream, peer, routes.clone(), slot));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection of the admin listener could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

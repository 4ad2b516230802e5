//! The process's connections to clouds.

use std::sync::OnceLock;
use std::time::Duration;

use gateway_core::error::{Error, Result};
use reqwest::Client;

/// Longest wait for a connection. Higher helps far clouds on lossy lines; lower finds dead ones sooner.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept. Longer spares handshakes between polls; shorter frees sockets,
/// and meets fewer connections that the other side has closed meanwhile.
const IDLE: Duration = Duration::from_secs(50);

static CLIENT: OnceLock<Client> = OnceLock::new();

/// One client for all sessions, so that sessions of the same cloud share connections. Everything that
/// differs by cloud (time limit, addresses) is decided per request.
pub(crate) fn client() -> Result<&'static Client> {
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    crate::install_crypto();
    let client = Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        // A proxy from the environment would see tokens and get around the address gate.
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("cloud-gateway/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(Error::internal)?;
    Ok(CLIENT.get_or_init(|| client))
}

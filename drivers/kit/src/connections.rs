//! The process's connections to clouds.

use std::sync::OnceLock;
use std::time::Duration;

use gateway_core::error::{Error, Result};
use reqwest::{Client, ClientBuilder};

/// Longest wait for a connection. Higher helps far clouds on lossy lines; lower finds dead ones sooner.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept. Longer spares handshakes between polls; shorter frees sockets,
/// and meets fewer connections that the other side has closed meanwhile.
const IDLE: Duration = Duration::from_secs(50);

static CLIENT: OnceLock<Client> = OnceLock::new();

static FOR_CONTENT: OnceLock<Client> = OnceLock::new();

/// One client for all sessions, so that sessions of the same cloud share connections. Everything that
/// differs by cloud (time limit, addresses) is decided per request.
pub(crate) fn client() -> Result<&'static Client> {
    made(&CLIENT, |builder| builder.pool_idle_timeout(IDLE))
}

/// A client that takes a new connection each time: content is sent once, and an old connection could end under it.
pub(crate) fn for_content() -> Result<&'static Client> {
    made(&FOR_CONTENT, |builder| builder.pool_max_idle_per_host(0))
}

fn made(
    kept: &'static OnceLock<Client>,
    more: fn(ClientBuilder) -> ClientBuilder,
) -> Result<&'static Client> {
    if let Some(client) = kept.get() {
        return Ok(client);
    }
    crate::install_crypto();
    let builder = Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        // A proxy from the environment would see tokens and get around the address gate.
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .user_agent(concat!("cloud-gateway/", env!("CARGO_PKG_VERSION")));
    let client = more(builder).build().map_err(Error::internal)?;
    Ok(kept.get_or_init(|| client))
}

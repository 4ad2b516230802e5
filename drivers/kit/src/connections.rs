//! The process's HTTP clients, which hold the connections to clouds.

use std::sync::OnceLock;
use std::time::Duration;

use gateway_core::error::{Error, Result};
use reqwest::{Client, ClientBuilder};

/// Longest wait for a connection. Higher helps far clouds on lossy lines; lower finds dead ones sooner.
const CONNECT: Duration = Duration::from_secs(10);

/// Life of an unused connection. Longer saves handshakes between polls; shorter frees sockets, and meets fewer
/// connections that the other side has closed meanwhile.
const IDLE: Duration = Duration::from_secs(50);

static CLIENT: OnceLock<Client> = OnceLock::new();

static CONTENT_CLIENT: OnceLock<Client> = OnceLock::new();

/// Returns the client of all sessions, so that sessions of the same cloud share connections. Time limits and allowed
/// addresses, which differ by cloud, are applied per request.
pub(crate) fn client() -> Result<&'static Client> {
    get_or_build(&CLIENT, |builder| builder.pool_idle_timeout(IDLE))
}

/// Returns the client for content. It opens a new connection each time: content is sent once, and an old connection
/// could end during it.
pub(crate) fn content_client() -> Result<&'static Client> {
    get_or_build(&CONTENT_CLIENT, |builder| builder.pool_max_idle_per_host(0))
}

fn get_or_build(
    cell: &'static OnceLock<Client>,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> Result<&'static Client> {
    if let Some(client) = cell.get() {
        return Ok(client);
    }
    crate::install_crypto();
    let builder = Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        // A proxy from the environment would see tokens and bypass the address gate.
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .user_agent(concat!("cloud-gateway/", env!("CARGO_PKG_VERSION")));
    let client = configure(builder).build().map_err(Error::internal)?;
    Ok(cell.get_or_init(|| client))
}

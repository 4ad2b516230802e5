//! The sections. A text key that is empty is not set.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::telemetry::LogFormat;

/// The store.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:FILE` (one process only) or `mysql://USER:PASSWORD@HOST/DATABASE`.
    pub url: String,
    /// Connections of each process. More than the server's cores can serve only queue there; fewer queue here.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:gateway-data/gateway.db".to_owned(), connections: 8 }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = without_password(&self.url);
        f.debug_struct("Database").field("url", &url).field("connections", &self.connections).finish()
    }
}

/// The bus.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bus {
    /// `memory:` (one process only), `amqp://USER:PASSWORD@HOST/VHOST` or `amqps://...`.
    pub url: String,
    /// PEM file of the authority that signed the broker's certificate; the system's when not set.
    pub ca_file: String,
    /// Messages that a consumer holds unanswered. Higher hides round trips to the broker; lower spreads
    /// work more evenly over handlers.
    pub prefetch: u16,
    /// Take secrets in clear from programs that publish requests by themselves. Only for a broker that
    /// takes nothing but AMQPS, or for tests.
    pub accept_plain_secrets: bool,
}

impl Default for Bus {
    fn default() -> Self {
        Self { url: "memory:".to_owned(), ca_file: String::new(), prefetch: 64, accept_plain_secrets: false }
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("url", &without_password(&self.url))
            .field("prefetch", &self.prefetch)
            .finish_non_exhaustive()
    }
}

/// Where the gateway's own keys are. The variable `GATEWAY_KEYRING` may hold the JSON itself instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyringSource {
    /// The file; `gateway up` makes it when it is missing.
    pub file: String,
}

impl Default for KeyringSource {
    fn default() -> Self {
        Self { file: "gateway-data/keyring.json".to_owned() }
    }
}

/// The HTTP side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Front {
    /// Address and port.
    pub listen: String,
    /// PEM file with the certificate chain; with it the front speaks HTTPS only.
    pub tls_certificate: String,
    /// PEM file with the private key.
    pub tls_key: String,
    /// A request that is not answered by then gets 504. Handlers drop it too.
    pub request_timeout_seconds: u64,
    /// Proofs of credentials, and reads with `max_age`, wait for clouds, which may be slow: they have longer.
    pub check_timeout_seconds: u64,
    /// Largest body of a request that travels by the bus; more gets 413.
    pub max_body_bytes: usize,
    /// Requests in flight; more gets 503 at once. Each holds its body in memory.
    pub max_in_flight: usize,
    /// Uploads under way; more gets 503 at once. Each holds two connections and some chunks of its content.
    pub max_uploads: usize,
    /// Largest content of an upload, which is streamed to the cloud; more gets 413.
    pub upload_limit_bytes: u64,
    /// How long an upload may stand still, for want of the client's bytes or because the cloud takes none.
    pub upload_stall_seconds: u64,
    /// After SIGTERM, how long requests in flight may take.
    pub drain_seconds: u64,
}

impl Default for Front {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            tls_certificate: String::new(),
            tls_key: String::new(),
            request_timeout_seconds: 30,
            check_timeout_seconds: 60,
            max_body_bytes: 1 << 20,
            max_in_flight: 1024,
            max_uploads: 64,
            upload_limit_bytes: 1 << 40,
            upload_stall_seconds: 60,
            drain_seconds: 30,
        }
    }
}

/// The pool that answers requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handler {
    /// Requests that one process works on at once.
    pub concurrency: usize,
    /// Life of a token. Longer spares renewals; shorter limits what a stolen one is worth.
    pub token_seconds: u64,
    /// How long what a principal may see is remembered. Longer spares queries; a revocation or a new grant
    /// is felt by this much later where the notice of it is lost.
    pub authority_milliseconds: u64,
}

impl Default for Handler {
    fn default() -> Self {
        Self { concurrency: 64, token_seconds: 3600, authority_milliseconds: 1000 }
    }
}

/// What is done to resources.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operations {
    /// Life of a lease on an operation. Shorter takes over sooner from a dead handler; longer writes fewer renewals.
    pub lease_seconds: u64,
    /// After how long a cloud that does not show what it was asked to make has certainly not made it. Longer leaves
    /// operations `unknown` for longer; shorter could make a thing twice at a cloud that is slower than this.
    pub settle_seconds: u64,
    /// How long an operation whose end nobody knows is looked into.
    pub give_up_seconds: u64,
    /// How long operations are kept, and with them the meaning of their idempotency keys.
    pub keep_days: u64,
}

impl Default for Operations {
    fn default() -> Self {
        Self { lease_seconds: 15, settle_seconds: 60, give_up_seconds: 3600, keep_days: 30 }
    }
}

/// What keeps the store current.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Poller {
    /// Listings that one process runs at once. One page of each is in memory.
    pub concurrency: usize,
    /// Life of a lease on a target. Shorter takes over sooner from a dead poller; longer writes fewer renewals.
    pub lease_seconds: u64,
    /// Interval where nothing moves.
    pub interval_seconds: u64,
    /// Interval where something is on its way to another state, or has just changed.
    pub moving_interval_seconds: u64,
    /// Longest interval that failures can lead to.
    pub max_backoff_seconds: u64,
    /// Interval at which each grant is verified with its own credential.
    pub verify_seconds: u64,
    /// A listing that misses more records than this, and more than `vanish_percent` of them, is held back.
    pub vanish_records: usize,
    /// See `vanish_records`.
    pub vanish_percent: usize,
    /// Whole listings that must agree before a mass vanishing is believed.
    pub vanish_listings: i32,
    /// Missing records up to this many are proven gone one by one at once; more wait for the next listing.
    pub proof_gets: usize,
}

impl Default for Poller {
    fn default() -> Self {
        Self {
            concurrency: 32,
            lease_seconds: 90,
            interval_seconds: 60,
            moving_interval_seconds: 5,
            max_backoff_seconds: 600,
            verify_seconds: 900,
            vanish_records: 20,
            vanish_percent: 50,
            vanish_listings: 3,
            proof_gets: 25,
        }
    }
}

/// What publishes events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// Events that are numbered and published at a time.
    pub batch: usize,
    /// Life of the leadership. Shorter takes over sooner from a dead relay; longer writes less.
    pub lease_seconds: u64,
    /// How long to wait before looking again when there was nothing to publish.
    pub idle_milliseconds: u64,
    /// How long events and the versions of deleted resources are kept. A subscriber that was away longer lists again.
    pub keep_hours: u64,
}

impl Default for Relay {
    fn default() -> Self {
        Self { batch: 500, lease_seconds: 15, idle_milliseconds: 200, keep_hours: 168 }
    }
}

/// Log lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What is logged, in the form of `RUST_LOG`.
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: "text".to_owned() }
    }
}

impl Log {
    /// Starts logging as configured.
    pub fn start(&self) {
        let format = if self.format == "json" { LogFormat::Json } else { LogFormat::Text };
        crate::telemetry::start(&self.filter, format);
    }
}

/// Switches that make everything stricter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// Refuse to start unless HTTP, AMQP and MySQL are encrypted.
    pub refuse_plaintext: bool,
}

impl Poller {
    /// See [`Poller::lease_seconds`].
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
}

/// A URL as it may be shown.
pub fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _ = parsed.set_password(Some("***"));
            parsed.to_string()
        }
        Ok(_) => url.to_owned(),
        Err(_) => "(not a URL)".to_owned(),
    }
}

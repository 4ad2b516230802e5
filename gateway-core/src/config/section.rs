//! The sections of the configuration. An empty text means that the key is not set.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::telemetry::LogFormat;

/// The store.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// The URL: `sqlite:FILE` (one process only) or `mysql://USER:PASSWORD@HOST/DATABASE`.
    pub url: String,
    /// Database connections of each process. More than the server's cores can serve queue in the server; fewer queue in the
    /// process.
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
    /// The URL: `memory:` (one process only), `amqp://USER:PASSWORD@HOST/VHOST` or `amqps://...`.
    pub url: String,
    /// The PEM file of the authority that signed the broker's certificate; the system's authorities when not set.
    pub ca_file: String,
    /// Unacknowledged reads of a consumer. A higher number hides round trips to the broker; a lower one spreads work more
    /// evenly over handlers.
    pub prefetch: u16,
    /// Whether programs that publish requests themselves may send secrets in clear. Only for a broker that accepts
    /// AMQPS alone, or for tests.
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

/// The location of the gateway's own keys. The variable `GATEWAY_KEYRING` may hold the JSON itself instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyringSource {
    /// The file; `gateway up` creates it if it is missing.
    pub file: String,
}

impl Default for KeyringSource {
    fn default() -> Self {
        Self { file: "gateway-data/keyring.json".to_owned() }
    }
}

/// The HTTP front.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Front {
    /// The address and port to listen on.
    pub listen: String,
    /// The PEM file with the certificate chain. If set, the front speaks HTTPS only.
    pub tls_certificate: String,
    /// The PEM file with the private key.
    pub tls_key: String,
    /// The time limit of a request; a later answer is 504, and handlers drop the request.
    pub request_timeout_seconds: u64,
    /// The time limit of checks of credentials and of reads with `max_age`, which wait for clouds.
    pub check_timeout_seconds: u64,
    /// The largest body of a request over the bus; a larger one gets 413.
    pub max_body_bytes: usize,
    /// The memory for bodies of requests that arrive or are in flight; more get 503 at once. A principal, or an address
    /// without a token, has at most half of it.
    pub max_body_memory_bytes: usize,
    /// The most requests in flight; more get 503 at once. A principal, or an address without a token, has at most half of
    /// them.
    pub max_in_flight: usize,
    /// The most connections; more are closed at once. An address has at most half of them.
    pub max_connections: usize,
    /// The most connections of one address (IPv6: of one /64 network). Behind a proxy all clients have one address: allow
    /// it half of `max_connections`.
    pub max_connections_per_peer: usize,
    /// The time from the connection to the end of the head of its first request, with the TLS handshake.
    pub first_request_timeout_seconds: u64,
    /// The longest time for which a client may take nothing of an answer that it has requested.
    pub unread_timeout_seconds: u64,
    /// The most uploads in progress; more get 503 at once. A principal has at most half of them. Each holds two connections
    /// and some chunks of its content.
    pub max_uploads: usize,
    /// The largest content of an upload, which is streamed to the cloud; a larger one gets 413.
    pub upload_limit_bytes: u64,
    /// The longest time without progress of an upload, on the client's or the cloud's side.
    pub upload_stall_seconds: u64,
    /// The time that requests in flight have to end after SIGTERM.
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
            max_body_memory_bytes: 128 << 20,
            max_in_flight: 1024,
            max_connections: 8192,
            max_connections_per_peer: 2048,
            first_request_timeout_seconds: 10,
            unread_timeout_seconds: 30,
            max_uploads: 64,
            upload_limit_bytes: 1 << 40,
            upload_stall_seconds: 60,
            drain_seconds: 30,
        }
    }
}

/// The handler pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handler {
    /// The reads that one process works on at once, and the calls to clouds of its credential checks and of its operations.
    /// Four times as many of each class may wait for a cloud.
    pub concurrency: usize,
    /// The life of a token. A longer life spares renewals; a shorter one limits the use of a stolen token.
    pub token_seconds: u64,
    /// The life of a principal's cached visibility. A longer life spares queries. If the notice of a revocation or a new
    /// grant is lost, it takes effect this much later.
    pub authority_milliseconds: u64,
}

impl Default for Handler {
    fn default() -> Self {
        Self { concurrency: 64, token_seconds: 3600, authority_milliseconds: 1000 }
    }
}

/// Operations on resources.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operations {
    /// The life of a lease on an operation. A shorter life takes over sooner from a dead handler; a longer one writes fewer
    /// renewals.
    pub lease_seconds: u64,
    /// The time after which a cloud that does not show a new resource has certainly not created it. A longer time leaves
    /// operations `unknown` for longer; a shorter one could create a resource twice at a slower cloud.
    pub settle_seconds: u64,
    /// The time for which the outcome of an `unknown` operation is investigated.
    pub give_up_seconds: u64,
    /// The time for which operations and their idempotency keys are kept.
    pub keep_days: u64,
}

impl Default for Operations {
    fn default() -> Self {
        Self { lease_seconds: 15, settle_seconds: 60, give_up_seconds: 3600, keep_days: 30 }
    }
}

/// The poller, which keeps the store current.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Poller {
    /// The listings that one process runs at once. One page of each is in memory. Listings at clouds that have fallen silent
    /// come on top, up to twice as many.
    pub concurrency: usize,
    /// The life of a lease on a target. A shorter life takes over sooner from a dead poller; a longer one writes fewer
    /// renewals.
    pub lease_seconds: u64,
    /// The interval between listings of a target without changes.
    pub interval_seconds: u64,
    /// The interval between listings of a target where a resource is changing or has just changed.
    pub moving_interval_seconds: u64,
    /// The longest interval after consecutive failures.
    pub max_backoff_seconds: u64,
    /// The interval at which each grant is verified with its own credential.
    pub verify_seconds: u64,
    /// The number of missing records above which a listing is held back, if they are also more than `vanish_percent`.
    pub vanish_records: usize,
    /// The percentage of missing records above which a listing is held back, together with `vanish_records`.
    pub vanish_percent: usize,
    /// The whole listings that must agree before records that were held back are deleted.
    pub vanish_listings: i32,
    /// The most missing records whose absence is proven at once, one by one; more wait for the next listing.
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

/// The relay, which publishes events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// The events that are numbered and published in one batch.
    pub batch: usize,
    /// The life of the leadership. A shorter life takes over sooner from a dead relay; a longer one writes less.
    pub lease_seconds: u64,
    /// The pause before the next look for events when there were none.
    pub idle_milliseconds: u64,
    /// The time for which events and tombstones are kept. A subscriber that was away for longer lists again.
    pub keep_hours: u64,
}

impl Default for Relay {
    fn default() -> Self {
        Self { batch: 500, lease_seconds: 15, idle_milliseconds: 200, keep_hours: 168 }
    }
}

/// The admin listener of every role: metrics, liveness, readiness and the log filter, without authentication.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// The address and port to listen on; no listener if empty. Port 0 takes a free one, which the log names.
    pub listen: String,
    /// Whether `listen` may be an address that other machines reach. Everybody there can then read the metrics and change
    /// the log filter.
    pub allow_remote: bool,
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: "127.0.0.1:0".to_owned(), allow_remote: false }
    }
}

/// Logging.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The filter, in the form of `RUST_LOG`.
    pub filter: String,
    /// The format: `text` or `json`.
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

/// Security switches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// Whether the gateway refuses to start unless HTTP, AMQP and MySQL are encrypted.
    pub refuse_plaintext: bool,
}

impl Poller {
    /// Returns the life of a lease on a target.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
}

/// Returns a URL without its password, for logs.
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

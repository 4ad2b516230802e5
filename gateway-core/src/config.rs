//! Configuration: one TOML file and the environment.
//!
//! The environment overrides the file: `GATEWAY_FRONT_LISTEN` sets the key `listen` of the section `[front]`.

mod environment;
mod section;

pub use section::{
    Admin, Bus, Database, Front, Handler, KeyringSource, Log, Operations, Poller, Relay, Security,
    without_password,
};

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::telemetry::NewFilter;

/// The largest body that a request over the bus may have. With a larger one, a message would exceed its limit.
const MAX_BODY: usize = 1 << 20;

/// The whole configuration. `gateway up` works with the defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The store.
    pub database: Database,
    /// The bus.
    pub bus: Bus,
    /// The gateway's own keys.
    pub keyring: KeyringSource,
    /// The HTTP front.
    pub front: Front,
    /// The handler pool.
    pub handler: Handler,
    /// Operations on resources.
    pub operations: Operations,
    /// The poller, which keeps the store current.
    pub poller: Poller,
    /// The relay, which publishes events.
    pub relay: Relay,
    /// The admin listener of every role.
    pub admin: Admin,
    /// Logging.
    pub log: Log,
    /// Security switches.
    pub security: Security,
}

impl Config {
    /// Reads file and environment. Without a file the defaults apply.
    ///
    /// # Errors
    /// Invalid, with the file or variable, the key and the expected form.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let (text, name) = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Error::invalid(format!("cannot read `{}`: {error}", path.display())))?;
                (text, path.display().to_string())
            }
            None => (String::new(), "the defaults".to_owned()),
        };
        let in_file =
            |error: toml::de::Error| Error::invalid(format!("{name}: {}", error.to_string().trim_end()));
        // Parsed once without the environment, so that an error has a line of the file.
        let _: Self = toml::from_str(&text).map_err(in_file)?;
        let mut table: toml::Table = toml::from_str(&text).map_err(in_file)?;
        let known = toml::Table::try_from(Self::default()).map_err(Error::internal)?;
        environment::overlay(&mut table, &known, environment)?;
        let config: Self = table
            .try_into()
            .map_err(|error: toml::de::Error| Error::invalid(format!("environment: {}", error.message())))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let refuse = |text: String| Err(Error::invalid(text));
        if self.is_embedded_store() && !self.database.url.starts_with("sqlite:") {
            return refuse("`database.url` must start with `mysql:` or `sqlite:`".to_owned());
        }
        if !["memory:", "amqp://", "amqps://"].iter().any(|scheme| self.bus.url.starts_with(scheme)) {
            return refuse("`bus.url` must be `memory:` or start with `amqp://` or `amqps://`".to_owned());
        }
        if self.front.tls_certificate.is_empty() != self.front.tls_key.is_empty() {
            return refuse("`front.tls_certificate` and `front.tls_key` must be set together".to_owned());
        }
        if self.front.max_body_bytes > MAX_BODY {
            return refuse(format!(
                "`front.max_body_bytes` must be at most {MAX_BODY}: a larger body would not fit in a message"
            ));
        }
        if self.front.max_body_memory_bytes < self.front.max_body_bytes.saturating_mul(2) {
            return refuse(
                "`front.max_body_memory_bytes` must be at least twice `front.max_body_bytes`: one client has half of it"
                    .to_owned(),
            );
        }
        if self.poller.lease_seconds < 10 {
            return refuse(
                "`poller.lease_seconds` must be at least 10: a lease must outlast one page of a slow cloud"
                    .to_owned(),
            );
        }
        if self.operations.lease_seconds < 3 {
            return refuse(
                "`operations.lease_seconds` must be at least 3: a lease is renewed three times in its life"
                    .to_owned(),
            );
        }
        let positive = [
            ("database.connections", u64::from(self.database.connections)),
            ("bus.prefetch", u64::from(self.bus.prefetch)),
            ("front.max_in_flight", self.front.max_in_flight as u64),
            ("front.max_uploads", self.front.max_uploads as u64),
            ("front.max_connections", self.front.max_connections as u64),
            ("front.max_connections_per_peer", self.front.max_connections_per_peer as u64),
            ("front.first_request_timeout_seconds", self.front.first_request_timeout_seconds),
            ("front.unread_timeout_seconds", self.front.unread_timeout_seconds),
            ("handler.concurrency", self.handler.concurrency as u64),
            ("poller.concurrency", self.poller.concurrency as u64),
            ("poller.interval_seconds", self.poller.interval_seconds),
            ("poller.moving_interval_seconds", self.poller.moving_interval_seconds),
            ("relay.batch", self.relay.batch as u64),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return refuse(format!("`{key}` must be at least 1"));
        }
        if !self.log.filter.is_empty() {
            NewFilter::parse(&self.log.filter)
                .map_err(|error| Error::invalid(format!("`log.filter`: {}", error.message())))?;
        }
        if !self.admin.listen.is_empty() && !is_address(&self.admin.listen) {
            return refuse(format!(
                "`admin.listen` must be an address and port such as 127.0.0.1:9101, not `{}`",
                self.admin.listen
            ));
        }
        if self.security.refuse_plaintext {
            if self.front.tls_certificate.is_empty() {
                return refuse(
                    "`security.refuse_plaintext` needs `front.tls_certificate` and `front.tls_key`"
                        .to_owned(),
                );
            }
            if self.admin.allow_remote {
                return refuse(
                    "`security.refuse_plaintext` and `admin.allow_remote` exclude each other: the admin listener speaks plain HTTP"
                        .to_owned(),
                );
            }
            if self.bus.url.starts_with("amqp://") {
                return refuse(
                    "`security.refuse_plaintext` needs a `bus.url` that starts with `amqps://`".to_owned(),
                );
            }
            if self.database.url.starts_with("mysql:") && !self.database.url.contains("ssl_mode=") {
                return refuse(
                    "`security.refuse_plaintext` needs `ssl_mode=verify_identity` in `database.url`"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    /// Returns whether the store is the single-process one.
    pub fn is_embedded_store(&self) -> bool {
        !self.database.url.starts_with("mysql:")
    }

    /// Returns whether the bus is the single-process one.
    pub fn is_embedded_bus(&self) -> bool {
        self.bus.url == "memory:"
    }

    /// Checks that store and bus are servers, which a role in a process of its own needs.
    ///
    /// # Errors
    /// Invalid, with the key to set.
    pub fn require_servers(&self, role: &str) -> Result<()> {
        let missing = match (self.is_embedded_store(), self.is_embedded_bus()) {
            (_, true) => "bus.url (amqp://...)",
            (true, _) => "database.url (mysql://...)",
            _ => return Ok(()),
        };
        Err(Error::invalid(format!(
            "`gateway {role}` shares its work with other processes and needs {missing}; `gateway up` runs all roles in one process"
        )))
    }
}

/// Returns whether a text is a host and a port.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn environment_overrides_defaults() {
        let set = env(&[
            ("GATEWAY_FRONT_LISTEN", "127.0.0.1:0"),
            ("GATEWAY_POLLER_INTERVAL_SECONDS", "7"),
            ("PATH", "/bin"),
        ]);
        let config = Config::load(None, set).unwrap();
        assert_eq!(config.front.listen, "127.0.0.1:0");
        assert_eq!(config.poller.interval_seconds, 7);
    }

    #[test]
    fn errors_name_the_setting() {
        for (pairs, expected) in [
            (env(&[("GATEWAY_FRONT_LISTN", "x")]), "GATEWAY_FRONT_LISTN"),
            (env(&[("GATEWAY_POLLER_INTERVAL_SECONDS", "soon")]), "GATEWAY_POLLER_INTERVAL_SECONDS"),
            (env(&[("GATEWAY_DATABASE_URL", "postgres://x")]), "database.url"),
            (env(&[("GATEWAY_SECURITY_REFUSE_PLAINTEXT", "true")]), "front.tls_certificate"),
            (env(&[("GATEWAY_RELAY_BATCH", "0")]), "relay.batch"),
            (env(&[("GATEWAY_LOG_FILTER", "nonsense")]), "`log.filter`: `nonsense` is no log level"),
            (env(&[("GATEWAY_ADMIN_LISTEN", "9101")]), "admin.listen"),
            (env(&[("GATEWAY_ADMIN_LISTEN", "127.0.0.1:99999")]), "admin.listen"),
            (env(&[("GATEWAY_FRONT_MAX_BODY_MEMORY_BYTES", "2000000")]), "front.max_body_memory_bytes"),
        ] {
            let error = Config::load(None, pairs).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }

    #[test]
    fn example_file_has_every_key_with_its_default() {
        let example: Config = toml::from_str(include_str!("../../deploy/gateway.example.toml")).unwrap();
        let (example, default) =
            (toml::to_string(&example).unwrap(), toml::to_string(&Config::default()).unwrap());
        assert_eq!(example, default);
        let text: toml::Table = toml::from_str(include_str!("../../deploy/gateway.example.toml")).unwrap();
        assert_eq!(text, toml::Table::try_from(Config::default()).unwrap(), "the example has every key");
    }
}

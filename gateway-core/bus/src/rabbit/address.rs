//! The broker's address, and connections to it.

use std::time::Duration;

use gateway_core::config::Bus as BusConfig;
use gateway_core::{Error, Result};
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties};

use super::fault::Fault;

/// The longest wait for a connection. A longer wait tolerates slow networks; a shorter one detects an absent broker sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The seconds between heartbeats; the connection ends after two without an answer. A shorter interval detects a silent
/// broker sooner, at more traffic.
const HEARTBEAT_SECONDS: u16 = 10;

/// The address of a broker.
pub(super) struct Address {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
}

impl Address {
    /// Reads the configured URL and authority file. The certificates of `ca_file` are trusted in addition to the system's.
    pub(super) fn parse(config: &BusConfig) -> Result<Self> {
        // The parser's own text may quote the URL with its password.
        let mut uri: AMQPUri = config.url.parse().map_err(|_| {
            Error::invalid("`bus.url` must have the form `amqp[s]://USER:PASSWORD@HOST[:PORT]/VHOST`")
        })?;
        // lapin would connect to localhost instead of an IPv6 address.
        if config.url.contains("@[") || config.url.contains("//[") {
            return Err(Error::invalid("`bus.url` must not contain an IPv6 address; use a host name"));
        }
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        if uri.scheme == AMQPScheme::AMQPS {
            // Fails if a provider is installed already, which is fine.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let cert_chain = match config.ca_file.as_str() {
            "" => None,
            file => Some(std::fs::read_to_string(file).map_err(|error| {
                Error::invalid("`bus.ca_file` cannot be read").with("file", file).with_source(error)
            })?),
        };
        Ok(Self { uri, tls: OwnedTLSConfig { identity: None, cert_chain } })
    }

    /// Opens a connection that the broker lists under this name.
    pub(super) async fn connect(&self, name: &str) -> Result<Connection, Fault> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri_with_config(
            self.uri.clone(),
            properties,
            self.tls.clone(),
            lapin::runtime::default_runtime()?,
        );
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(Fault::Passing("the broker did not answer in time".to_owned())),
        }
    }

    /// Returns host and port, for the log.
    pub(super) fn shown(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address> {
        Address::parse(&BusConfig { url: url.to_owned(), ..BusConfig::default() })
    }

    #[test]
    fn errors_of_urls_quote_no_password() {
        for url in ["hunter2", "http://user:hunter2@host/", "amqp://user:hunter2@host:port/", "amqp://[::1]/"]
        {
            let error = parse(url).err().unwrap();
            assert!(!error.chain().contains("hunter2"), "{}", error.chain());
        }
    }

    #[test]
    fn empty_path_is_the_default_virtual_host() {
        assert_eq!(parse("amqp://user:hunter2@broker/").unwrap().uri.vhost, "/");
        assert_eq!(parse("amqp://user:hunter2@broker/").unwrap().shown(), "broker:5672");
    }
}

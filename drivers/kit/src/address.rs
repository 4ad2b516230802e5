//! The address gate: only hosts that a cloud's registration allows are called.

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use url::{Host, Url};

/// Placeholder for `{region}` while an endpoint is parsed; no real host contains it.
const PLACEHOLDER: &str = "region-placeholder-x7";

/// The hosts that may be called for one cloud.
#[derive(Clone, Debug)]
pub struct AddressGate {
    hosts: Vec<Pattern>,
    allow_plaintext: bool,
}

/// An allowed host, with one port or with any.
#[derive(Clone, Debug)]
struct Pattern {
    before: String,
    /// The rest of the host after the region's name, in an endpoint with `{region}` in its host.
    after_region: Option<String>,
    port: Option<u16>,
}

impl AddressGate {
    /// Builds the gate of a registration: the endpoint's host on any port, and `allowed_hosts`, each `HOST` (any
    /// port) or `HOST:PORT`.
    ///
    /// # Errors
    /// Invalid, with the endpoint or host that cannot be read.
    pub fn new(cloud: &CloudSpec) -> Result<Self> {
        let endpoint = Url::parse(&cloud.endpoint.replace("{region}", PLACEHOLDER))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
            .ok_or_else(|| Error::invalid(format!("`{}` is not an http(s) URL", cloud.endpoint)))?;
        let mut hosts = vec![Pattern::new(endpoint.host_str().unwrap_or_default(), None)];
        for allowed in &cloud.allowed_hosts {
            let url = Url::parse(&format!("any://{allowed}"))
                .ok()
                .filter(|url| matches!(url.path(), "" | "/") && url.username().is_empty())
                .ok_or_else(|| Error::invalid(format!("`{allowed}` is neither HOST nor HOST:PORT")))?;
            let host = url.host_str().ok_or_else(|| Error::invalid(format!("`{allowed}` has no host")))?;
            hosts.push(Pattern::new(&host.to_ascii_lowercase(), url.port()));
        }
        Ok(Self { hosts, allow_plaintext: cloud.allow_plaintext })
    }

    /// Checks whether a URL may be called.
    ///
    /// # Errors
    /// `AddressRefused`, with the host and the rule.
    pub fn check(&self, url: &Url) -> Result<()> {
        let Some(host) = url.host_str() else {
            return Err(refused("an address without host"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(&format!("`{host}` with a user in the address")));
        }
        match url.scheme() {
            "https" | "http" if is_transport_allowed(url, self.allow_plaintext) => {}
            "http" => {
                return Err(refused(&format!(
                    "`{host}` by plain HTTP, which the cloud's registration does not allow"
                )));
            }
            other => return Err(refused(&format!("`{host}` by scheme `{other}`"))),
        }
        let port = url.port_or_known_default();
        if self.hosts.iter().any(|pattern| pattern.matches(host, port)) {
            return Ok(());
        }
        Err(refused(&format!("`{host}`, which is not an allowed host of the cloud's registration")))
    }
}

impl Pattern {
    fn new(host: &str, port: Option<u16>) -> Self {
        match host.split_once(PLACEHOLDER) {
            Some((before, after)) => {
                Self { before: before.to_owned(), after_region: Some(after.to_owned()), port }
            }
            None => Self { before: host.to_owned(), after_region: None, port },
        }
    }

    fn matches(&self, host: &str, port: Option<u16>) -> bool {
        if self.port.is_some() && self.port != port {
            return false;
        }
        let Some(after) = &self.after_region else { return host == self.before };
        // A region's name is one label: with a dot in it, any host could follow.
        host.strip_prefix(self.before.as_str())
            .and_then(|rest| rest.strip_suffix(after.as_str()))
            .is_some_and(|name| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
    }
}

/// Returns whether a URL uses TLS, or may be called without.
pub(crate) fn is_transport_allowed(url: &Url, allow_plaintext: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => allow_plaintext || is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn refused(address: &str) -> Error {
    Error::new(ErrorKind::AddressRefused, format!("refused to call {address}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gateway_core::id::CloudId;

    use super::*;

    fn gate(endpoint: &str, allowed: &[&str], allow_plaintext: bool) -> AddressGate {
        AddressGate::new(&CloudSpec {
            id: CloudId::generate(),
            name: "test".to_owned(),
            endpoint: endpoint.to_owned(),
            regions: Vec::new(),
            allowed_hosts: allowed.iter().map(|&host| host.to_owned()).collect(),
            allow_plaintext,
            require_date: false,
            calls_per_second: 10.0,
            timeout: Duration::from_secs(1),
            options: serde_json::Map::new(),
        })
        .unwrap()
    }

    fn allows(gate: &AddressGate, url: &str) -> bool {
        match gate.check(&Url::parse(url).unwrap()) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::AddressRefused);
                false
            }
        }
    }

    #[test]
    fn only_endpoint_host_and_allowed_hosts_are_called() {
        let gate = gate("https://cloud.example:5000/v3", &["nova.example", "Cinder.example:8776"], false);
        for (url, allowed) in [
            ("https://cloud.example:8774/v2.1", true),
            ("https://CLOUD.example/v2.1", true),
            ("https://nova.example:1/x", true),
            ("https://cinder.example:8776/v3", true),
            ("https://cinder.example/v3", false),
            ("https://evil.example/", false),
            ("https://cloud.example.evil/", false),
            ("https://user@cloud.example/", false),
            ("http://cloud.example/", false),
            ("ftp://cloud.example/", false),
        ] {
            assert_eq!(allows(&gate, url), allowed, "{url}");
        }
    }

    #[test]
    fn plain_http_is_called_on_loopback_or_by_opt_in() {
        for (endpoint, plaintext, allowed) in [
            ("http://127.0.0.1:15000/v3", false, true),
            ("http://127.8.8.8/", false, true),
            ("http://[::1]:1/", false, true),
            ("http://localhost/", false, true),
            ("http://localhost.example/", false, false),
            ("http://10.0.0.1/", false, false),
            ("http://10.0.0.1/", true, true),
        ] {
            assert_eq!(allows(&gate(endpoint, &[], plaintext), endpoint), allowed, "{endpoint}");
        }
    }

    #[test]
    fn region_in_the_host_is_one_label() {
        let gate = gate("https://ec2.{region}.aws.example", &[], false);
        assert!(allows(&gate, "https://ec2.eu-west-1.aws.example/"));
        assert!(!allows(&gate, "https://ec2..aws.example/"));
        assert!(!allows(&gate, "https://ec2.evil.example/x.aws.example"));
        assert!(!allows(&gate, "https://ec2.a.b.aws.example/"));
    }
}

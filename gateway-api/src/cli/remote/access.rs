//! Which gateway a command asks, and with what right: the environment first, then the last login.

use std::path::PathBuf;

use clap::Args;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use url::{Host, Url};

use super::api::Gateway;
use super::session::{self, Session};

/// The token, where it is not that of the last login. Not an option: those can be seen in lists of processes.
const TOKEN: &str = "GATEWAY_TOKEN";

#[derive(Debug, Args)]
pub(in crate::cli) struct Access {
    /// The gateway, instead of that of the last login. Its token is then expected in `GATEWAY_TOKEN`.
    #[arg(long, env = "GATEWAY_URL", value_name = "URL")]
    url: Option<String>,
    /// The file of the login [default: `gateway/session.json` in `$XDG_CONFIG_HOME` or `~/.config`].
    #[arg(long, env = "GATEWAY_SESSION", value_name = "FILE")]
    session: Option<PathBuf>,
}

impl Access {
    /// The gateway, ready to be asked.
    pub(in crate::cli) fn gateway(self) -> Result<Gateway> {
        let token = std::env::var(TOKEN).unwrap_or_default();
        let token = Some(token.trim()).filter(|token| !token.is_empty()).map(Secret::new);
        let url = self.url.filter(|url| !url.is_empty()).map(|url| address(&url)).transpose()?;
        let (url, token) = match (url, token) {
            (Some(url), Some(token)) => (url, token),
            (url, token) => combine(url, token, Session::load(&session::file(self.session)?)?)?,
        };
        Gateway::new(&url, Some(token))
    }
}

/// Fills up from the session what the environment does not say. A token goes to no gateway but its own.
fn combine(url: Option<String>, token: Option<Secret>, session: Option<Session>) -> Result<(String, Secret)> {
    let Some(session) = session else {
        let missing = match url {
            None => "there is no login yet: `gateway login` makes one".to_owned(),
            Some(_) => format!("there is no token: `gateway login` gets one, or set {TOKEN}"),
        };
        return Err(Error::new(ErrorKind::Unauthorized, missing));
    };
    match (url, token) {
        (Some(url), None) if url != session.url => Err(Error::new(
            ErrorKind::Unauthorized,
            format!("the last login is at {}, not at {url}: log in there, or set {TOKEN}", session.url),
        )),
        (_, None) => Ok((session.url, session.token)),
        (url, Some(token)) => Ok((url.unwrap_or(session.url), token)),
    }
}

/// The address in the one form in which it is kept and compared: no slash at its end.
pub(super) fn address(text: &str) -> Result<String> {
    // The text may hold a password: it is not repeated.
    let wrong = |what: &str| Error::invalid(format!("the gateway's URL {what}"));
    let url = Url::parse(text).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(wrong("must start with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must hold no user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must end with its path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether what is sent there crosses a network in clear.
pub(super) fn is_plaintext(address: &str) -> bool {
    address.starts_with("http://") && !is_loopback(address)
}

/// Whether it is this machine.
pub(super) fn is_loopback(address: &str) -> bool {
    let url = Url::parse(address).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Timestamp;

    use super::*;

    fn session() -> Option<Session> {
        Some(Session {
            url: "https://one.example".to_owned(),
            client_id: "c".to_owned(),
            token: Secret::new("kept"),
            expires_at: Timestamp(0),
        })
    }

    #[test]
    fn the_environment_wins_and_a_kept_token_stays_with_its_gateway() {
        let found = |url: Option<&str>, token: Option<&str>, session| {
            let found = combine(url.map(str::to_owned), token.map(Secret::new), session);
            found.map(|(url, token)| format!("{url} {}", token.expose())).map_err(|error| error.to_string())
        };
        assert_eq!(found(None, None, session()).unwrap(), "https://one.example kept");
        assert_eq!(found(None, Some("other"), session()).unwrap(), "https://one.example other");
        assert_eq!(found(Some("https://one.example"), None, session()).unwrap(), "https://one.example kept");
        assert_eq!(
            found(Some("https://two.example"), Some("t"), session()).unwrap(),
            "https://two.example t"
        );
        assert!(found(Some("https://two.example"), None, session()).unwrap_err().contains(TOKEN));
        assert!(found(None, None, None).unwrap_err().contains("gateway login"));
        assert!(found(Some("https://two.example"), None, None).unwrap_err().contains(TOKEN));
    }

    #[test]
    fn addresses_have_one_form() {
        for (text, expected) in [
            ("https://gateway.example/", "https://gateway.example"),
            ("HTTPS://Gateway.example:443", "https://gateway.example"),
            ("http://127.0.0.1:8080/clouds/", "http://127.0.0.1:8080/clouds"),
        ] {
            assert_eq!(address(text).unwrap(), expected);
        }
        for text in ["gateway.example", "ftp://x", "https://u:hunter2@x", "https://x/?a=b", ""] {
            let error = address(text).unwrap_err();
            assert!(!error.chain().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for (url, plain) in [
            ("http://localhost:1", false),
            ("http://127.3.2.1", false),
            ("http://[::1]:8", false),
            ("https://gateway.example", false),
            ("http://gateway.example", true),
            ("http://127.0.0.1.example", true),
        ] {
            assert_eq!(is_plaintext(url), plain, "{url}");
        }
    }
}

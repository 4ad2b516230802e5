//! The gateway and the token of a command: the environment first, then the last login.

use std::path::PathBuf;

use clap::Args;
use gateway_client::{Address, Client};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;

use super::session::{self, Session};

/// Variable with a token that replaces the one of the last login. An option would be visible in lists of processes.
const TOKEN: &str = "GATEWAY_TOKEN";

/// Name of this program for the gateway.
pub(super) const USER_AGENT: &str = concat!("gateway-cli/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Args)]
pub(in crate::cli) struct Access {
    /// Use this gateway instead of the one of the last login; its token is read from `GATEWAY_TOKEN`.
    #[arg(long, env = "GATEWAY_URL", value_name = "URL")]
    url: Option<String>,
    /// Read the login from this file [default: `gateway/session.json` in `$XDG_CONFIG_HOME` or `~/.config`].
    #[arg(long, env = "GATEWAY_SESSION", value_name = "FILE")]
    session: Option<PathBuf>,
}

impl Access {
    /// Returns a client of the gateway.
    pub(in crate::cli) fn client(self) -> Result<Client> {
        let token = std::env::var(TOKEN).unwrap_or_default();
        let token = Some(token.trim()).filter(|token| !token.is_empty()).map(Secret::new);
        let url = self.url.filter(|url| !url.is_empty()).map(|url| url.parse()).transpose()?;
        let (url, token) = match (url, token) {
            (Some(url), Some(token)) => (url, token),
            (url, token) => combine(url, token, Session::load(&session::file(self.session)?)?)?,
        };
        Ok(Client::new(url, USER_AGENT)?.with_token(token))
    }
}

/// Takes from the session what the environment lacks. A stored token is sent only to its own gateway.
fn combine(
    url: Option<Address>,
    token: Option<Secret>,
    session: Option<Session>,
) -> Result<(Address, Secret)> {
    let Some(session) = session else {
        let missing = match url {
            None => "there is no login yet; run `gateway login`".to_owned(),
            Some(_) => format!("there is no token; run `gateway login` or set `{TOKEN}`"),
        };
        return Err(Error::new(ErrorKind::Unauthorized, missing));
    };
    match (url, token) {
        (Some(url), None) if url != session.url => Err(Error::new(
            ErrorKind::Unauthorized,
            format!(
                "the last login is at `{}`, not at `{url}`; run `gateway login --url {url}` or set `{TOKEN}`",
                session.url
            ),
        )),
        (_, None) => Ok((session.url, session.token)),
        (url, Some(token)) => Ok((url.unwrap_or(session.url), token)),
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Timestamp;

    use super::*;

    fn session() -> Option<Session> {
        Some(Session {
            url: "https://one.example".parse().unwrap(),
            client_id: "c".to_owned(),
            token: Secret::new("kept"),
            expires_at: Timestamp(0),
        })
    }

    #[test]
    fn environment_precedes_the_session_and_a_stored_token_stays_with_its_gateway() {
        let found = |url: Option<&str>, token: Option<&str>, session| {
            let found = combine(url.map(|url| url.parse().unwrap()), token.map(Secret::new), session);
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
}

//! `gateway login`: proves credentials and stores the token.

use std::path::{Path, PathBuf};

use clap::Args;
use gateway_client::{Account, Address, Client, Login as Answer, Rejected};
use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::access::USER_AGENT;
use super::session::{self, Session};
use super::{Form, problem, prompt, value};
use crate::cli::output;
use crate::cli::table::{Cell, Table, printable};

/// File name that stands for standard input.
const INPUT: &str = "-";

#[derive(Debug, Args)]
#[command(after_long_help = "A file of --credential contains an object or an array of objects:\n  \
    {\"cloud\": \"lab\", \"credential\": {\"method\": \"password\", \"username\": \"...\", \"password\": \"...\", \"project\": \"...\"}}\n\n\
    Credentials are sent to the gateway and are not stored here. Without a credential, the proven accounts get a\n\
    new token; --url and --client-id default to those of the last login.")]
pub(in crate::cli) struct Login {
    /// Log in to this gateway [default: the one of the last login].
    #[arg(long, env = "GATEWAY_URL")]
    url: Option<String>,
    /// Log in as the client with this id; the operator of the gateway issues it [default: the one of the last login].
    #[arg(long, env = "GATEWAY_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// Use this secret of the client. Others can see it in the list of processes; without the option it is read from
    /// the terminal or from standard input.
    #[arg(long, env = "GATEWAY_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    client_secret: Option<Secret>,
    /// Read credentials in JSON from this file, or from standard input if it is `-`; can be repeated.
    #[arg(long = "credential", value_name = "FILE")]
    credentials: Vec<PathBuf>,
    /// Send secrets over plain HTTP to another machine, readable for anyone in between.
    #[arg(long)]
    allow_plaintext: bool,
    /// Store the login in this file [default: `gateway/session.json` in `$XDG_CONFIG_HOME` or `~/.config`].
    #[arg(long, env = "GATEWAY_SESSION", value_name = "FILE")]
    session: Option<PathBuf>,
    /// Print a table of the accounts, or the whole answer in JSON without the token.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

/// A credential as in the file and in the API.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    cloud: String,
    credential: Box<RawValue>,
}

impl Login {
    pub(super) async fn run(self) -> Result<()> {
        let file = session::file(self.session.clone())?;
        let (url, client_id) = self.gateway_and_client(&file)?;
        if url.is_plaintext() && !self.allow_plaintext {
            let text =
                format!("`{url}` sends secrets over the network in clear; use https or `--allow-plaintext`");
            return Err(Error::invalid(text));
        }
        let input = Path::new(INPUT);
        let mut credentials = Vec::new();
        for from in &self.credentials {
            credentials.extend(read(from)?);
        }
        let secret = match self.client_secret.filter(|secret| !secret.expose().is_empty()) {
            Some(secret) => secret,
            None => {
                let is_taken = self.credentials.iter().any(|from| from == input);
                prompt::secret("the client's secret", is_taken).await?
            }
        };
        let body = json!({ "credentials": credentials });
        let client = Client::new(url.clone(), USER_AGENT)?;
        let answer = client.check_credentials(&client_id, &secret, &body).await?;
        let answer = answer.success().map_err(|refusal| {
            refusal.problem.iter().for_each(|problem| print_rejected(&problem.rejected));
            problem::refused(&refusal, &[])
        })?;
        let Answer { token, expires_at, accounts, account_summary, rejected } = answer.read()?;
        Session { url: url.clone(), client_id: client_id.clone(), token, expires_at }.save(&file)?;
        print_rejected(&rejected);
        match self.output {
            Form::Table => output::data(&format!("{}\n", table(&accounts)))?,
            Form::Json => output::data(&format!(
                "{}\n",
                json!({ "url": url, "client_id": client_id, "expires_at": expires_at,
                        "accounts": accounts, "account_summary": account_summary, "rejected": rejected })
            ))?,
        };
        let (named, all) = (accounts.len(), account_summary.total);
        if named < all {
            let path = printable(&account_summary.link);
            output::note(&format!("these are {named} of your {all} accounts; GET {path} lists all"));
        }
        let until = value::moment(&expires_at.to_string());
        output::note(&format!("logged in to {url} until {until}; stored in {}", file.display()));
        Ok(())
    }

    /// Returns the gateway and the client as given, or those of the last login.
    fn gateway_and_client(&self, file: &Path) -> Result<(Address, String)> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let (url, client) = (given(&self.url), given(&self.client_id));
        let last = if url.is_none() || client.is_none() { Session::load(file)? } else { None };
        let missing =
            |option| Error::invalid(format!("`{option}` is required, because there was no login before"));
        let (last_url, last_client) = last.map(|last| (last.url, last.client_id)).unzip();
        let url = match url {
            Some(url) => url.parse()?,
            None => last_url.ok_or_else(|| missing("--url"))?,
        };
        let client = client.or(last_client).ok_or_else(|| missing("--client-id"))?;
        Ok((url, client))
    }
}

/// Reads a credential or an array of them. An error names only line and column, because serde's text may quote a secret.
fn read(from: &Path) -> Result<Vec<Credential>> {
    let name = from.display();
    let text = match from == Path::new(INPUT) {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(from),
    };
    let text = text.map(Zeroizing::new);
    let text =
        text.map_err(|error| Error::invalid(format!("cannot read credentials from `{name}`: {error}")))?;
    let sent = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(&text),
        false => serde_json::from_str(&text).map(|one| vec![one]),
    };
    sent.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!(
            "`{name}` does not contain credentials: it differs at line {line}, column {column}; see `gateway login --help`"
        ))
    })
}

fn print_rejected(rejected: &[Rejected]) {
    for Rejected { cloud, reason, detail } in rejected {
        output::note(&printable(&format!("rejected: {cloud}: {reason}: {detail}")));
    }
}

fn table(accounts: &[Account]) -> String {
    let mut table = Table::of_lines(&["ACCOUNT", "NAME", "CLOUD", "EXTERNAL_ID"], 4);
    for Account { id, cloud, external_id, name } in accounts {
        table.row([id, name, cloud, external_id].map(|text| Cell::from(printable(text))));
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Credential>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn file_has_one_credential_or_several() {
        let one = r#"{"cloud": "lab", "credential": {"method": "password"}}"#;
        assert_eq!(read_text(one).unwrap()[0].cloud, "lab");
        let several = read_text(&format!(" [{one}, {one}]")).unwrap();
        assert_eq!(several.len(), 2);
        let body = json!({ "credentials": several });
        assert_eq!(body["credentials"][1]["credential"]["method"], "password");
        assert!(read_text("[]").unwrap().is_empty());
    }

    #[test]
    fn error_of_a_malformed_file_quotes_nothing() {
        for wrong in [
            r#"{"cloud": "lab", "credential": {}, "password": "hunter2"}"#,
            r#"{"cloud": ["hunter2"], "credential": {}}"#,
            r#"["hunter2"]"#,
            r#""hunter2""#,
            "",
        ] {
            let error = read_text(wrong).map(|sent| sent.len()).unwrap_err();
            assert!(!error.chain().contains("hunter2"), "{error}");
            assert!(error.message().contains("line"), "{error}");
        }
    }
}

//! `gateway login`.

use std::path::{Path, PathBuf};

use clap::Args;
use gateway_core::Timestamp;
use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::api::Gateway;
use super::problem::{self, Rejected};
use super::session::{self, Session};
use super::{Form, access, prompt, value};
use crate::cli::output;
use crate::cli::table::{Cell, Table, printable};

/// Stands for standard input.
const INPUT: &str = "-";

#[derive(Debug, Args)]
#[command(after_long_help = "A file of --credential holds one object, or an array of them:\n  \
    {\"cloud\": \"lab\", \"credential\": {\"method\": \"password\", \"username\": \"...\", \"password\": \"...\", \"project\": \"...\"}}\n\n\
    Credentials go to the gateway and are not kept here. Without one, the accounts that are proven already get\n\
    a new token; --url and --client-id are then those of the last login.")]
pub(in crate::cli) struct Login {
    /// The gateway [default: that of the last login].
    #[arg(long, env = "GATEWAY_URL")]
    url: Option<String>,
    /// The client's id, from whoever runs the gateway [default: that of the last login].
    #[arg(long, env = "GATEWAY_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// The client's secret. Others can see it in the list of processes: leave it out to be asked for it, or to have
    /// it read from standard input.
    #[arg(long, env = "GATEWAY_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    client_secret: Option<Secret>,
    /// A file with credentials in JSON, or `-` for standard input; may be given several times.
    #[arg(long = "credential", value_name = "FILE")]
    credentials: Vec<PathBuf>,
    /// Send secrets over plain HTTP to another machine: whoever is on the way reads them.
    #[arg(long)]
    allow_plaintext: bool,
    /// Where to keep the login [default: `gateway/session.json` in `$XDG_CONFIG_HOME` or `~/.config`].
    #[arg(long, env = "GATEWAY_SESSION", value_name = "FILE")]
    session: Option<PathBuf>,
    /// A table of the accounts, or all in JSON but for the token.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

/// A credential, as a file has it and the API takes it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    cloud: String,
    credential: Box<RawValue>,
}

/// What the API answers.
#[derive(Deserialize)]
struct Checked {
    token: Secret,
    expires_at: Timestamp,
    accounts: Vec<Account>,
    rejected: Vec<Rejected>,
}

#[derive(Deserialize, Serialize)]
struct Account {
    id: String,
    cloud: String,
    external_id: String,
    name: String,
}

impl Login {
    pub(super) async fn run(self) -> Result<()> {
        let file = session::file(self.session.clone())?;
        let (url, client_id) = self.where_and_who(&file)?;
        if access::is_plaintext(&url) && !self.allow_plaintext {
            let text = "secrets would cross the network in clear: use https, or --allow-plaintext";
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
                let taken = self.credentials.iter().any(|from| from == input);
                prompt::secret("the client's secret", taken).await?
            }
        };
        let body = json!({ "credentials": credentials });
        let answer = Gateway::new(&url, None)?.check_credentials(&client_id, &secret, &body).await?;
        let answer = answer.taken_or(|body| tell_rejected(&problem::rejected(body)))?;
        let Checked { token, expires_at, accounts, rejected } = answer.read()?;
        Session { url: url.clone(), client_id: client_id.clone(), token, expires_at }.save(&file)?;
        tell_rejected(&rejected);
        match self.output {
            Form::Table => output::data(&format!("{}\n", table(&accounts)))?,
            Form::Json => output::data(&format!(
                "{}\n",
                json!({ "url": url, "client_id": client_id, "expires_at": expires_at,
                        "accounts": accounts, "rejected": rejected })
            ))?,
        };
        let until = value::moment(&expires_at.to_string());
        output::note(&format!("logged in to {url} until {until}; kept in {}", file.display()));
        Ok(())
    }

    /// As given, or as the last time.
    fn where_and_who(&self, file: &Path) -> Result<(String, String)> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let (url, client) = (given(&self.url), given(&self.client_id));
        let last = if url.is_none() || client.is_none() { Session::load(file)? } else { None };
        let missing = |what| Error::invalid(format!("there was no login before: {what} is needed"));
        let (last_url, last_client) = last.map(|last| (last.url, last.client_id)).unzip();
        let url = url.or(last_url).ok_or_else(|| missing("--url"))?;
        let client = client.or(last_client).ok_or_else(|| missing("--client-id"))?;
        Ok((access::address(&url)?, client))
    }
}

/// Reads one credential or an array of them. What is wrong is said by place alone: serde's words may quote a secret.
fn read(from: &Path) -> Result<Vec<Sent>> {
    let name = from.display();
    let text = match from == Path::new(INPUT) {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(from),
    };
    let text = text.map(Zeroizing::new);
    let text =
        text.map_err(|error| Error::invalid(format!("cannot read credentials from {name}: {error}")))?;
    let sent = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(&text),
        false => serde_json::from_str(&text).map(|one| vec![one]),
    };
    sent.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!(
            "{name} does not hold credentials: first difference at line {line}, column {column}; see `gateway login --help`"
        ))
    })
}

fn tell_rejected(rejected: &[Rejected]) {
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

    fn read_text(text: &str) -> Result<Vec<Sent>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn a_file_has_one_credential_or_several() {
        let one = r#"{"cloud": "lab", "credential": {"method": "password"}}"#;
        assert_eq!(read_text(one).unwrap()[0].cloud, "lab");
        let several = read_text(&format!(" [{one}, {one}]")).unwrap();
        assert_eq!(several.len(), 2);
        let body = json!({ "credentials": several });
        assert_eq!(body["credentials"][1]["credential"]["method"], "password");
        assert!(read_text("[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_file_quotes_nothing_of_it() {
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

//! `POST /v1/check_credentials`: checks credentials of clouds and issues a token for the proven accounts.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::accounts::Account;
use super::api_operation::{ApiOperation, reference};
use super::{Answer, Problem};
use crate::app::App;
use crate::app::access::SentCredential;
use crate::app::error::RejectionReason;
use crate::app::read::AccountName;
use crate::http::client::Authenticated;
use crate::http::query::Query;
use crate::http::{Exchange, problem};

/// Most credentials of one request. More would take longer than its deadline.
const MOST: usize = 100;

/// The path that lists all accounts of a token.
const ACCOUNTS: &str = "/v1/accounts";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    credentials: Vec<Sent>,
}

/// A credential whose form its cloud checks: one that is invalid does not affect the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    cloud: String,
    credential: Box<RawValue>,
}

/// The token and its accounts.
#[derive(Serialize)]
pub(super) struct Checked {
    token: String,
    expires_at: Timestamp,
    accounts: Vec<Account>,
    account_summary: AccountSummary,
    rejected: Vec<Value>,
}

/// The number of accounts of the token, and the path that lists them.
#[derive(Serialize)]
struct AccountSummary {
    total: usize,
    link: &'static str,
}

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Authenticated(client): Authenticated,
    exchange: Option<Extension<Exchange>>,
    query: Query,
    body: Bytes,
) -> Answer<(StatusCode, Json<Checked>)> {
    query.expect(&[])?;
    let request = read(&body)?;
    let sent = request.credentials.iter();
    let sent: Vec<_> =
        sent.map(|sent| SentCredential { cloud: &sent.cloud, credential: sent.credential.get() }).collect();
    let deadline = exchange.map(|Extension(exchange)| exchange.deadline);
    let checked = app.check_credentials(&client, &sent, deadline).await?;
    let checked = Checked {
        token: checked.token.expose().to_owned(),
        expires_at: checked.expires_at,
        accounts: checked.grants.iter().map(AccountName::from).map(Account::from).collect(),
        account_summary: AccountSummary { total: checked.granted, link: ACCOUNTS },
        rejected: checked.rejected.iter().map(problem::rejection).collect(),
    };
    Ok((StatusCode::CREATED, Json(checked)))
}

/// Reads the body. An error has only its position: the message of serde may quote a secret.
fn read(body: &[u8]) -> Answer<Request> {
    let wrong = |detail: String| Problem::bad_request("invalid-body", "Invalid body", detail);
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        wrong(format!(
            "line {}, column {} does not have the documented form; see /v1/openapi.json",
            error.line(),
            error.column()
        ))
    })?;
    match request.credentials.len() {
        count if count > MOST => {
            Err(wrong(format!("a request may have at most {MOST} credentials, not {count}")))
        }
        _ => Ok(request),
    }
}

pub(super) fn operation() -> ApiOperation {
    ApiOperation::new(
        "check_credentials",
        "Prove accounts and get a token; an empty list renews the grants",
        WorkClass::Check,
    )
    .for_clients()
    .body("CheckCredentials")
    .answer(201, "The token", Some(reference("CheckedCredentials")))
    .problem(401, "The client or all credentials were refused, or there is no grant to renew")
    .problem(429, "Too many wrong client secrets came from this address")
    .problem(422, "No credential was accepted, and the clock of a cloud is off")
    .problem(503, "No credential was accepted, and a cloud cannot be reached; or the gateway is unavailable")
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    let text = || json!({ "type": "string" });
    let form = |method: &str, required: &[&str], optional: &[&str]| {
        let mut properties = serde_json::Map::new();
        properties.insert("method".to_owned(), json!({ "const": method }));
        properties.extend(required.iter().chain(optional).map(|name| ((*name).to_owned(), text())));
        let required: Vec<_> = std::iter::once(&"method").chain(required).collect();
        json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
    };
    let credential = json!({ "oneOf": [
        form("password", &["username", "password", "project"], &["user_domain", "project_domain"]),
        form("application_credential", &["id", "secret"], &[]),
        form("access_key", &["access_key_id", "secret_access_key"], &["session_token"]),
    ] });
    let request = json!({
        "type": "object",
        "required": ["credentials"],
        "additionalProperties": false,
        "properties": { "credentials": { "type": "array", "maxItems": MOST, "items": {
            "type": "object",
            "required": ["cloud", "credential"],
            "additionalProperties": false,
            "properties": {
                "cloud": { "type": "string", "description": "Name of a registered cloud." },
                "credential": reference("Credential"),
            },
        } } },
    });
    let answer = json!({
        "type": "object",
        "required": ["token", "expires_at", "accounts", "account_summary", "rejected"],
        "properties": {
            "token": text(),
            "expires_at": { "type": "string", "format": "date-time" },
            "accounts": {
                "type": "array",
                "items": reference("Account"),
                "description": "Accounts of the token, those that were just proven first; at most 100.",
            },
            "account_summary": {
                "type": "object",
                "description": "All accounts of the token.",
                "required": ["total", "link"],
                "properties": {
                    "total": { "type": "integer", "minimum": 0, "description": "Their number." },
                    "link": { "type": "string", "description": "The path that lists them page by page." },
                },
            },
            "rejected": { "type": "array", "items": reference("Rejected") },
        },
    });
    let rejected = json!({
        "type": "object",
        "description": "A credential that was not accepted.",
        "required": ["cloud", "reason", "detail"],
        "properties": {
            "cloud": { "type": "string", "description": "Name of the cloud." },
            "reason": reference("Reason"),
            "detail": { "type": "string", "description": "The reason, as a sentence." },
        },
    });
    let reason = json!({
        "type": "string",
        "description": "The reason why a credential was not accepted.",
        "enum": RejectionReason::ALL.map(problem::rejection_word),
    });
    vec![
        ("Credential".to_owned(), credential),
        ("CheckCredentials".to_owned(), request),
        ("CheckedCredentials".to_owned(), answer),
        ("Rejected".to_owned(), rejected),
        ("Reason".to_owned(), reason),
    ]
}

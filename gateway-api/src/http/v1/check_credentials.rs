//! `POST /v1/check_credentials`: proves accounts with the clouds' own credentials, and issues the token.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use gateway_bus::{Nudge, WorkClass};
use gateway_core::Timestamp;
use gateway_core::access::token::{self, Claims};
use gateway_core::error::Result;
use gateway_core::id::TokenId;
use gateway_core::secret::Secret;
use gateway_store::Client;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::accounts::Account;
use super::operation::{Operation, reference, schema_of};
use super::proof::{Reason, Rejected, prove};
use super::{Answer, Problem};
use crate::http::Exchange;
use crate::http::client::Authenticated;
use crate::http::query::Query;
use crate::http::state::Api;

/// Credentials of one call. More makes one call slower than its deadline allows.
const MOST: usize = 100;

/// Credentials that are proved at the same time.
const AT_ONCE: usize = 8;

/// Kept of the deadline for the answer itself, so that one slow cloud does not cost the whole answer.
const RESERVE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    credentials: Vec<Sent>,
}

/// A credential's form is its cloud's concern: one that is wrong rejects itself and no other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    cloud: String,
    credential: Box<RawValue>,
}

/// The token, and what it is good for.
#[derive(Serialize)]
pub(super) struct Checked {
    token: String,
    expires_at: Timestamp,
    accounts: Vec<Account>,
    rejected: Vec<Rejected>,
}

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    Authenticated(client): Authenticated,
    exchange: Option<Extension<Exchange>>,
    query: Query,
    body: Bytes,
) -> Answer<(StatusCode, Json<Checked>)> {
    query.expect(&[])?;
    let request = read(&body)?;
    let left =
        exchange.map_or(Duration::from_secs(60), |exchange| exchange.deadline.since(state.clock.now()));
    let time = left.saturating_sub(RESERVE).max(RESERVE);
    let mut proofs = Vec::with_capacity(request.credentials.len());
    for sent in &request.credentials {
        proofs.push(prove(&state, client.id, &sent.cloud, sent.credential.get(), time).boxed());
    }
    let outcomes: Vec<_> = stream::iter(proofs).buffered(AT_ONCE).collect().await;
    let (proven, rejected): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    let rejected: Vec<_> = rejected.into_iter().filter_map(Result::err).collect();
    if !proven.is_empty() {
        state.authority_changed(client.id).await;
        state.bus.nudge(Nudge::TargetsDue).await;
        state.bus.nudge(Nudge::EventsWaiting).await;
    } else if !rejected.is_empty() {
        return Err(none_valid(&rejected));
    }
    answer(&state, &client, rejected).await
}

/// The token over all grants that live now, these and earlier ones.
async fn answer(
    state: &Api,
    client: &Client,
    rejected: Vec<Rejected>,
) -> Answer<(StatusCode, Json<Checked>)> {
    let authority = state.store.authority(client.id).await?.ok_or(crate::app::Error::ClientRefused)?;
    if authority.grants.is_empty() {
        let detail = "you have no account: send at least one credential";
        return Err(Problem::new(
            "no-accounts",
            "There is nothing to renew",
            StatusCode::UNAUTHORIZED,
            detail,
        ));
    }
    let (token, expires_at) = issue(state, client)?;
    let accounts = authority.grants.iter().map(Account::from).collect();
    let checked = Checked { token: token.expose().to_owned(), expires_at, accounts, rejected };
    Ok((StatusCode::CREATED, Json(checked)))
}

fn issue(state: &Api, client: &Client) -> Result<(Secret, Timestamp)> {
    let now = state.clock.now();
    // Right after a revocation of all, tokens count from the next whole second.
    let issued = now.max(client.tokens_from);
    let expires_at = Timestamp::from_seconds(issued.plus(state.token_life).seconds());
    let claims =
        Claims { sub: client.id, iat: issued.seconds(), exp: expires_at.seconds(), jti: TokenId::generate() };
    Ok((token::issue(&state.keyring.get(), &claims, now)?, expires_at))
}

/// Reads the body. What is wrong is said by place alone: serde's own words may quote a secret.
fn read(body: &[u8]) -> Answer<Request> {
    let wrong = |detail: String| {
        Problem::bad_request("invalid-body", "The body is not of the documented form", detail)
    };
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        wrong(format!(
            "see /v1/openapi.json; first difference at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    match request.credentials.len() {
        count if count > MOST => Err(wrong(format!("at most {MOST} credentials in one call, not {count}"))),
        _ => Ok(request),
    }
}

/// The problem when nothing of what was sent is valid; what may pass by itself is told first.
fn none_valid(rejected: &[Rejected]) -> Problem {
    let has = |reason| rejected.iter().any(|rejected| rejected.reason == reason);
    let problem = if has(Reason::ClockSkew) {
        let detail = "the clock of a cloud is too far off to believe what it says";
        Problem::new("clock-skew", "A cloud's clock is off", StatusCode::UNPROCESSABLE_ENTITY, detail)
    } else if has(Reason::Unreachable) {
        let detail = "a cloud could not be asked; what it would say is not known";
        Problem::new("unreachable", "A cloud cannot be reached", StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_retry_after(Duration::from_secs(10))
    } else {
        let detail = "no credential was taken; `rejected` says why for each";
        Problem::new("refused", "The credentials are refused", StatusCode::UNAUTHORIZED, detail)
    };
    problem.with_member("rejected", serde_json::to_value(rejected).unwrap_or_default())
}

pub(super) fn operation() -> Operation {
    Operation::new(
        "check_credentials",
        "Prove accounts and get a token; an empty list renews",
        WorkClass::Check,
    )
    .for_clients()
    .body("CheckCredentials")
    .answer(201, "The token", Some(reference("CheckedCredentials")))
    .problem(401, "Client refused, or no credential taken, or nothing to renew")
    .problem(422, "Nothing valid, and a cloud's clock is off")
    .problem(503, "Nothing valid, and a cloud cannot be reached; or the gateway is not available now")
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
        "required": ["token", "expires_at", "accounts", "rejected"],
        "properties": {
            "token": text(),
            "expires_at": { "type": "string", "format": "date-time" },
            "accounts": { "type": "array", "items": reference("Account") },
            "rejected": { "type": "array", "items": reference("Rejected") },
        },
    });
    vec![
        ("Credential".to_owned(), credential),
        ("CheckCredentials".to_owned(), request),
        ("CheckedCredentials".to_owned(), answer),
        schema_of::<Rejected>("Rejected"),
        schema_of::<Reason>("Reason"),
    ]
}

//! `POST /v1/refresh`: listings anew, of everything or of some scopes.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use gateway_bus::WorkClass;
use serde::Serialize;
use serde_json::json;

use super::operation::{Operation, reference};
use super::scope_filter::{self, ScopeFilter};
use super::scopes::Scope;
use super::{Answer, kind_filter};
use crate::http::Exchange;
use crate::http::bearer::Caller;
use crate::http::query::{Query, bad};
use crate::http::refresh::{self, MAX_AGE};
use crate::http::state::Api;

/// What became of the scopes.
#[derive(Debug, Serialize)]
pub(super) struct Refreshed {
    scopes: Vec<Scope>,
}

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    caller: Caller,
    exchange: Option<Extension<Exchange>>,
    query: Query,
) -> Answer<(StatusCode, Json<Refreshed>)> {
    let [cloud, region, account] = scope_filter::PARAMETERS;
    query.expect(&[cloud, region, account, "kind", "wait", MAX_AGE])?;
    let kind = kind_filter(&query)?;
    let filter = ScopeFilter::read(&query, &caller.authority)?;
    let age = refresh::max_age(&query)?.unwrap_or(Duration::ZERO);
    let waits = match query.get("wait") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(bad("wait", "must be true or false")),
    };
    let named = caller
        .authority
        .targets
        .iter()
        .filter(|target| kind.is_none_or(|kind| target.kind == kind) && filter.takes_target(target));
    let wish = refresh::wish(&state, exchange.as_deref(), named, age).await?;
    let as_of = wish.as_of;
    let (status, authority) = match waits {
        true => (StatusCode::OK, wish.fulfilled(&state, &caller).await?),
        false => (StatusCode::ACCEPTED, Arc::clone(&caller.authority)),
    };
    let scopes = authority
        .targets
        .iter()
        .filter(|target| kind.is_none_or(|kind| target.kind == kind) && filter.takes_target(target));
    let mut scopes: Vec<_> = scopes.map(|target| Scope::of(target, authority.read_at)).collect();
    if waits {
        scopes.iter_mut().for_each(|scope| scope.demand(as_of));
    }
    Ok((status, Json(Refreshed { scopes })))
}

pub(super) fn operation() -> Operation {
    let scopes = json!({
        "type": "object",
        "required": ["scopes"],
        "properties": { "scopes": { "type": "array", "items": reference("Scope") } },
    });
    scope_filter::describe(Operation::new("refresh", "Lists scopes anew", WorkClass::Refresh))
        .kind()
        .query("wait", "`false` answers at once", json!({ "type": "boolean", "default": true }))
        .max_age()
        .answer(200, "The scopes, listed anew; one that could not be says why", Some(scopes.clone()))
        .answer(202, "They will be; the scopes as they are now", Some(scopes))
}

//! `POST /v1/refresh`: a request for new listings of some scopes, or of all.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use gateway_bus::WorkClass;
use serde::Serialize;
use serde_json::json;

use super::api_operation::{ApiOperation, reference};
use super::scopes::Scope;
use super::{Answer, scope_parameters};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::refresh::Refresh;
use crate::app::visibility::ScopeFreshness;
use crate::http::Exchange;
use crate::http::max_age::{self, MAX_AGE};
use crate::http::query::{Query, invalid};

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Refreshed {
    scopes: Vec<Scope>,
}

/// Requests listings and waits for them, unless `wait=false`.
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    exchange: Option<Extension<Exchange>>,
    query: Query,
) -> Answer<(StatusCode, Json<Refreshed>)> {
    let [cloud, region, account, kind] = scope_parameters::PARAMETERS;
    query.expect(&[cloud, region, account, kind, "wait", MAX_AGE])?;
    let filter = scope_parameters::parse(&query)?;
    filter.expect_known(&caller.authority)?;
    let age = max_age::parse(&query)?.unwrap_or(Duration::ZERO);
    let waits = match query.get("wait") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(invalid("wait", "must be `true` or `false`")),
    };
    // A request without the wait has the same work class.
    let deadline = max_age::deadline(exchange.as_deref(), true)?;
    let refresh = Refresh::request(&app, &caller, filter.targets(&caller.authority), age, deadline).await?;
    if !waits {
        return Ok((StatusCode::ACCEPTED, respond(filter.listed(&caller.authority))));
    }
    let as_of = refresh.as_of;
    let authority = refresh.wait(&app, &caller).await?;
    let mut scopes = filter.listed(&authority);
    scopes.iter_mut().for_each(|scope| scope.require(as_of));
    Ok((StatusCode::OK, respond(scopes)))
}

fn respond(scopes: Vec<ScopeFreshness>) -> Json<Refreshed> {
    Json(Refreshed { scopes: Scope::all(scopes) })
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    let scopes = json!({
        "type": "object",
        "required": ["scopes"],
        "properties": { "scopes": { "type": "array", "items": reference("Scope") } },
    });
    scope_parameters::describe(ApiOperation::new(
        "refresh",
        "Request new listings of scopes",
        WorkClass::Refresh,
    ))
    .kind()
    .query("wait", "`false` answers without the wait", json!({ "type": "boolean", "default": true }))
    .max_age()
    .answer(
        200,
        "The scopes after the listings; a scope that was not listed has a reason",
        Some(scopes.clone()),
    )
    .answer(202, "The listings are requested; the scopes as they are now", Some(scopes))
}

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
use super::scopes::{Scope, Summary, scopes_schema};
use super::{Answer, scope_parameters};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::refresh::{Refresh, Refreshed};
use crate::app::visibility::{ScopeFilter, ScopeList, Scopes};
use crate::http::Exchange;
use crate::http::max_age::{self, MAX_AGE};
use crate::http::query::{Query, invalid};

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    scopes: Vec<Scope>,
    scope_summary: Summary,
}

/// Requests listings and waits for them, unless `wait=false`.
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    exchange: Option<Extension<Exchange>>,
    query: Query,
) -> Answer<(StatusCode, Json<Report>)> {
    let [cloud, region, account, kind] = scope_parameters::PARAMETERS;
    query.expect(&[cloud, region, account, kind, "wait", MAX_AGE])?;
    let filter = scope_parameters::parse(&query)?;
    filter.expect_known(&caller.authority.visibility)?;
    let age = max_age::parse(&query)?.unwrap_or(Duration::ZERO);
    let waits = match query.get("wait") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(invalid("wait", "must be `true` or `false`")),
    };
    // A request without the wait has the same work class.
    let deadline = max_age::deadline(exchange.as_deref(), true)?;
    let mut targets = app.targets.select(&caller.authority, &filter, None).await?;
    let refresh = Refresh::request(&app, targets.iter(), age, deadline).await?;
    if !waits {
        return Ok((
            StatusCode::ACCEPTED,
            respond(ScopeList::of_targets(&caller.authority, &targets, None), &filter),
        ));
    }
    let Refreshed { authority, as_of, settled_at } = refresh.wait(&app, &caller).await?;
    targets = app.targets.select(&authority, &filter, settled_at).await?;
    Ok((StatusCode::OK, respond(ScopeList::of_targets(&authority, &targets, Some(as_of)), &filter)))
}

fn respond(scopes: ScopeList<'_>, filter: &ScopeFilter) -> Json<Report> {
    let Scopes { first, summary, .. } = scopes.scopes();
    Json(Report { scopes: Scope::all(first), scope_summary: Summary::new(summary, filter) })
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    let scopes = json!({
        "type": "object",
        "required": ["scopes", "scope_summary"],
        "properties": { "scopes": scopes_schema(), "scope_summary": reference("ScopeSummary") },
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

//! `GET /v1/status`: the state of polling for the scopes that the caller may see.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use gateway_core::id::AccountId;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::api_operation::{ApiOperation, reference, schema_of};
use super::scopes::{Scope, Summary};
use super::{Answer, scope_parameters};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, CloudClock, StatusQuery, StatusReport, TargetReport};
use crate::http::query::Query;

/// The scopes of a page without `limit`.
const DEFAULT_LIMIT: usize = 100;

/// Most scopes of a page. A higher value saves requests; a lower one keeps messages small.
const MAX_LIMIT: usize = 1000;

/// The response: the state of polling at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    at: Timestamp,
    summary: Summary,
    targets: Vec<Target>,
    next: Option<String>,
    clouds: Vec<Clock>,
    budgets: Vec<Budget>,
}

/// A scope and kind, and the schedule of its listings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Target {
    #[serde(flatten)]
    scope: Scope,
    /// Seconds since the last complete listing began.
    age_seconds: Option<f64>,
    /// Seconds until the next listing; null while one is under way or if no credential can list the scope.
    due_in_seconds: Option<f64>,
    /// Seconds between listings at present; 0 for a scope that the caller's credential may not list.
    interval_seconds: f64,
    /// A listing is under way.
    under_way: bool,
    /// Consecutive failed attempts.
    failures: i32,
}

/// The clock of a cloud compared with the gateway's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Clock {
    /// The name of the cloud.
    cloud: String,
    /// Seconds by which the endpoint that is furthest off is ahead of the gateway; null if no endpoint sends its time.
    skew_seconds: Option<f64>,
    /// The endpoint is rejected until its clock is right.
    rejected: bool,
    /// Endpoints whose responses have no time.
    silent_endpoints: usize,
    /// The time of the measurement, or some minutes before. Measurements older than two hours are left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
}

/// The call budget of one account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Budget {
    /// The account.
    #[schema(value_type = uuid::Uuid)]
    account: AccountId,
    /// The name of its cloud.
    cloud: String,
    /// Calls per second of all processes.
    calls_per_second: f64,
    /// The part of them that polls may use; the rest is kept for writes.
    for_polling_per_second: f64,
    /// Listings under way that share the budget.
    listings: usize,
    /// The end of a pause that the cloud asked for.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_until: Option<Timestamp>,
}

/// Reports the state of polling.
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Query,
) -> Answer<Json<Report>> {
    let [cloud, region, account, kind] = scope_parameters::PARAMETERS;
    query.expect(&[cloud, region, account, kind, "limit", "cursor"])?;
    let status = StatusQuery {
        scopes: scope_parameters::parse(&query)?,
        limit: query.limit(DEFAULT_LIMIT, MAX_LIMIT)?,
        cursor: query.get("cursor").map(str::to_owned),
    };
    let StatusReport { at, summary, targets, next, clouds, budgets } =
        read::status(&app, &caller, &status).await?;
    Ok(Json(Report {
        at,
        summary: Summary::new(summary, &status.scopes),
        targets: targets.into_iter().map(Target::from).collect(),
        next,
        clouds: clouds.into_iter().map(Clock::from).collect(),
        budgets: budgets.into_iter().map(Budget::from).collect(),
    }))
}

impl From<TargetReport> for Target {
    fn from(target: TargetReport) -> Self {
        Self {
            scope: target.scope.into(),
            age_seconds: target.age.map(|age| age.as_secs_f64()),
            due_in_seconds: target.due_in.map(|due_in| due_in.as_secs_f64()),
            interval_seconds: target.interval.as_secs_f64(),
            under_way: target.under_way,
            failures: target.failures,
        }
    }
}

impl From<CloudClock> for Clock {
    fn from(clock: CloudClock) -> Self {
        Self {
            cloud: clock.cloud,
            skew_seconds: clock.skew.map(|skew| skew.micros as f64 / 1e6),
            rejected: clock.skew.is_some_and(|skew| skew.is_excessive()),
            silent_endpoints: clock.silent_endpoints,
            checked_at: clock.checked_at,
        }
    }
}

impl From<read::Budget> for Budget {
    fn from(budget: read::Budget) -> Self {
        Self {
            account: budget.account,
            cloud: budget.cloud,
            calls_per_second: budget.calls_per_second,
            for_polling_per_second: budget.for_polling_per_second,
            listings: budget.listings,
            paused_until: budget.paused_until,
        }
    }
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    let operation = ApiOperation::new("status", "Report the state of polling", WorkClass::Read);
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
    scope_parameters::describe(operation)
        .kind()
        .query("limit", "Most scopes of a page", limit)
        .query("cursor", "The `next` of the page before, with the same filters", json!({ "type": "string" }))
        .answer(200, "The report", Some(reference("StatusReport")))
}

/// Returns the schemas of this file.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let described = |name: &str, description: &str| json!({ "type": "array", "items": reference(name), "description": description });
    let report = json!({
        "type": "object",
        "required": ["at", "summary", "targets", "next", "clouds", "budgets"],
        "properties": {
            "at": { "type": "string", "format": "date-time" },
            "summary": reference("ScopeSummary"),
            "targets": described("StatusTarget", "A page of the scopes, those that are not fresh first."),
            "next": { "type": ["string", "null"], "description": "The `cursor` of the next page; null on the last." },
            "clouds": described("StatusClock", "The clocks of all clouds."),
            "budgets": described("StatusBudget", "The budgets of the accounts on the page."),
        },
    });
    vec![
        ("StatusReport".to_owned(), report),
        schema_of::<Target>("StatusTarget"),
        schema_of::<Clock>("StatusClock"),
        schema_of::<Budget>("StatusBudget"),
    ]
}

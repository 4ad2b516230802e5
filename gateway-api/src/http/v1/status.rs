//! `GET /v1/status`: how well the gateway follows what the caller may see.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use gateway_core::id::{AccountId, CloudId, Holder};
use gateway_store::{Authority, Cloud, CloudClock, RefreshProgress, VisibleTarget};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::operation::{Operation, reference, schema_of};
use super::scope_filter::{self, ScopeFilter};
use super::scopes::Scope;
use super::{Answer, kind_filter};
use crate::http::bearer::Caller;
use crate::http::query::Query;
use crate::http::state::Api;

/// A clock that nobody has measured for this long may be right by now: its poller is gone, or nothing is listed there
/// any more. Longer tells of clocks that are no more; shorter forgets those of targets with long intervals.
const OUTDATED: Duration = Duration::from_secs(2 * 3600);

/// All of it, as of a moment.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    at: Timestamp,
    targets: Vec<Target>,
    clouds: Vec<Clock>,
    budgets: Vec<Budget>,
}

/// One scope and kind, and when it is listed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Target {
    #[serde(flatten)]
    scope: Scope,
    /// Seconds since the last whole listing began.
    age_seconds: Option<f64>,
    /// Seconds until the next one; none when nobody's credential can list it.
    due_in_seconds: Option<f64>,
    /// The pause before it.
    interval_seconds: f64,
    /// One is under way.
    under_way: bool,
    /// Attempts that failed since the last whole listing.
    failures: i32,
}

/// A cloud's clock against ours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Clock {
    /// Name of the cloud.
    cloud: String,
    /// How far the endpoint that is off most is ahead of us, in seconds; none while no endpoint tells its time.
    skew_seconds: Option<f64>,
    /// Too far: the endpoint is rejected until its clock is right.
    rejected: bool,
    /// Endpoints whose answers have no time in them.
    silent_endpoints: usize,
    /// When that was last measured, or some minutes before; what nobody has measured for two hours is not told.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
}

/// What may be asked of a cloud for one account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Budget {
    /// The account.
    #[schema(value_type = uuid::Uuid)]
    account: AccountId,
    /// Name of its cloud.
    cloud: String,
    /// Calls a second, over all processes.
    calls_per_second: f64,
    /// The part of them that polling may use; the rest is kept for writes.
    for_polling_per_second: f64,
    /// Listings that share it now.
    listings: usize,
    /// The cloud asked for no calls before this.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_until: Option<Timestamp>,
}

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    caller: Caller,
    query: Query,
) -> Answer<Json<Report>> {
    let [cloud, region, account] = scope_filter::PARAMETERS;
    query.expect(&[cloud, region, account, "kind"])?;
    let kind = kind_filter(&query)?;
    let authority = &*caller.authority;
    let filter = ScopeFilter::read(&query, authority)?;
    let shown =
        |target: &&VisibleTarget| kind.is_none_or(|kind| target.kind == kind) && filter.takes_target(target);
    let visible: Vec<_> = authority.targets.iter().filter(shown).collect();
    let ids = visible.iter().map(|target| target.id).collect();
    let (_, progress) = state.store.refresh_progress(ids).await?;
    let by_id: HashMap<_, _> = progress.iter().map(|one| (one.target, one)).collect();
    let now = authority.read_at;
    let pairs: Vec<_> =
        visible.into_iter().filter_map(|target| Some((target, *by_id.get(&target.id)?))).collect();
    let clouds: HashMap<_, _> =
        state.store.cloud_list().await?.into_iter().map(|cloud| (cloud.spec.id, cloud)).collect();
    let mut seen = state.store.clock_list().await?;
    seen.retain(|clock| now.since(clock.seen_at) < OUTDATED);
    Ok(Json(Report {
        at: now,
        budgets: budgets(authority, &filter, &pairs, &clouds),
        clouds: clocks(&seen, authority, &filter, &clouds),
        targets: pairs.into_iter().map(|(target, progress)| Target::of(target, progress, now)).collect(),
    }))
}

impl Target {
    fn of(target: &VisibleTarget, progress: &RefreshProgress, now: Timestamp) -> Self {
        Self {
            scope: Scope::of(target, now),
            age_seconds: target.as_of.map(|as_of| now.since(as_of).as_secs_f64()),
            due_in_seconds: progress.due_in.map(|due| due.as_secs_f64()).filter(|_| !progress.under_way),
            interval_seconds: progress.interval.as_secs_f64(),
            under_way: progress.under_way,
            failures: progress.failures,
        }
    }
}

/// Endpoints are the operator's concern: of each cloud only what they have come to.
fn clocks(
    seen: &[CloudClock],
    authority: &Authority,
    filter: &ScopeFilter<'_>,
    clouds: &HashMap<CloudId, Cloud>,
) -> Vec<Clock> {
    let granted: BTreeSet<_> = authority.grants.iter().map(|grant| grant.account.cloud).collect();
    let named = granted.iter().filter_map(|id| Some((*id, clouds.get(id)?)));
    let mut all = Vec::new();
    for (id, cloud) in named.filter(|(_, cloud)| filter.takes_cloud(&cloud.spec.name)) {
        let of_cloud = || seen.iter().filter(|clock| clock.cloud == id);
        let telling = of_cloud().filter_map(|clock| Some((clock.skew?, clock.seen_at)));
        let worst = telling.max_by_key(|(skew, _)| skew.micros.unsigned_abs());
        all.push(Clock {
            cloud: cloud.spec.name.clone(),
            skew_seconds: worst.map(|(skew, _)| skew.micros as f64 / 1e6),
            rejected: worst.is_some_and(|(skew, _)| skew.is_excessive()),
            silent_endpoints: of_cloud().filter(|clock| clock.skew.is_none()).count(),
            checked_at: worst.map(|(_, at)| at).or_else(|| of_cloud().map(|clock| clock.seen_at).max()),
        });
    }
    all
}

fn budgets(
    authority: &Authority,
    filter: &ScopeFilter<'_>,
    targets: &[(&VisibleTarget, &RefreshProgress)],
    clouds: &HashMap<CloudId, Cloud>,
) -> Vec<Budget> {
    let mut all = Vec::new();
    for account in authority.grants.iter().map(|grant| &grant.account) {
        let holder = Holder::Account(account.id);
        let Some(cloud) =
            clouds.get(&account.cloud).filter(|cloud| filter.takes_account(&cloud.spec.name, holder))
        else {
            continue;
        };
        let under_way = |(target, progress): &&(&VisibleTarget, &RefreshProgress)| {
            target.holder == holder && progress.under_way
        };
        let calls_per_second = cloud.spec.calls_per_second;
        all.push(Budget {
            account: account.id,
            cloud: cloud.spec.name.clone(),
            calls_per_second,
            for_polling_per_second: calls_per_second * gateway_core::driver::FOR_POLLING,
            listings: targets.iter().filter(under_way).count(),
            paused_until: Some(account.paused_until).filter(|until| *until > authority.read_at),
        });
    }
    all
}

pub(super) fn operation() -> Operation {
    let operation = Operation::new("status", "How well the gateway follows the clouds", WorkClass::Read);
    scope_filter::describe(operation).kind().answer(200, "The report", Some(reference("StatusReport")))
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    let list = |name: &str| json!({ "type": "array", "items": reference(name) });
    let report = json!({
        "type": "object",
        "required": ["at", "targets", "clouds", "budgets"],
        "properties": {
            "at": { "type": "string", "format": "date-time" },
            "targets": list("StatusTarget"),
            "clouds": list("StatusClock"),
            "budgets": list("StatusBudget"),
        },
    });
    vec![
        ("StatusReport".to_owned(), report),
        schema_of::<Target>("StatusTarget"),
        schema_of::<Clock>("StatusClock"),
        schema_of::<Budget>("StatusBudget"),
    ]
}

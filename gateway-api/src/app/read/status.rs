//! The state of polling: targets, clocks of clouds and call budgets.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::driver::FOR_POLLING;
use gateway_core::id::{AccountId, CloudId};
use gateway_core::skew::Skew;
use gateway_store::{Cloud, CloudClock as StoredClock, RefreshProgress, TargetState};

use super::page_start::FilterMark;
use crate::app::access::Caller;
use crate::app::visibility::{
    Authority, ScopeEntry, ScopeFilter, ScopeFreshness, ScopeList, ScopePlace, ScopeSummary,
};
use crate::app::{App, Error, Result};

/// The age after which a measured clock is ignored, because its poller is gone or nothing is listed there any more. A
/// higher value reports clocks that no longer matter; a lower one loses those of targets with long intervals.
const OUTDATED: Duration = Duration::from_secs(2 * 3600);

/// A query for one page of the state of polling.
#[derive(Clone, Debug)]
pub(crate) struct StatusQuery {
    pub(crate) scopes: ScopeFilter,
    /// Most scopes of the page.
    pub(crate) limit: usize,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

/// The state of polling at one moment.
#[derive(Debug)]
pub(crate) struct StatusReport {
    pub(crate) at: Timestamp,
    /// All scopes of the query.
    pub(crate) summary: ScopeSummary,
    /// The scopes of the page, those that are not fresh first.
    pub(crate) targets: Vec<TargetReport>,
    /// The cursor of the next page; none on the last.
    pub(crate) next: Option<String>,
    pub(crate) clouds: Vec<CloudClock>,
    /// The budgets of the accounts on the page.
    pub(crate) budgets: Vec<Budget>,
}

/// A scope and the schedule of its target. A scope that the caller's credential may not list has no schedule.
#[derive(Debug)]
pub(crate) struct TargetReport {
    pub(crate) scope: ScopeFreshness,
    /// Time since the last complete listing began.
    pub(crate) age: Option<Duration>,
    /// Time until the next listing; none while one is under way or if no credential can list the target.
    pub(crate) due_in: Option<Duration>,
    /// The pause before the next listing.
    pub(crate) interval: Duration,
    pub(crate) under_way: bool,
    /// Consecutive failed attempts.
    pub(crate) failures: i32,
}

/// The clock of a cloud compared with the gateway's.
#[derive(Debug)]
pub(crate) struct CloudClock {
    /// The name of the cloud.
    pub(crate) cloud: String,
    /// The skew of the endpoint that is furthest off; none if no endpoint sends its time.
    pub(crate) skew: Option<Skew>,
    /// Endpoints whose responses have no time.
    pub(crate) silent_endpoints: usize,
    /// The time of the measurement, or some minutes before.
    pub(crate) checked_at: Option<Timestamp>,
}

/// The call budget of one account.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) account: AccountId,
    /// The name of the cloud.
    pub(crate) cloud: String,
    /// Calls per second of all processes.
    pub(crate) calls_per_second: f64,
    /// The part of them that polls may use.
    pub(crate) for_polling_per_second: f64,
    /// Listings under way that share the budget.
    pub(crate) listings: usize,
    /// The end of a pause that the cloud asked for.
    pub(crate) paused_until: Option<Timestamp>,
}

/// Reports the state of polling for some scopes.
pub(crate) async fn status(app: &App, caller: &Caller, query: &StatusQuery) -> Result<StatusReport> {
    let authority = &*caller.authority;
    let filter = &query.scopes;
    filter.expect_known(&authority.visibility)?;
    let mark = FilterMark::of_scopes("status", filter).to_text();
    let after = query.cursor.as_deref().map(|cursor| place(cursor, &mark)).transpose()?;
    let targets = app.targets.select(authority, filter, None).await?;
    let scopes = ScopeList::of_targets(authority, &targets, None).with_forbidden(filter);
    let summary = scopes.summary();
    let (page, next) = scopes.page(after, query.limit);
    let accounts: BTreeSet<_> = page.iter().filter_map(|(scope, _)| scope.holder.account()).collect();
    // The budget of an account is divided among all its listings, on whatever page they are.
    let is_shown = |target: &&TargetState| target.holder.account().is_some_and(|id| accounts.contains(&id));
    let of_page = page.iter().filter_map(|(_, entry)| match entry {
        ScopeEntry::Target(target) => Some(target.id),
        ScopeEntry::Forbidden(..) => None,
    });
    let ids: BTreeSet<_> = targets.iter().filter(is_shown).map(|target| target.id).chain(of_page).collect();
    let (now, progress) = app.store.refresh_progress(ids.into_iter().collect()).await?;
    let progress: HashMap<_, _> = progress.into_iter().map(|one| (one.target, one)).collect();
    let clouds: HashMap<_, _> =
        app.store.cloud_list().await?.into_iter().map(|cloud| (cloud.spec.id, cloud)).collect();
    let mut seen = app.store.clock_list().await?;
    seen.retain(|clock| now.since(clock.seen_at) < OUTDATED);
    let paused = app.store.account_pauses(accounts.into_iter().collect()).await?;
    let mut listings: HashMap<AccountId, usize> = HashMap::new();
    for target in targets.iter().filter(|target| progress.get(&target.id).is_some_and(|one| one.under_way)) {
        if let Some(account) = target.holder.account() {
            *listings.entry(account).or_default() += 1;
        }
    }
    let report = |(scope, entry): (ScopeFreshness, ScopeEntry<'_>)| match entry {
        ScopeEntry::Target(target) => progress.get(&target.id).map(|progress| report(scope, progress, now)),
        ScopeEntry::Forbidden(..) => Some(TargetReport {
            scope,
            age: None,
            due_in: None,
            interval: Duration::ZERO,
            under_way: false,
            failures: 0,
        }),
    };
    let budget = |(account, paused_until): (AccountId, Timestamp)| {
        let cloud = clouds.get(&authority.visibility.account(account)?.cloud)?;
        let calls_per_second = cloud.spec.calls_per_second;
        Some(Budget {
            account,
            cloud: cloud.spec.name.clone(),
            calls_per_second,
            for_polling_per_second: calls_per_second * FOR_POLLING,
            listings: listings.get(&account).copied().unwrap_or_default(),
            paused_until: Some(paused_until).filter(|until| *until > now),
        })
    };
    Ok(StatusReport {
        at: now,
        summary,
        targets: page.into_iter().filter_map(report).collect(),
        next: next.map(|ScopePlace { rank, number }| format!("{rank}-{number}-{mark}")),
        clouds: clocks(&seen, authority, filter, &clouds),
        budgets: paused.into_iter().filter_map(budget).collect(),
    })
}

/// Parses the `next` of a page for filters with a mark.
fn place(cursor: &str, mark: &str) -> Result<ScopePlace> {
    let parse = || {
        let (rank, rest) = cursor.split_once('-')?;
        let (number, _) = rest.split_once('-').filter(|(_, of)| *of == mark)?;
        Some(ScopePlace { rank: rank.parse().ok()?, number: number.parse().ok()? })
    };
    parse().ok_or_else(|| Error::invalid_query("cursor", "must be the `next` of a page for the same filters"))
}

fn report(scope: ScopeFreshness, progress: &RefreshProgress, now: Timestamp) -> TargetReport {
    TargetReport {
        age: scope.as_of.map(|as_of| now.since(as_of)),
        due_in: progress.due_in.filter(|_| !progress.under_way),
        interval: progress.interval,
        under_way: progress.under_way,
        failures: progress.failures,
        scope,
    }
}

/// Returns one clock for each cloud of the caller. Endpoints are summed up: they are only for operators.
fn clocks(
    seen: &[StoredClock],
    authority: &Authority,
    filter: &ScopeFilter,
    clouds: &HashMap<CloudId, Cloud>,
) -> Vec<CloudClock> {
    let granted: BTreeSet<_> = authority.visibility.clouds().map(|(id, _)| id).collect();
    let named = granted.into_iter().filter_map(|id| Some((id, clouds.get(&id)?)));
    let mut all = Vec::new();
    for (id, cloud) in named.filter(|(_, cloud)| filter.matches_cloud(&cloud.spec.name)) {
        let of_cloud = || seen.iter().filter(|clock| clock.cloud == id);
        let measured = of_cloud().filter_map(|clock| Some((clock.skew?, clock.seen_at)));
        let worst = measured.max_by_key(|(skew, _)| skew.micros.unsigned_abs());
        all.push(CloudClock {
            cloud: cloud.spec.name.clone(),
            skew: worst.map(|(skew, _)| skew),
            silent_endpoints: of_cloud().filter(|clock| clock.skew.is_none()).count(),
            checked_at: worst.map(|(_, at)| at).or_else(|| of_cloud().map(|clock| clock.seen_at).max()),
        });
    }
    all
}

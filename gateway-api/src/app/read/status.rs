//! The state of polling: targets, clocks of clouds and call budgets.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::driver::FOR_POLLING;
use gateway_core::id::{AccountId, CloudId, Holder};
use gateway_core::skew::Skew;
use gateway_store::{Authority, Cloud, CloudClock as StoredClock, RefreshProgress, VisibleTarget};

use crate::app::access::Caller;
use crate::app::visibility::{ScopeFilter, ScopeFreshness};
use crate::app::{App, Result};

/// The age after which a measured clock is ignored, because its poller is gone or nothing is listed there any more. A
/// higher value reports clocks that no longer matter; a lower one loses those of targets with long intervals.
const OUTDATED: Duration = Duration::from_secs(2 * 3600);

/// The state of polling at one moment.
#[derive(Debug)]
pub(crate) struct StatusReport {
    pub(crate) at: Timestamp,
    pub(crate) targets: Vec<TargetReport>,
    pub(crate) clouds: Vec<CloudClock>,
    pub(crate) budgets: Vec<Budget>,
}

/// A target and its schedule.
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
pub(crate) async fn status(app: &App, caller: &Caller, filter: &ScopeFilter) -> Result<StatusReport> {
    let authority = &*caller.authority;
    filter.expect_known(authority)?;
    let visible: Vec<_> = filter.targets(authority).collect();
    let ids = visible.iter().map(|target| target.id).collect();
    let (_, progress) = app.store.refresh_progress(ids).await?;
    let by_id: HashMap<_, _> = progress.iter().map(|one| (one.target, one)).collect();
    let now = authority.read_at;
    let targets: Vec<_> =
        visible.into_iter().filter_map(|target| Some((target, *by_id.get(&target.id)?))).collect();
    let clouds: HashMap<_, _> =
        app.store.cloud_list().await?.into_iter().map(|cloud| (cloud.spec.id, cloud)).collect();
    let mut seen = app.store.clock_list().await?;
    seen.retain(|clock| now.since(clock.seen_at) < OUTDATED);
    Ok(StatusReport {
        at: now,
        budgets: budgets(authority, filter, &targets, &clouds),
        clouds: clocks(&seen, authority, filter, &clouds),
        targets: targets.into_iter().map(|(target, progress)| report(target, progress, now)).collect(),
    })
}

fn report(target: &VisibleTarget, progress: &RefreshProgress, now: Timestamp) -> TargetReport {
    TargetReport {
        scope: ScopeFreshness::of(target, now),
        age: target.as_of.map(|as_of| now.since(as_of)),
        due_in: progress.due_in.filter(|_| !progress.under_way),
        interval: progress.interval,
        under_way: progress.under_way,
        failures: progress.failures,
    }
}

/// Returns one clock for each cloud of the caller. Endpoints are summed up: they are only for operators.
fn clocks(
    seen: &[StoredClock],
    authority: &Authority,
    filter: &ScopeFilter,
    clouds: &HashMap<CloudId, Cloud>,
) -> Vec<CloudClock> {
    let granted: BTreeSet<_> = authority.grants.iter().map(|grant| grant.account.cloud).collect();
    let named = granted.iter().filter_map(|id| Some((*id, clouds.get(id)?)));
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

fn budgets(
    authority: &Authority,
    filter: &ScopeFilter,
    targets: &[(&VisibleTarget, &RefreshProgress)],
    clouds: &HashMap<CloudId, Cloud>,
) -> Vec<Budget> {
    let mut all = Vec::new();
    for account in authority.grants.iter().map(|grant| &grant.account) {
        let holder = Holder::Account(account.id);
        let cloud = clouds.get(&account.cloud);
        let cloud = cloud.filter(|cloud| filter.matches_holder(&cloud.spec.name, holder));
        let Some(cloud) = cloud else { continue };
        let is_under_way = |(target, progress): &&(&VisibleTarget, &RefreshProgress)| {
            target.holder == holder && progress.under_way
        };
        let calls_per_second = cloud.spec.calls_per_second;
        all.push(Budget {
            account: account.id,
            cloud: cloud.spec.name.clone(),
            calls_per_second,
            for_polling_per_second: calls_per_second * FOR_POLLING,
            listings: targets.iter().filter(is_under_way).count(),
            paused_until: Some(account.paused_until).filter(|until| *until > authority.read_at),
        });
    }
    all
}

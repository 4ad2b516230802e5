//! Reads that want data of a certain age: a wish for a newer listing, and the wait for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Extension;
use axum::http::{StatusCode, Uri};
use gateway_bus::{Nudge, WorkClass};
use gateway_core::Timestamp;
use gateway_core::id::TargetId;
use gateway_store::{Authority, Progress, TargetStatus};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::bearer::{Caller, still_good};
use super::exchange::Exchange;
use super::problem::Problem;
use super::query::{Query, bad};
use super::state::Api;

/// The parameter.
pub(crate) const MAX_AGE: &str = "max_age";

/// Kept of the deadline for the answer itself.
const RESERVE: Duration = Duration::from_secs(3);

/// Time for a request that no envelope gives a deadline.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a listing is looked for when no nudge tells of it. Longer asks the database less; shorter hides a
/// lost nudge better.
const LOOK: Duration = Duration::from_millis(250);

/// A target that nobody looks at sooner than that will not be new enough for who waits now.
const SOON: Duration = Duration::from_secs(1);

/// Most targets of one wish. More would let one caller make everything due at once.
const MOST_TARGETS: usize = 500;

/// Whether a request names an age, and so has a work class of its own.
pub(crate) fn is_wanted(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == MAX_AGE && !value.is_empty())
}

/// The wanted age, such as `5s`, `500ms`, `2m` or `5` for seconds.
pub(crate) fn max_age(query: &Query) -> Result<Option<Duration>, Problem> {
    let Some(text) = query.get(MAX_AGE) else { return Ok(None) };
    let (number, unit) =
        text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let scale = match unit {
        "ms" => Some(1),
        "s" | "" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let age = scale.and_then(|scale| number.parse::<u32>().ok().map(|number| u64::from(number) * scale));
    age.map(Duration::from_millis)
        .map(Some)
        .ok_or_else(|| bad(MAX_AGE, "must be a whole number with ms, s or m behind it, such as 5s"))
}

/// A wish that was made.
pub(crate) struct Wish {
    /// What listings are new enough.
    pub(crate) as_of: Timestamp,
    /// Targets that were not, as they were then.
    waiting: Vec<Progress>,
    /// Since before the wish: what is listed between the two is not missed.
    nudges: Receiver<Nudge>,
    give_up: Instant,
    /// The last look at the targets, by the database's clock.
    seen_at: Timestamp,
}

/// What a caller may see once these targets are listed as of `now - age`, or will not be in time; and that moment.
pub(crate) async fn refreshed(
    state: &Api,
    caller: &Caller,
    exchange: Option<Extension<Exchange>>,
    targets: Vec<TargetId>,
    age: Duration,
) -> Result<(Arc<Authority>, Timestamp), Problem> {
    let wish = wish(state, exchange.as_deref(), targets, age).await?;
    let as_of = wish.as_of;
    Ok((wish.fulfilled(state, caller).await?, as_of))
}

/// Wishes that these targets are listed as of `now - age`.
pub(crate) async fn wish(
    state: &Api,
    exchange: Option<&Exchange>,
    targets: Vec<TargetId>,
    age: Duration,
) -> Result<Wish, Problem> {
    if exchange.is_some_and(|exchange| exchange.class != WorkClass::Refresh) {
        let detail = "a request with max_age waits: publish it with the routing key refresh";
        return Err(Problem::bad_request("wrong-class", "The request came by the wrong queue", detail));
    }
    if targets.len() > MOST_TARGETS {
        let detail =
            format!("{} scopes would have to be listed anew; name a cloud, region or account", targets.len());
        return Err(Problem::new("too-many-scopes", "Too much to refresh", StatusCode::BAD_REQUEST, detail));
    }
    let nudges = state.bus.nudges();
    let seen_at = state.store.now().await?;
    let as_of = seen_at.minus(age);
    let before = state.store.targets_wish(targets, as_of).await?;
    let waiting: Vec<_> = before.into_iter().filter(|one| !is_new_enough(one, as_of)).collect();
    let left = exchange.map_or(PATIENCE, |exchange| exchange.deadline.since(state.clock.now()));
    let patience = left.saturating_sub(RESERVE);
    if !waiting.is_empty() {
        state.bus.nudge(Nudge::TargetsDue).await;
    }
    Ok(Wish { as_of, waiting, nudges, give_up: Instant::now() + patience, seen_at })
}

impl Wish {
    /// Waits until every target is new enough or will not be in time; what the caller may see then, if it still may.
    pub(crate) async fn fulfilled(mut self, state: &Api, caller: &Caller) -> Result<Arc<Authority>, Problem> {
        while !self.waiting.is_empty() && Instant::now() < self.give_up {
            let ids: Vec<_> = self.waiting.iter().map(|one| one.target).collect();
            let news = timeout(LOOK, listed(&mut self.nudges, &ids));
            // Whether there was news or not: what counts is what the store says.
            let _ = timeout_at(self.give_up, news).await;
            let (moment, now) = state.store.targets_progress(ids).await?;
            self.seen_at = moment;
            let now: HashMap<_, _> = now.iter().map(|one| (one.target, one)).collect();
            self.waiting
                .retain(|before| now.get(&before.target).is_some_and(|now| waits(before, now, self.as_of)));
        }
        // Of many who waited for one listing, most can share what the first of them reads.
        let authority = state.authorities.read_since(caller.claims.sub, self.seen_at).await?;
        let authority = authority.ok_or_else(Problem::token_revoked)?;
        still_good(&caller.claims, &authority)?;
        Ok(authority)
    }
}

fn is_new_enough(progress: &Progress, as_of: Timestamp) -> bool {
    progress.as_of.is_some_and(|at| at >= as_of)
}

/// Whether a listing that is new enough may still come soon.
fn waits(before: &Progress, now: &Progress, as_of: Timestamp) -> bool {
    if is_new_enough(now, as_of) {
        return false;
    }
    if now.under_way {
        return true;
    }
    let attempted = now.epoch > before.epoch || before.under_way;
    let failed = attempted && !matches!(now.status, TargetStatus::Fresh | TargetStatus::Pending);
    !failed && now.due_in.is_some_and(|due| due <= SOON)
}

/// Returns when one of these was listed, or when it may have been.
async fn listed(nudges: &mut Receiver<Nudge>, targets: &[TargetId]) {
    loop {
        match nudges.recv().await {
            Ok(Nudge::TargetListed { target }) if targets.contains(&target) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => sleep(LOOK).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(text: &str) -> Option<Option<Duration>> {
        max_age(&Query::parse(text)).ok()
    }

    #[test]
    fn ages_have_units() {
        assert_eq!(age("max_age=5s"), Some(Some(Duration::from_secs(5))));
        assert_eq!(age("max_age=5"), Some(Some(Duration::from_secs(5))));
        assert_eq!(age("max_age=250ms"), Some(Some(Duration::from_millis(250))));
        assert_eq!(age("max_age=2m"), Some(Some(Duration::from_secs(120))));
        assert_eq!(age("limit=1"), Some(None));
        for text in ["max_age=s", "max_age=-1s", "max_age=1.5s", "max_age=5h", "max_age=99999999999s"] {
            assert_eq!(age(text), None, "{text}");
        }
    }

    #[test]
    fn a_request_with_an_age_is_told_apart() {
        for (target, wanted) in [
            ("/v1/instances?max_age=1s", true),
            ("/v1/instances?limit=1&max%5Fage=1s", true),
            ("/v1/instances?name=max_age", false),
            ("/v1/instances?max_age=", false),
            ("/v1/instances", false),
        ] {
            assert_eq!(is_wanted(&target.parse().unwrap()), wanted, "{target}");
        }
    }

    #[test]
    fn one_waits_for_what_may_come_and_for_nothing_else() {
        let as_of = Timestamp(1000);
        let seen = |at: i64, status, epoch, under_way, due: Option<u64>| Progress {
            target: TargetId(1),
            as_of: Some(Timestamp(at)),
            status,
            epoch,
            under_way,
            due_in: due.map(Duration::from_secs),
            failures: 0,
            interval: Duration::from_secs(60),
        };
        let before = seen(900, TargetStatus::Fresh, 4, false, Some(0));
        for (now, expected) in [
            (seen(1000, TargetStatus::Fresh, 5, false, Some(60)), false),
            (seen(900, TargetStatus::Fresh, 4, false, Some(0)), true),
            (seen(900, TargetStatus::Fresh, 5, true, Some(60)), true),
            // It failed, or the cloud asked for a pause, or there is nobody to list it.
            (seen(900, TargetStatus::Failed, 5, false, Some(0)), false),
            (seen(900, TargetStatus::Fresh, 5, false, Some(30)), false),
            (seen(900, TargetStatus::Suspended, 4, false, None), false),
        ] {
            assert_eq!(waits(&before, &now, as_of), expected, "{now:?}");
        }
    }
}

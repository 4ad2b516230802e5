//! Reads that want data of a certain age: a wish for a newer listing, and the wait for it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Extension;
use axum::http::{StatusCode, Uri};
use gateway_bus::{Nudge, WorkClass};
use gateway_core::Timestamp;
use gateway_store::{Authority, VisibleTarget};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::bearer::Caller;
use super::exchange::Exchange;
use super::problem::Problem;
use super::query::{Query, bad};
use super::state::Api;
use crate::app::Error;
use crate::app::refresh::watcher::may_come;

/// The parameter.
pub(crate) const MAX_AGE: &str = "max_age";

/// Kept of the deadline for the answer itself.
const RESERVE: Duration = Duration::from_secs(3);

/// Time for a request that no envelope gives a deadline.
const PATIENCE: Duration = Duration::from_secs(30);

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
    /// None when those that the caller knows of are.
    news: Option<News>,
}

/// News to come of targets that were too old.
struct News {
    /// Tells when there is nothing more to wait for; none when there never was.
    settled: Option<oneshot::Receiver<Timestamp>>,
    give_up: Instant,
}

/// What a caller may see once these targets are listed as of `now - age`, or will not be in time; and that moment.
pub(crate) async fn refreshed<'a>(
    state: &Api,
    caller: &'a Caller,
    exchange: Option<Extension<Exchange>>,
    targets: impl Iterator<Item = &'a VisibleTarget>,
    age: Duration,
) -> Result<(Arc<Authority>, Timestamp), Problem> {
    let wish = wish(state, exchange.as_deref(), targets, age).await?;
    let as_of = wish.as_of;
    Ok((wish.fulfilled(state, caller).await?, as_of))
}

/// Wishes that these targets are listed as of `now - age`. Where all are already, nothing is written or waited for.
pub(crate) async fn wish<'a>(
    state: &Api,
    exchange: Option<&Exchange>,
    targets: impl Iterator<Item = &'a VisibleTarget>,
    age: Duration,
) -> Result<Wish, Problem> {
    if exchange.is_some_and(|exchange| exchange.class != WorkClass::Refresh) {
        let detail = "a request with max_age waits: publish it with the routing key refresh";
        return Err(Problem::bad_request("wrong-class", "The request came by the wrong queue", detail));
    }
    let as_of = state.store.now().await?.minus(age);
    let too_old = targets.filter(|target| target.as_of.is_none_or(|at| at < as_of));
    let too_old: Vec<_> = too_old.map(|target| target.id).collect();
    if too_old.is_empty() {
        return Ok(Wish { as_of, news: None });
    }
    if too_old.len() > MOST_TARGETS {
        let detail =
            format!("{} scopes would have to be listed anew; name a cloud, region or account", too_old.len());
        return Err(Problem::new("too-many-scopes", "Too much to refresh", StatusCode::BAD_REQUEST, detail));
    }
    let mut wished = state.store.request_refresh(too_old, as_of).await?;
    wished.retain(|progress| may_come(progress, progress, as_of));
    let settled = if wished.is_empty() {
        None
    } else {
        // Watched before anybody is told to list, so that the end of the listing is not missed.
        let settled = state.watcher.settled(wished, as_of);
        state.bus.nudge(Nudge::TargetsDue).await;
        Some(settled)
    };
    let left = exchange.map_or(PATIENCE, |exchange| exchange.deadline.since(state.clock.now()));
    let give_up = Instant::now() + left.saturating_sub(RESERVE);
    Ok(Wish { as_of, news: Some(News { settled, give_up }) })
}

impl Wish {
    /// Waits until every target is new enough or will not be in time; what the caller may see then, if it still may.
    pub(crate) async fn fulfilled(self, state: &Api, caller: &Caller) -> Result<Arc<Authority>, Problem> {
        let Some(news) = self.news else { return Ok(Arc::clone(&caller.authority)) };
        let looked = match news.settled {
            Some(settled) => timeout_at(news.give_up, settled).await.ok().and_then(Result::ok),
            None => None,
        };
        let seen_at = match looked {
            Some(moment) => moment,
            // It takes too long, or nobody can look: the store tells why, or how things stand now.
            None => state.store.now().await?,
        };
        // Of many who waited for one listing, most can share what the first of them reads.
        let authority = state.authorities.read_since(caller.claims.sub, seen_at).await?;
        let authority = authority.ok_or(Error::TokenRevoked)?;
        caller.expect_valid(&authority)?;
        Ok(authority)
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
}

//! A refresh request: the demand for listings that are new enough, and the wait for them.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Nudge;
use gateway_core::Timestamp;
use gateway_store::TargetState;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::progress::is_expected;
use crate::app::access::Caller;
use crate::app::visibility::Authority;
use crate::app::{App, Error, Result};

/// Time before the deadline that is kept for the answer itself.
const RESERVE: Duration = Duration::from_secs(3);

/// The longest wait of a request without a deadline.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// Most targets of one request. A higher value lets one caller make more targets due at once.
const MAX_TARGETS: usize = 500;

/// A refresh request that was recorded.
pub(crate) struct Refresh {
    /// The moment since which a listing must have begun to be new enough.
    as_of: Timestamp,
    /// None if all targets are new enough already.
    wait: Option<Wait>,
}

/// A wait for listings.
struct Wait {
    /// Receives the moment at which no listing is expected any more; none if none was expected from the start.
    settled: Option<oneshot::Receiver<Timestamp>>,
    until: Instant,
}

/// The result of a refresh.
pub(crate) struct Refreshed {
    /// The caller's access afterwards.
    pub(crate) authority: Arc<Authority>,
    /// The moment that listings had to reach.
    pub(crate) as_of: Timestamp,
    /// The moment since which targets show what the refresh achieved; none if nothing had to be listed.
    pub(crate) settled_at: Option<Timestamp>,
}

/// Requests a refresh and waits for it.
pub(crate) async fn refreshed<'a>(
    app: &App,
    caller: &Caller,
    targets: impl Iterator<Item = &'a TargetState>,
    max_age: Duration,
    deadline: Option<Timestamp>,
) -> Result<Refreshed> {
    Refresh::request(app, targets, max_age, deadline).await?.wait(app, caller).await
}

impl Refresh {
    /// Requests listings of these targets that began at most `max_age` ago. Writes nothing if all targets have one.
    pub(crate) async fn request<'a>(
        app: &App,
        targets: impl Iterator<Item = &'a TargetState>,
        max_age: Duration,
        deadline: Option<Timestamp>,
    ) -> Result<Self> {
        let as_of = app.store.now().await?.minus(max_age);
        let too_old = targets.filter(|target| target.as_of.is_none_or(|at| at < as_of));
        let too_old: Vec<_> = too_old.map(|target| target.id).collect();
        if too_old.is_empty() {
            return Ok(Self { as_of, wait: None });
        }
        if too_old.len() > MAX_TARGETS {
            return Err(Error::TooManyScopes { count: too_old.len() });
        }
        let mut expected = app.store.request_refresh(too_old, as_of).await?;
        expected.retain(|progress| is_expected(progress, progress, as_of));
        let settled = if expected.is_empty() {
            None
        } else {
            // The wait begins before the pollers are told, so that it does not miss the end of a listing.
            let settled = app.watcher.settled(expected, as_of);
            app.bus.nudge(Nudge::TargetsDue).await;
            Some(settled)
        };
        let left = deadline.map_or(DEFAULT_WAIT, |deadline| deadline.since(app.clock.now()));
        let until = Instant::now() + left.saturating_sub(RESERVE);
        Ok(Self { as_of, wait: Some(Wait { settled, until }) })
    }

    /// Waits until each target is new enough or no longer expected to be in time.
    pub(crate) async fn wait(self, app: &App, caller: &Caller) -> Result<Refreshed> {
        let as_of = self.as_of;
        let Some(wait) = self.wait else {
            return Ok(Refreshed { authority: Arc::clone(&caller.authority), as_of, settled_at: None });
        };
        let settled_at = match wait.settled {
            Some(settled) => timeout_at(wait.until, settled).await.ok().and_then(std::result::Result::ok),
            None => None,
        };
        let moment = match settled_at {
            Some(moment) => moment,
            // The wait timed out or the watcher failed: the store shows the present state, or the reason.
            None => app.store.now().await?,
        };
        // Callers that waited for the same listing share the first reading after it.
        let authority = app.authorities.read_since(caller.claims.sub, moment).await?;
        let authority = authority.ok_or(Error::TokenRevoked)?;
        caller.expect_valid(&authority)?;
        Ok(Refreshed { authority, as_of, settled_at: Some(moment) })
    }
}

//! What this process sees of the clouds' clocks, told to the store when it changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::driver::{EndpointClock, SkewWatch};
use gateway_core::error::Result;
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;
use gateway_store::Store;

/// A skew that moved less than this is the same: `Date` has whole seconds, and round trips differ. Lower writes
/// rows while nothing happens; higher shows a drift later.
const NOTABLE_MICROS: u64 = 3_000_000;

/// What the store has of each endpoint.
type Told = HashMap<(CloudId, String), Option<Skew>>;

/// Tells the store.
pub(crate) struct Clocks {
    store: Store,
    watch: Arc<dyn SkewWatch>,
    /// Not read yet when none.
    told: Mutex<Option<Told>>,
}

impl Clocks {
    pub(crate) fn new(store: Store, watch: Arc<dyn SkewWatch>) -> Self {
        Self { store, watch, told: Mutex::default() }
    }

    /// Writes what is news; a clock that is as it was costs nothing.
    pub(crate) async fn tell(&self) {
        if let Err(error) = self.try_to_tell().await {
            // The next listing tells it.
            tracing::debug!(error = %error.chain(), "clocks were not noted");
        }
    }

    async fn try_to_tell(&self) -> Result<()> {
        if self.told().is_none() {
            // What another process, or this one in an earlier life, has told is no news.
            let clocks = self.store.clock_list().await?;
            let known = clocks.into_iter().map(|clock| ((clock.cloud, clock.endpoint), clock.skew));
            self.told().get_or_insert_with(|| known.collect());
        }
        let news = self.news();
        if !news.is_empty() {
            self.store.clocks_note(news.clone()).await?;
            let new = news.into_iter().map(|clock| ((clock.cloud, clock.endpoint), clock.skew));
            self.told().get_or_insert_default().extend(new);
        }
        Ok(())
    }

    fn told(&self) -> MutexGuard<'_, Option<Told>> {
        // It is changed by single calls: a panic cannot leave it half done.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn news(&self) -> Vec<EndpointClock> {
        let told = self.told();
        let is_news = |clock: &EndpointClock| {
            let before = told.as_ref().and_then(|told| told.get(&(clock.cloud, clock.endpoint.clone())));
            before.is_none_or(|before| differs(*before, clock.skew))
        };
        self.watch.last().into_iter().filter(is_news).collect()
    }
}

fn differs(before: Option<Skew>, now: Option<Skew>) -> bool {
    match (before, now) {
        (None, None) => false,
        (Some(before), Some(now)) => {
            before.micros.abs_diff(now.micros) > NOTABLE_MICROS || before.is_excessive() != now.is_excessive()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rounding_is_no_news_and_a_rejection_is() {
        let skew = |millis: i64| Some(Skew { micros: millis * 1000, uncertainty: Duration::from_secs(1) });
        assert!(!differs(skew(0), skew(2_900)));
        assert!(differs(skew(0), skew(3_100)));
        assert!(differs(skew(300_500), skew(301_500)), "on the two sides of the limit");
        assert!(differs(None, skew(0)) && differs(skew(0), None) && !differs(None, None));
    }
}

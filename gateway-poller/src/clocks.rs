//! What this process sees of the clouds' clocks, told to the store when it changes, and now and then when it does not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::driver::{EndpointClock, SkewWatch};
use gateway_core::error::Result;
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;
use gateway_store::Store;
use tokio::time::Instant;

/// A skew that moved less than this is the same: `Date` has whole seconds, and round trips differ. Lower writes
/// rows while nothing happens; higher shows a drift later.
const NOTABLE_MICROS: u64 = 3_000_000;

/// How long what the store has is remembered, for another process may have told otherwise since; and how long a
/// measurement is this process's word. Longer lets wrong words stand; shorter reads more.
const REMEMBER: Duration = Duration::from_secs(60);

/// After this long the same is told again, so that readers see that somebody still measures. Shorter writes rows while
/// nothing happens.
const REPEAT: Duration = Duration::from_secs(300);

/// What the store has of one endpoint.
struct Told {
    skew: Option<Skew>,
    /// When it is to be told again, though it is the same.
    again: Instant,
}

/// What the store has of all.
struct Reading {
    at: Instant,
    told: HashMap<(CloudId, String), Told>,
}

/// Tells the store.
pub(crate) struct Clocks {
    store: Store,
    watch: Arc<dyn SkewWatch>,
    /// Not read yet when none.
    reading: Mutex<Option<Reading>>,
}

impl Clocks {
    pub(crate) fn new(store: Store, watch: Arc<dyn SkewWatch>) -> Self {
        Self { store, watch, reading: Mutex::default() }
    }

    /// Writes what is news; a clock that is as it was costs nothing.
    pub(crate) async fn tell(&self) {
        if let Err(error) = self.try_to_tell().await {
            // The next listing tells it.
            tracing::debug!(error = %error.chain(), "clocks were not noted");
        }
    }

    async fn try_to_tell(&self) -> Result<()> {
        let remembered = self.reading().as_ref().is_some_and(|reading| reading.at.elapsed() < REMEMBER);
        if !remembered {
            let reading = self.read().await?;
            *self.reading() = Some(reading);
        }
        let news = self.news();
        if !news.is_empty() {
            self.store.clocks_record(news.clone()).await?;
            let again = Instant::now() + REPEAT;
            let told = news
                .into_iter()
                .map(|clock| ((clock.cloud, clock.endpoint), Told { skew: clock.skew, again }));
            if let Some(reading) = &mut *self.reading() {
                reading.told.extend(told);
            }
        }
        Ok(())
    }

    /// What another process, or this one in an earlier life, has told is no news.
    async fn read(&self) -> Result<Reading> {
        let at = Instant::now();
        let now = self.store.now().await?;
        let clocks = self.store.clock_list().await?;
        let told = clocks.into_iter().map(|clock| {
            let again = at + REPEAT.saturating_sub(now.since(clock.seen_at));
            ((clock.cloud, clock.endpoint), Told { skew: clock.skew, again })
        });
        Ok(Reading { at, told: told.collect() })
    }

    fn reading(&self) -> MutexGuard<'_, Option<Reading>> {
        // It is changed by single calls: a panic cannot leave it half done.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn news(&self) -> Vec<EndpointClock> {
        let reading = self.reading();
        let is_news = |clock: &EndpointClock| {
            let key = (clock.cloud, clock.endpoint.clone());
            let told = reading.as_ref().and_then(|reading| reading.told.get(&key));
            told.is_none_or(|told| differs(told.skew, clock.skew) || told.again <= Instant::now())
        };
        // Who has not called an endpoint for a while must not argue with who does.
        let own = |clock: &EndpointClock| clock.age < REMEMBER;
        self.watch.last().into_iter().filter(own).filter(is_news).collect()
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
    use gateway_core::Timestamp;
    use gateway_core::clock::ManualClock;
    use gateway_core::config::Database;

    use super::*;

    #[test]
    fn rounding_is_no_news_and_a_rejection_is() {
        let skew = |millis: i64| Some(Skew { micros: millis * 1000, uncertainty: Duration::from_secs(1) });
        assert!(!differs(skew(0), skew(2_900)));
        assert!(differs(skew(0), skew(3_100)));
        assert!(differs(skew(300_500), skew(301_500)), "on the two sides of the limit");
        assert!(differs(None, skew(0)) && differs(skew(0), None) && !differs(None, None));
    }

    /// A process that sees one endpoint's clock so many seconds ahead, or has seen it so some time ago.
    #[derive(Debug)]
    struct Sees(CloudId, i64, Duration);

    impl SkewWatch for Sees {
        fn observed(&self, _: CloudId, _: &str, _: Option<Skew>) {}

        fn last(&self) -> Vec<EndpointClock> {
            let skew = Skew { micros: self.1 * 1_000_000, uncertainty: Duration::ZERO };
            vec![EndpointClock {
                cloud: self.0,
                endpoint: "http://a".to_owned(),
                skew: Some(skew),
                age: self.2,
            }]
        }
    }

    struct Stage {
        store: Store,
        clock: Arc<ManualClock>,
        cloud: CloudId,
        _folder: tempfile::TempDir,
    }

    impl Stage {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
            let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_000_000)));
            let store = Store::open(&Database { url, connections: 2 }, clock.clone()).unwrap();
            store.migrate().await.unwrap();
            Self { store, clock, cloud: CloudId::generate(), _folder: folder }
        }

        fn process(&self, seconds: i64, ago: Duration) -> Clocks {
            Clocks::new(self.store.clone(), Arc::new(Sees(self.cloud, seconds, ago)))
        }

        /// What the store has: the skew, and how long ago it was measured.
        async fn told(&self) -> Option<(i64, Duration)> {
            let clock = self.store.clock_list().await.unwrap().pop()?;
            let age = self.store.now().await.unwrap().since(clock.seen_at);
            Some((clock.skew.unwrap().micros / 1_000_000, age))
        }

        async fn pass(&self, time: Duration) {
            self.clock.advance(time);
            tokio::time::pause();
            tokio::time::advance(time).await;
            tokio::time::resume();
        }
    }

    #[tokio::test]
    async fn what_another_process_told_and_is_not_so_is_corrected() {
        let stage = Stage::open().await;
        let here = stage.process(0, Duration::ZERO);
        here.try_to_tell().await.unwrap();
        stage.process(400, Duration::ZERO).try_to_tell().await.unwrap();
        // The other one is gone; its word does not stay for good.
        here.try_to_tell().await.unwrap();
        assert_eq!(stage.told().await, Some((400, Duration::ZERO)), "the store is not read each time");
        stage.pass(REMEMBER).await;
        here.try_to_tell().await.unwrap();
        assert_eq!(stage.told().await, Some((0, Duration::ZERO)));
    }

    #[tokio::test]
    async fn what_was_seen_long_ago_is_not_told() {
        let stage = Stage::open().await;
        stage.process(400, REMEMBER).try_to_tell().await.unwrap();
        assert_eq!(stage.told().await, None);
        let second = Duration::from_secs(1);
        stage.process(400, second).try_to_tell().await.unwrap();
        assert_eq!(stage.told().await, Some((400, second)));
    }

    #[tokio::test]
    async fn the_same_is_told_again_now_and_then() {
        let stage = Stage::open().await;
        let here = stage.process(7, Duration::ZERO);
        here.try_to_tell().await.unwrap();
        stage.pass(REPEAT / 2).await;
        here.try_to_tell().await.unwrap();
        assert_eq!(stage.told().await, Some((7, REPEAT / 2)), "nothing was written");
        stage.pass(REPEAT / 2).await;
        here.try_to_tell().await.unwrap();
        assert_eq!(stage.told().await, Some((7, Duration::ZERO)));
    }
}

//! Reports the clouds' clocks, as this process measures them, to the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::driver::{EndpointClock, SkewWatch};
use gateway_core::error::Result;
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;
use gateway_store::Store;
use tokio::time::Instant;

/// Smallest change of a skew that is reported: `Date` has whole seconds, and round trips differ. Lower writes rows while
/// nothing happens; higher shows a drift later.
const NOTABLE_MICROS: u64 = 3_000_000;

/// Life of the copy of the store's values, since other processes report too; and the age up to which a measurement is
/// reported. Longer lets wrong values stand; shorter reads more.
const FRESH: Duration = Duration::from_secs(60);

/// Time after which an unchanged skew is reported again, so that readers see that it is still measured. Shorter writes
/// rows while nothing happens.
const REPEAT: Duration = Duration::from_secs(300);

/// The store's value of one endpoint.
struct Reported {
    skew: Option<Skew>,
    /// Time of the next report of an unchanged skew.
    repeat_at: Instant,
}

/// A copy of the store's values.
struct Snapshot {
    read_at: Instant,
    /// Mark of the watch after the comparisons that the store has learned.
    mark: u64,
    reported: HashMap<(CloudId, String), Reported>,
}

/// Writes changed clock skews to the store.
pub(crate) struct ClockReport {
    store: Store,
    watch: Arc<dyn SkewWatch>,
    /// `None` before the first read.
    snapshot: Mutex<Option<Snapshot>>,
}

impl ClockReport {
    pub(crate) fn new(store: Store, watch: Arc<dyn SkewWatch>) -> Self {
        Self { store, watch, snapshot: Mutex::default() }
    }

    /// Writes the skews that have changed. It looks at the endpoints that were compared since the last time only.
    pub(crate) async fn update(&self) {
        if let Err(error) = self.try_update().await {
            // The next listing tries again.
            tracing::debug!(error = %error.chain(), "clock skews were not recorded");
        }
    }

    async fn try_update(&self) -> Result<()> {
        let is_fresh = self.snapshot().as_ref().is_some_and(|snapshot| snapshot.read_at.elapsed() < FRESH);
        if !is_fresh {
            let snapshot = self.read().await?;
            *self.snapshot() = Some(snapshot);
        }
        let (changed, mark) = self.changed();
        if !changed.is_empty() {
            self.store.clocks_record(changed.clone()).await?;
        }
        if let Some(snapshot) = &mut *self.snapshot() {
            let repeat_at = Instant::now() + REPEAT;
            let reported = changed
                .into_iter()
                .map(|clock| ((clock.cloud, clock.endpoint), Reported { skew: clock.skew, repeat_at }));
            snapshot.reported.extend(reported);
            snapshot.mark = snapshot.mark.max(mark);
        }
        Ok(())
    }

    /// Reads the store's values, whichever process wrote them.
    async fn read(&self) -> Result<Snapshot> {
        let read_at = Instant::now();
        let now = self.store.now().await?;
        let clocks = self.store.clock_list().await?;
        let reported = clocks.into_iter().map(|clock| {
            let repeat_at = read_at + REPEAT.saturating_sub(now.since(clock.seen_at));
            ((clock.cloud, clock.endpoint), Reported { skew: clock.skew, repeat_at })
        });
        // With mark 0 every comparison is held against the store's values again.
        Ok(Snapshot { read_at, mark: 0, reported: reported.collect() })
    }

    fn snapshot(&self) -> MutexGuard<'_, Option<Snapshot>> {
        // It is changed by single calls: a panic cannot leave it half changed.
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the measurements of this process that the store must learn, and the mark after them.
    fn changed(&self) -> (Vec<EndpointClock>, u64) {
        let snapshot = self.snapshot();
        let mark = snapshot.as_ref().map_or(0, |snapshot| snapshot.mark);
        let is_changed = |clock: &EndpointClock| {
            let key = (clock.cloud, clock.endpoint.clone());
            let reported = snapshot.as_ref().and_then(|snapshot| snapshot.reported.get(&key));
            reported.is_none_or(|reported| {
                differs(reported.skew, clock.skew) || reported.repeat_at <= Instant::now()
            })
        };
        // An old measurement must not overwrite a new one of another process.
        let is_fresh = |clock: &EndpointClock| clock.age < FRESH;
        let (clocks, mark) = self.watch.compared_since(mark);
        (clocks.into_iter().filter(is_fresh).filter(is_changed).collect(), mark)
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
    fn rounding_is_no_difference_and_a_rejection_is() {
        let skew = |millis: i64| Some(Skew { micros: millis * 1000, uncertainty: Duration::from_secs(1) });
        assert!(!differs(skew(0), skew(2_900)));
        assert!(differs(skew(0), skew(3_100)));
        assert!(differs(skew(300_500), skew(301_500)), "on the two sides of the limit");
        assert!(differs(None, skew(0)) && differs(skew(0), None) && !differs(None, None));
    }

    /// A watch with one measurement.
    #[derive(Debug)]
    struct FixedWatch {
        cloud: CloudId,
        skew_seconds: i64,
        age: Duration,
    }

    impl SkewWatch for FixedWatch {
        fn observed(&self, _: CloudId, _: &str, _: Option<Skew>) {}

        fn compared_since(&self, mark: u64) -> (Vec<EndpointClock>, u64) {
            let skew = Skew { micros: self.skew_seconds * 1_000_000, uncertainty: Duration::ZERO };
            let endpoint = "http://a".to_owned();
            (vec![EndpointClock { cloud: self.cloud, endpoint, skew: Some(skew), age: self.age }], mark + 1)
        }
    }

    struct TestStore {
        store: Store,
        clock: Arc<ManualClock>,
        cloud: CloudId,
        _folder: tempfile::TempDir,
    }

    impl TestStore {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
            let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_000_000)));
            let store = Store::open(&Database { url, connections: 2 }, clock.clone()).unwrap();
            store.migrate().await.unwrap();
            Self { store, clock, cloud: CloudId::generate(), _folder: folder }
        }

        /// The report of a process that measured this skew, that long ago.
        fn report(&self, skew_seconds: i64, age: Duration) -> ClockReport {
            let watch = FixedWatch { cloud: self.cloud, skew_seconds, age };
            ClockReport::new(self.store.clone(), Arc::new(watch))
        }

        /// The stored skew and its age.
        async fn stored(&self) -> Option<(i64, Duration)> {
            let clock = self.store.clock_list().await.unwrap().pop()?;
            let age = self.store.now().await.unwrap().since(clock.seen_at);
            Some((clock.skew.unwrap().micros / 1_000_000, age))
        }

        async fn advance(&self, time: Duration) {
            self.clock.advance(time);
            tokio::time::pause();
            tokio::time::advance(time).await;
            tokio::time::resume();
        }
    }

    #[tokio::test]
    async fn wrong_report_of_another_process_is_corrected() {
        let store = TestStore::open().await;
        let own = store.report(0, Duration::ZERO);
        own.try_update().await.unwrap();
        store.report(400, Duration::ZERO).try_update().await.unwrap();
        // The other process is gone; its value must not stay.
        own.try_update().await.unwrap();
        assert_eq!(store.stored().await, Some((400, Duration::ZERO)), "the store is not read each time");
        store.advance(FRESH).await;
        own.try_update().await.unwrap();
        assert_eq!(store.stored().await, Some((0, Duration::ZERO)));
    }

    #[tokio::test]
    async fn old_measurement_is_not_reported() {
        let store = TestStore::open().await;
        store.report(400, FRESH).try_update().await.unwrap();
        assert_eq!(store.stored().await, None);
        let second = Duration::from_secs(1);
        store.report(400, second).try_update().await.unwrap();
        assert_eq!(store.stored().await, Some((400, second)));
    }

    #[tokio::test]
    async fn unchanged_skew_is_reported_again_after_a_while() {
        let store = TestStore::open().await;
        let own = store.report(7, Duration::ZERO);
        own.try_update().await.unwrap();
        store.advance(REPEAT / 2).await;
        own.try_update().await.unwrap();
        assert_eq!(store.stored().await, Some((7, REPEAT / 2)), "nothing was written");
        store.advance(REPEAT / 2).await;
        own.try_update().await.unwrap();
        assert_eq!(store.stored().await, Some((7, Duration::ZERO)));
    }

    /// A watch of many endpoints, one of which is compared before each report.
    #[derive(Debug, Default)]
    struct CrowdedWatch {
        marks: Mutex<Vec<u64>>,
    }

    impl SkewWatch for CrowdedWatch {
        fn observed(&self, _: CloudId, _: &str, _: Option<Skew>) {}

        fn compared_since(&self, mark: u64) -> (Vec<EndpointClock>, u64) {
            let mut marks = self.marks.lock().unwrap();
            marks.push(mark);
            (Vec::new(), 1_000 + marks.len() as u64)
        }
    }

    #[tokio::test]
    async fn report_looks_at_new_comparisons_only() {
        let store = TestStore::open().await;
        let watch = Arc::new(CrowdedWatch::default());
        let report = ClockReport::new(store.store.clone(), watch.clone());
        for _ in 0..3 {
            report.try_update().await.unwrap();
        }
        assert_eq!(*watch.marks.lock().unwrap(), [0, 1_001, 1_002]);
        store.advance(FRESH).await;
        report.try_update().await.unwrap();
        assert_eq!(watch.marks.lock().unwrap()[3], 0, "all are held against the values of other processes");
    }
}

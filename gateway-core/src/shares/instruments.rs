//! The metrics of pools and breakers.

use std::time::Duration;

use crate::metric::{Counter, Description, Gauge, Histogram};

static SLOTS: Gauge<1> = Gauge::new("gateway_pool_slots", ["pool"], "Slots of the pool");
static HELD: Gauge<1> = Gauge::new("gateway_pool_held", ["pool"], "Slots that are held");
static WAITING: Gauge<1> = Gauge::new("gateway_pool_waiting", ["pool"], "Requests that wait for a slot");
static REFUSED: Counter<1> =
    Counter::new("gateway_pool_refused_total", ["pool"], "Requests that got no slot in time");
static WAIT: Histogram<1> = Histogram::of_durations(
    "gateway_pool_wait_seconds",
    ["pool"],
    "Wait of requests that had to wait for a slot",
);
static OPEN: Gauge<0> = Gauge::new(
    "gateway_breakers_open",
    [],
    "Endpoints and accounts whose calls time out and are made one at a time",
);
static OPENED: Counter<0> = Counter::new("gateway_breakers_opened_total", [], "Times that a breaker opened");

/// The metrics of pools and breakers.
pub static METRICS: &[Description] = &[
    SLOTS.description(),
    HELD.description(),
    WAITING.description(),
    REFUSED.description(),
    WAIT.description(),
    OPEN.description(),
    OPENED.description(),
];

/// The series of one pool. Pools of one name in one process are counted together.
pub(super) struct PoolSeries {
    held: metrics::Gauge,
    waiting: metrics::Gauge,
    refused: metrics::Counter,
    wait: metrics::Histogram,
}

impl std::fmt::Debug for PoolSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PoolSeries")
    }
}

impl PoolSeries {
    pub(super) fn new(pool: &'static str, slots: usize) -> Self {
        SLOTS.set(slots as f64, [pool.into()]);
        Self {
            held: HELD.series([pool.into()]),
            waiting: WAITING.series([pool.into()]),
            refused: REFUSED.series([pool.into()]),
            wait: WAIT.series([pool.into()]),
        }
    }

    pub(super) fn taken(&self) {
        self.held.increment(1);
    }

    pub(super) fn given_back(&self) {
        self.held.decrement(1);
    }

    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }

    pub(super) fn began_to_wait(&self) {
        self.waiting.increment(1);
    }

    pub(super) fn ended_to_wait(&self) {
        self.waiting.decrement(1);
    }

    pub(super) fn waited(&self, time: Duration) {
        self.wait.record(time.as_secs_f64());
    }
}

/// Records that a breaker opened.
pub(super) fn breaker_opened() {
    OPENED.increment([]);
}

/// Records the number of open breakers.
pub(super) fn breakers_open(count: usize) {
    OPEN.set(count as f64, []);
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use crate::shares::Pool;

    #[tokio::test(start_paused = true)]
    async fn pool_counts_held_waiting_and_refused_requests() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _recording = metrics::set_default_local_recorder(&recorder);
        let pool = Pool::new("reads", 2, 4);
        let counted = || {
            let metrics = recorder.handle().render();
            ["slots", "held", "waiting", "refused_total"].map(|name| {
                let series = format!("gateway_pool_{name}{{pool=\"reads\"}} ");
                let value = metrics.lines().find_map(|line| line.strip_prefix(&series));
                value.map_or(0, |value| value.parse::<usize>().unwrap())
            })
        };
        let slot = pool.try_take(&["a"]).unwrap();
        assert!(pool.try_take(&["a"]).is_none());
        assert_eq!(counted(), [2, 1, 0, 1]);
        let waits = pool.clone();
        let waits = tokio::spawn(async move { waits.take(&["a"], std::time::Duration::from_secs(5)).await });
        tokio::task::yield_now().await;
        assert_eq!(counted(), [2, 1, 1, 1]);
        drop(slot);
        let granted = waits.await.unwrap();
        assert_eq!(counted(), [2, 1, 0, 1]);
        drop(granted);
        assert_eq!(counted(), [2, 0, 0, 1]);
    }
}

//! Clouds that hang, beside one that answers. The tests run on a paused clock, so that minutes of them take seconds.

use std::time::Duration;

use gateway_core::id::CloudId;
use gateway_store::TargetStatus;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::fake_cloud::{CALL_TIMEOUT, INSTANCE};

/// Interval of listings of the cloud that answers.
const INTERVAL: Duration = Duration::from_secs(10);

/// Time for which a poller runs beside clouds that hang: some rounds of calls that time out.
const RUN: Duration = Duration::from_secs(240);

/// Clouds that hang, and one that answers with one account.
struct Crowd {
    env: Environment,
    hung: Vec<CloudId>,
    healthy: CloudId,
}

impl Crowd {
    async fn new(clouds: usize, accounts_of_each: usize) -> Self {
        let mut env = Environment::new().await;
        env.config.interval_seconds = INTERVAL.as_secs();
        env.config.verify_seconds = 20;
        let mut hung = Vec::new();
        for cloud in 0..clouds {
            let id = env.another_cloud(&format!("hung-{cloud}")).await;
            for account in 0..accounts_of_each {
                let name = format!("account-{cloud}-{account}");
                env.grant_at(id, &name, &name, INSTANCE, &["r1"]).await;
            }
            hung.push(id);
        }
        // Its target is due, and its grant to be verified, after all others.
        env.clock.advance(Duration::from_millis(1));
        env.grant("healthy", "healthy", INSTANCE, &["r1"]).await;
        env.cloud.state().hung.extend(&hung);
        let healthy = env.cloud_id;
        Self { env, hung, healthy }
    }

    fn start_poller(&self) -> JoinHandle<()> {
        tokio::spawn(self.env.poller().run(CancellationToken::new()))
    }

    /// Returns the longest time without a listing of the cloud that answers, since `begun`.
    fn longest_gap(&self, begun: Instant) -> Duration {
        let state = self.env.cloud.state();
        let listed = state.listed_at.get(&self.healthy).cloned().unwrap_or_default();
        let times: Vec<_> = [begun].into_iter().chain(listed).chain([Instant::now()]).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// Returns the number of calls that wait for clouds that hang.
    fn waiting(&self) -> usize {
        self.env.cloud.state().waiting.values().sum()
    }
}

/// Runs a poller beside clouds that hang and have 64 accounts together.
async fn healthy_cloud_is_listed_in_time(clouds: usize) {
    let crowd = Crowd::new(clouds, 64 / clouds).await;
    let (_clock, begun, poller) = (crowd.env.run_clock(), Instant::now(), crowd.start_poller());
    sleep(RUN).await;
    let gap = crowd.longest_gap(begun);
    assert!(gap < INTERVAL * 2, "not listed for {gap:?}");
    let most = if clouds == 1 { 1 } else { crowd.env.config.concurrency / 4 };
    // Verifications are not started before they are due, and are not counted here: each cloud has one at a time.
    assert!((1..=most + clouds).contains(&crowd.waiting()), "{} calls wait for answers", crowd.waiting());
    poller.abort();
}

#[tokio::test(start_paused = true)]
async fn healthy_cloud_is_listed_in_time_beside_one_that_hangs() {
    healthy_cloud_is_listed_in_time(1).await;
}

#[tokio::test(start_paused = true)]
async fn healthy_cloud_is_listed_in_time_beside_eight_that_hang() {
    healthy_cloud_is_listed_in_time(8).await;
}

#[tokio::test(start_paused = true)]
async fn healthy_cloud_is_listed_in_time_beside_many_that_hang_at_once() {
    // More than there are slots, and each was answered before.
    let crowd = Crowd::new(40, 1).await;
    crowd.env.cloud.state().hung.clear();
    let (_clock, poller) = (crowd.env.run_clock(), crowd.start_poller());
    sleep(INTERVAL * 3).await;
    assert!(crowd.hung.iter().all(|cloud| crowd.env.cloud.state().listed_at.contains_key(cloud)));
    crowd.env.cloud.state().hung.extend(&crowd.hung);
    let begun = Instant::now();
    sleep(CALL_TIMEOUT * 2).await;
    crowd.env.cloud.state().listed_at.entry(crowd.healthy).or_default().retain(|listed| *listed >= begun);
    let gap = crowd.longest_gap(begun);
    assert!(gap < INTERVAL * 2, "not listed for {gap:?}");
    poller.abort();
}

#[tokio::test(start_paused = true)]
async fn cloud_that_answers_again_is_listed_whole() {
    let crowd = Crowd::new(1, 64).await;
    let (_clock, poller) = (crowd.env.run_clock(), crowd.start_poller());
    sleep(CALL_TIMEOUT * 3).await;
    assert!(!crowd.env.cloud.state().listed_at.contains_key(&crowd.hung[0]));
    crowd.env.cloud.state().hung.clear();
    // The calls under way end, and one that is answered ends the probation. Targets that failed wait for their backoff.
    sleep(CALL_TIMEOUT * 3).await;
    let targets = crowd.env.targets().await;
    let fresh = targets.iter().filter(|target| target.status == TargetStatus::Fresh).count();
    assert_eq!(fresh, targets.len());
    poller.abort();
}

#[tokio::test(start_paused = true)]
async fn revoked_grant_ends_beside_64_of_a_cloud_that_hangs() {
    let crowd = Crowd::new(1, 64).await;
    let env = &crowd.env;
    let grants = async || env.store.grant_list(env.principal, None, 100).await.unwrap();
    env.cloud.state().refused.insert("healthy".to_owned());
    let (_clock, begun, poller) = (env.run_clock(), Instant::now(), crowd.start_poller());
    while grants().await.iter().any(|grant| grant.cloud_name == "fake-1") {
        // It is due after 20 s, and again 10 s after the first refusal.
        assert!(begun.elapsed() < Duration::from_secs(50), "the grant of a revoked credential lives on");
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(grants().await.len(), 64, "no answer ends no grant");
    poller.abort();
}

#[tokio::test(start_paused = true)]
async fn slots_of_listings_and_verifications_are_gauges() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let crowd = Crowd::new(8, 2).await;
    let gauge = |name: &str, pool: &str| {
        let (metrics, series) = (recorder.handle().render(), format!("{name}{{pool=\"{pool}\"}} "));
        let value = metrics.lines().find_map(|line| line.strip_prefix(&series)?.parse::<usize>().ok());
        value.unwrap_or_else(|| panic!("no {series}in\n{metrics}"))
    };
    let (_clock, poller) = (crowd.env.run_clock(), crowd.start_poller());
    sleep(CALL_TIMEOUT / 2).await;
    assert_eq!(gauge("gateway_pool_slots", "listings"), crowd.env.config.concurrency);
    assert_eq!(gauge("gateway_pool_held", "listings"), 8, "one of each cloud that hangs");
    sleep(CALL_TIMEOUT).await;
    assert!(gauge("gateway_pool_held", "verifications") > 0, "grants are due after 20 s");
    crowd.env.cloud.state().hung.clear();
    sleep(CALL_TIMEOUT * 2).await;
    assert_eq!(gauge("gateway_pool_held", "verifications"), 0);
    poller.abort();
}

#[tokio::test(start_paused = true)]
async fn healthy_account_is_listed_in_time_beside_40_that_hang_at_its_endpoint() {
    let crowd = Crowd::new(0, 0).await;
    let env = &crowd.env;
    let keys: Vec<_> = (0..40).map(|number| format!("hung-{number}")).collect();
    for key in &keys {
        env.grant(key, key, INSTANCE, &["r1"]).await;
    }
    let (_clock, poller) = (env.run_clock(), crowd.start_poller());
    sleep(INTERVAL * 3).await;
    env.cloud.state().hung_keys.extend(keys);
    // The calls of each account time out once before it is known to hang, a few at a time.
    sleep(CALL_TIMEOUT * 6).await;
    env.cloud.state().listed_at.clear();
    let begun = Instant::now();
    sleep(RUN).await;
    let gap = crowd.longest_gap(begun);
    assert!(gap < INTERVAL * 2, "not listed for {gap:?}");
    poller.abort();
}

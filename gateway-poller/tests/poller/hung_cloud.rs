//! Clouds that hang, beside one that answers. The tests run on a paused clock, so that minutes of them take seconds.

use std::time::Duration;

use gateway_core::id::CloudId;
use gateway_store::TargetStatus;
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

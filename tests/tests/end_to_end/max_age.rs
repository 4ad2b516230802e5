//! Reads with `max_age`: all callers share one poll, and other readers do not wait.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_core::Timestamp;
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_tests::cluster::ClusterBuilder;
use gateway_tests::{Client, Simulator, TestCluster, until};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::environment::{CALLS, CLOUD, Environment, SMALL, SOON, collections, demo_credential};
use crate::simulator_api::wait_fault;

const REGIONS: [&str; 2] = ["north", "south"];

/// Concurrent callers with `max_age`.
const CALLERS: usize = 100;
const MAX_AGE: Duration = Duration::from_secs(1);

/// Readers without `max_age`. They pause between reads, so that the load of the machine is not measured.
const READERS: usize = 16;
const PAUSE: Duration = Duration::from_millis(40);

/// The duration of the measured reads. The poll that callers wait for takes longer.
const SPAN: Duration = Duration::from_secs(4);
const LISTING: Duration = Duration::from_secs(7);

/// The limits of the slow-down. A reader that waits for the poll needs seconds; less is noise of the machine.
const MAX_RATIO: f64 = 3.0;
const TOLERANCE: Duration = Duration::from_millis(250);

/// The poll interval: only refresh requests cause polls.
const INTERVAL_SECONDS: u64 = 3600;

/// Fewer read slots than callers: if callers occupied slots of reads while they wait, none would be left. One client may
/// have twice as many refresh requests in a handler.
const HANDLERS: usize = 2;
const SLOTS: usize = 32;

/// The longest time of a failed poll: three attempts with pauses, on a busy machine.
const FAILS_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundred_max_age_callers_share_one_poll_and_slow_no_reader() {
    let env = Environment::polled_once(builder("max_age")).await;
    let alone = Readers::start(&env.client).measured().await;

    let before = listings(&env).await;
    let slow = json!([{ "fault": "latency", "kind": "volume", "ms": LISTING.as_millis() as u64 }]);
    env.simulator.faults(slow).await;
    // A poll that started too early for the callers is running, so that all of them arrive before the next poll.
    let mut first = Callers::start(&env.client, 1);
    wait_fault(&env.simulator, 1).await;
    tokio::time::sleep(MAX_AGE + Duration::from_millis(100)).await;
    let mut pending = Callers::start(&env.client, CALLERS);
    // The arrival of the callers is load; only their wait is measured.
    until("reads to be as quick as before", SOON, || async {
        let slowest = slowest_read(&env.client).await;
        ensure!(slowest.as_secs_f64() <= alone.p99(), "{slowest:?}");
        Ok(())
    })
    .await;
    let with_callers = Readers::start(&env.client).measured().await;
    assert!(pending.answered().is_none(), "no caller was answered during the reads");

    let (first, all) = (first.all().await, pending.all().await);
    for answer in first.iter().chain(&all) {
        let [scope] = &answer.scopes[..] else { panic!("{:?}", answer.scopes) };
        let age = answer.asked.since(as_of(scope));
        assert!(scope["status"] == "fresh" && age <= MAX_AGE, "{age:?} old when it was asked for: {scope}");
    }
    let asked = listings(&env).await - before;
    assert_eq!(asked, 2, "one poll for the first caller and one for all others");
    assert!(
        all.iter().all(|answer| answer.elapsed > LISTING),
        "the running poll started too early for the callers"
    );
    let longest = all.iter().map(|answer| answer.elapsed).max().unwrap();
    println!(
        "{CALLERS} callers with max_age={MAX_AGE:?}: one poll for all, the last answer after {longest:.1?}"
    );
    println!("{READERS} readers alone:         {alone}");
    println!(
        "{READERS} readers beside them:   {with_callers}, p99 {:.2} times as long",
        with_callers.p99() / alone.p99()
    );
    let most = alone.p99() * MAX_RATIO + TOLERANCE.as_secs_f64();
    assert!(with_callers.p99() < most, "readers are slower: {with_callers}, before {alone}");
}

#[tokio::test]
async fn max_age_of_failing_scope_reports_failure_and_refreshes_others() {
    let env = two_regions("max_age_fails").await;
    let old = env.client.page("volumes", &[("region", "north")]).await.unwrap().scopes.remove(0);
    let broken = json!([{ "fault": "server_error", "kind": "volume", "region": "north" }]);
    env.simulator.faults(broken).await;
    // Three attempts of the failing scope and one of the other; then no attempt of the scope that just failed.
    for (round, most) in [("first read", 4), ("second read", 1)] {
        let before = listings(&env).await;
        let answer = ask(&env.client, Duration::ZERO).await;
        let asked = listings(&env).await - before;
        println!("{round}: answered after {:.1?}, {asked} requests to the cloud", answer.elapsed);
        assert!(asked <= most, "{round}: {asked}");
        assert!(answer.elapsed < FAILS_WITHIN, "{round}: {:?}", answer.elapsed);
        assert!(answer.items > 0, "{round}: known items stay, with their age");
        let (north, south) = (answer.scope("north"), answer.scope("south"));
        assert_eq!(
            (&north["status"], &north["as_of"]),
            (&json!("failed"), &old["as_of"]),
            "{round}: {north}"
        );
        assert!(north["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{round}: {north}");
        assert_eq!(south["status"], "fresh", "{round}: {south}");
        assert!(as_of(south) >= answer.asked, "{round}: {south}");
    }
    env.simulator.heal().await;
    until("a new listing of what had failed", SOON, || async {
        let answer = ask(&env.client, Duration::ZERO).await;
        ensure!(answer.scopes.iter().all(|scope| scope["status"] == "fresh"), "{:?}", answer.scopes);
        Ok(())
    })
    .await;
    let asked = SystemClock.now();
    let refreshed = env.client.request("POST".parse().unwrap(), "/v1/refresh?kind=volume").await.unwrap();
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let scopes = refreshed.body["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), REGIONS.len(), "{scopes:?}");
    assert!(scopes.iter().all(|scope| scope["status"] == "fresh" && as_of(scope) >= asked), "{scopes:?}");
}

fn builder(test: &str) -> ClusterBuilder {
    TestCluster::builder(test).handlers(HANDLERS).pollers(2).set("handler.concurrency", SLOTS)
}

/// Starts an environment with a cloud of two regions, which is polled once and then only on request.
async fn two_regions(test: &str) -> Environment {
    let builder = builder(test)
        .set("poller.interval_seconds", INTERVAL_SECONDS)
        .set("poller.moving_interval_seconds", INTERVAL_SECONDS)
        .set("poller.verify_seconds", INTERVAL_SECONDS);
    let regions = REGIONS.map(|region| ["--region", region]).concat();
    let arguments = [&SMALL[..], &regions].concat();
    let (simulator, cluster) = tokio::join!(Simulator::with(&arguments), builder.start());
    cluster.add_cloud(CLOUD, "simulator", simulator.url(), &CALLS).await;
    let mut client = cluster.register_client("dashboard").await;
    let login = client.login(&[demo_credential()]).await.unwrap();
    let account = login.accounts[0]["id"].as_str().unwrap().to_owned();
    let env = Environment { simulator, cluster, client, account };
    for collection in collections() {
        env.fresh(collection).await;
    }
    env
}

/// Returns the number of volume listings of the cloud. One page holds all volumes.
async fn listings(env: &Environment) -> u64 {
    let stats = env.simulator.control("GET", "stats", &json!({})).await;
    stats["requests"]["GET volumes"].as_u64().unwrap()
}

/// The answer to a caller with `max_age`.
struct Answer {
    asked: Timestamp,
    elapsed: Duration,
    items: usize,
    scopes: Vec<Value>,
}

impl Answer {
    fn scope(&self, region: &str) -> &Value {
        self.scopes.iter().find(|scope| scope["region"] == region).unwrap()
    }
}

async fn ask(client: &Client, max_age: Duration) -> Answer {
    let (asked, begun) = (SystemClock.now(), Instant::now());
    let max_age = format!("{}s", max_age.as_secs());
    let page = client.page("volumes", &[("limit", "1"), ("max_age", &max_age)]).await.unwrap();
    Answer { asked, elapsed: begun.elapsed(), items: page.items.len(), scopes: page.scopes }
}

fn as_of(scope: &Value) -> Timestamp {
    serde_json::from_value(scope["as_of"].clone()).unwrap()
}

/// Callers that wait for their answers.
struct Callers(JoinSet<Answer>);

impl Callers {
    fn start(client: &Client, count: usize) -> Self {
        let callers = (0..count).map(|_| client.clone());
        Self(callers.map(|client| async move { ask(&client, MAX_AGE).await }).collect())
    }

    fn answered(&mut self) -> Option<Answer> {
        self.0.try_join_next().map(Result::unwrap)
    }

    async fn all(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.0).join_all().await
    }
}

/// Readers without `max_age`.
struct Readers(JoinSet<Vec<Duration>>);

impl Readers {
    fn start(client: &Client) -> Self {
        let readers = (0..READERS).map(|_| client.clone());
        Self(readers.map(keep_reading).collect())
    }

    async fn measured(self) -> Latencies {
        let mut all = self.0.join_all().await.concat();
        all.sort_unstable();
        Latencies(all)
    }
}

/// Returns the slowest of five reads.
async fn slowest_read(client: &Client) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        slowest = slowest.max(read(client).await);
    }
    slowest
}

async fn read(client: &Client) -> Duration {
    let asked = Instant::now();
    let page = client.page("volumes", &[("limit", "10")]).await.unwrap();
    assert_eq!(page.items.len(), 10);
    asked.elapsed()
}

async fn keep_reading(client: Client) -> Vec<Duration> {
    let (begun, mut all) = (Instant::now(), Vec::new());
    while begun.elapsed() < SPAN {
        all.push(read(&client).await);
        tokio::time::sleep(PAUSE).await;
    }
    all
}

/// Sorted latencies.
struct Latencies(Vec<Duration>);

impl Latencies {
    fn percentile(&self, part: usize) -> Duration {
        self.0[self.0.len() * part / 100]
    }

    /// Returns the 99th percentile in seconds.
    fn p99(&self) -> f64 {
        self.percentile(99).as_secs_f64()
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} reads, p50 {:.1?}, p99 {:.1?}", self.0.len(), self.percentile(50), self.percentile(99))
    }
}

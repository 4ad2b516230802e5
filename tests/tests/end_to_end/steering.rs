//! A caller says how old its data may be: it gets that, by one listing however many ask, and nobody else waits.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_core::Timestamp;
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_tests::cluster::Plan;
use gateway_tests::{Client, Cluster, Simulator, until};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::stage::{CALLS, CLOUD, SMALL, SOON, Stage, collections, demo};
use crate::truth::struck;

const REGIONS: [&str; 2] = ["north", "south"];

/// Who wants data at most a second old, at once.
const CALLERS: usize = 100;
const MAX_AGE: Duration = Duration::from_secs(1);

/// Who reads without a wish. They pause between reads, so that a busy machine is not the thing that is measured.
const READERS: usize = 16;
const PAUSE: Duration = Duration::from_millis(40);

/// Reads are measured for so long; the listing that the callers wait for takes longer.
const SPAN: Duration = Duration::from_secs(4);
const LISTING: Duration = Duration::from_secs(7);

/// Waiting on purpose takes seconds: what is far below that is the machine's unrest.
const SLOWER: f64 = 3.0;
const UNREST: Duration = Duration::from_millis(250);

/// Nobody lists unless somebody wishes for it.
const NEVER: u64 = 3600;

/// Fewer than callers in all handlers together: were callers to wait in the places of reads, none would be left.
const HANDLERS: usize = 2;
const PLACES: usize = 16;

/// What a failed listing may take: three tries with their pauses, on a busy machine.
const FAILS_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_callers_get_new_data_by_one_listing_and_slow_nobody() {
    let stage = Stage::polled_once(plan("steering")).await;
    let usual = Readers::start(&stage.client).measured().await;

    let before = listings(&stage).await;
    let slow = json!([{ "fault": "latency", "kind": "volume", "ms": LISTING.as_millis() as u64 }]);
    stage.simulator.faults(slow).await;
    // One listing is under way when they ask, and begins too early for them. So all of them, however slowly they come,
    // have the time that it takes for being there before the next one, which is theirs.
    let mut first = Waiting::start(&stage.client, 1);
    struck(&stage.simulator, 1).await;
    tokio::time::sleep(MAX_AGE + Duration::from_millis(100)).await;
    let mut waiting = Waiting::start(&stage.client, CALLERS);
    // That they come is work for everybody; what is measured is that they wait.
    until("reads to be as quick as before", SOON, || async {
        let slowest = one_after_another(&stage.client).await;
        ensure!(slowest.as_secs_f64() <= usual.p99(), "{slowest:?}");
        Ok(())
    })
    .await;
    let besides = Readers::start(&stage.client).measured().await;
    assert!(waiting.answered().is_none(), "nobody was answered while the others read");

    let (first, all) = (first.all().await, waiting.all().await);
    for answer in first.iter().chain(&all) {
        let [scope] = &answer.scopes[..] else { panic!("{:?}", answer.scopes) };
        let age = answer.asked.since(as_of(scope));
        assert!(scope["status"] == "fresh" && age <= MAX_AGE, "{age:?} old when it was asked for: {scope}");
    }
    let asked = listings(&stage).await - before;
    assert_eq!(asked, 2, "one for the first and one for all others");
    assert!(all.iter().all(|answer| answer.took > LISTING), "the listing under way began too early for them");
    let longest = all.iter().map(|answer| answer.took).max().unwrap();
    println!(
        "{CALLERS} callers with max_age={MAX_AGE:?}: one listing for all, the last answer after {longest:.1?}"
    );
    println!("{READERS} readers alone:         {usual}");
    println!(
        "{READERS} readers beside them:   {besides}, p99 {:.2} times as long",
        besides.p99() / usual.p99()
    );
    let most = usual.p99() * SLOWER + UNREST.as_secs_f64();
    assert!(besides.p99() < most, "readers are slowed down: {besides} after {usual}");
}

#[tokio::test]
async fn what_cannot_be_listed_anew_says_so_and_the_rest_is_new() {
    let stage = two_regions("steering_fails").await;
    let old = stage.client.page("volumes", &[("region", "north")]).await.unwrap().scopes.remove(0);
    let broken = json!([{ "fault": "server_error", "kind": "volume", "region": "north" }]);
    stage.simulator.faults(broken).await;
    // Three tries of the broken one and one of the other; then none of what has failed a moment ago.
    for (round, most) in [("at once", 4), ("and again", 1)] {
        let before = listings(&stage).await;
        let answer = ask(&stage.client, Duration::ZERO).await;
        let asked = listings(&stage).await - before;
        println!("{round}: answered after {:.1?}, {asked} requests to the cloud", answer.took);
        assert!(asked <= most, "{round}: {asked}");
        assert!(answer.took < FAILS_WITHIN, "{round}: {:?}", answer.took);
        assert!(answer.items > 0, "{round}: what was known stays, with its age");
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
    stage.simulator.heal().await;
    until("a new listing of what had failed", SOON, || async {
        let answer = ask(&stage.client, Duration::ZERO).await;
        ensure!(answer.scopes.iter().all(|scope| scope["status"] == "fresh"), "{:?}", answer.scopes);
        Ok(())
    })
    .await;
    let asked = SystemClock.now();
    let refreshed = stage.client.request("POST".parse().unwrap(), "/v1/refresh?kind=volume").await.unwrap();
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let scopes = refreshed.body["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), REGIONS.len(), "{scopes:?}");
    assert!(scopes.iter().all(|scope| scope["status"] == "fresh" && as_of(scope) >= asked), "{scopes:?}");
}

fn plan(test: &str) -> Plan {
    Cluster::plan(test).handlers(HANDLERS).pollers(2).set("handler.concurrency", PLACES)
}

/// Beside a cloud of two regions: everything is listed once, and then when somebody wishes for it.
async fn two_regions(test: &str) -> Stage {
    let plan = plan(test)
        .set("poller.interval_seconds", NEVER)
        .set("poller.moving_interval_seconds", NEVER)
        .set("poller.verify_seconds", NEVER);
    let regions = REGIONS.map(|region| ["--region", region]).concat();
    let arguments = [&SMALL[..], &regions].concat();
    let (simulator, cluster) = tokio::join!(Simulator::with(&arguments), plan.start());
    cluster.add_cloud(CLOUD, "simulator", simulator.url(), &CALLS).await;
    let mut client = cluster.register_client("dashboard").await;
    let login = client.login(&[demo()]).await.unwrap();
    let account = login.accounts[0]["id"].as_str().unwrap().to_owned();
    let stage = Stage { simulator, cluster, client, account };
    for collection in collections() {
        stage.fresh(collection).await;
    }
    stage
}

/// How often the cloud was asked for volumes; one page holds all that there are.
async fn listings(stage: &Stage) -> u64 {
    let stats = stage.simulator.control("GET", "stats", &json!({})).await;
    stats["requests"]["GET volumes"].as_u64().unwrap()
}

/// An answer to a caller with a wish.
struct Answer {
    asked: Timestamp,
    took: Duration,
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
    Answer { asked, took: begun.elapsed(), items: page.items.len(), scopes: page.scopes }
}

fn as_of(scope: &Value) -> Timestamp {
    serde_json::from_value(scope["as_of"].clone()).unwrap()
}

/// Callers who have asked, each once.
struct Waiting(JoinSet<Answer>);

impl Waiting {
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

/// Readers without a wish.
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

/// The slowest of some reads.
async fn one_after_another(client: &Client) -> Duration {
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

/// In order.
struct Latencies(Vec<Duration>);

impl Latencies {
    fn percentile(&self, part: usize) -> Duration {
        self.0[self.0.len() * part / 100]
    }

    /// In seconds.
    fn p99(&self) -> f64 {
        self.percentile(99).as_secs_f64()
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} reads, p50 {:.1?}, p99 {:.1?}", self.0.len(), self.percentile(50), self.percentile(99))
    }
}

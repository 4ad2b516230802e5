//! Kills of processes and servers while the cloud changes, clients read and followers follow. No event may be lost,
//! wrong or repeated under another id.
//!
//! `GATEWAY_TEST_SEED` sets the seed; `GATEWAY_TEST_LONG=1` gives 50 kills instead of 10.

mod call_counter;
mod callers;
mod cloud_history;
mod consistency;
mod environment;
mod event;
mod follower;
mod relay;
mod schedule;
mod subscriber;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::kind;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Simulator, until};
use serde_json::json;

use call_counter::CallCounter;
use callers::Callers;
use consistency::Observations;
use environment::{Environment, REQUEST_TIMEOUT};
use event::{Event, ResourceState};
use follower::Follower;
use schedule::Kill;
use subscriber::Subscriber;

const DEFAULT_SEED: u64 = 20_261_122;

/// The longest time from a restart until all followers have a new event: the lease of a killed poller must expire,
/// and reconnects have growing pauses.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_cause_no_lost_duplicate_or_wrong_event() {
    let start = Instant::now();
    let seed =
        std::env::var("GATEWAY_TEST_SEED").map_or(DEFAULT_SEED, |seed| seed.parse().expect("a number"));
    let count = if std::env::var_os("GATEWAY_TEST_LONG").is_some() { 50 } else { 10 };
    print(&format!("chaos: seed {seed}, {count} kills"));

    let simulator = Simulator::with(&[
        "--instances=300",
        "--volumes=100",
        // Several pages of instances, so that a process can die between two of them.
        "--page-limit=100",
        "--movement=5",
        "--transit-seconds=2",
    ])
    .await;
    let mut env = Environment::start().await;
    env.cluster.add_cloud("sim", "simulator", simulator.url(), &["--calls-per-second=200"]).await;
    let subscriber = Subscriber::start(&env.cluster.vhost);
    subscriber.bound().await;
    let mut client = env.cluster.register_client("observer").await;
    client.login(&[access_key("sim", "demo", "demo-secret")]).await.expect("the credential is valid");
    let items = first_listing(&client).await;
    let counter = CallCounter::default();
    let follower = Follower::start(&client, &counter, REQUEST_TIMEOUT);
    let callers = Callers::start(&client, &items, &counter, REQUEST_TIMEOUT);

    let mut killed: BTreeMap<String, usize> = BTreeMap::new();
    for (number, kill) in schedule::draw(seed, count).iter().enumerate() {
        let began = Instant::now();
        env.execute(kill, &subscriber).await;
        let back = Instant::now();
        recovered(kill, &subscriber, &follower).await;
        let (down, catch_up) = (back - began, back.elapsed());
        print(&format!(
            "chaos: {:2} {kill:?}: back after {down:.1?}, up to date {catch_up:.1?} later",
            number + 1
        ));
        *killed.entry(kill.name()).or_default() += 1;
    }

    simulator.control("PUT", "movement", &json!({ "per_second": 0 })).await;
    let log = wait_agreement(&client, &simulator, &follower, &subscriber).await;
    drop(callers);
    let observations = Observations {
        log,
        followed: follower.events(),
        delivered: subscriber.events(),
        histories: cloud_history::histories(&simulator).await,
    };
    let calls = counter.counts();
    let of = |change: &str| observations.log.iter().filter(|event| event.change == change).count();
    print(&format!("chaos: kills {killed:?}"));
    print(&format!(
        "chaos: {} events ({} created, {} changed, {} state_changed, {} deleted), {} deliveries, {} of them repeated",
        observations.log.len(),
        of("created"),
        of("changed"),
        of("state_changed"),
        of("deleted"),
        observations.delivered.len(),
        observations.delivered.len() - distinct(&observations.delivered),
    ));
    print(&format!("chaos: calls {:?}, slowest {:.1?}", calls.outcomes, calls.slowest));
    let mut violations = consistency::violations(&observations);
    violations.extend(calls.violations);
    violations.extend(env.ended_processes());
    print(&format!("chaos: {} violations, {:.0?} in all", violations.len(), start.elapsed()));
    assert!(violations.is_empty(), "seed {seed}:\n{}", violations[..violations.len().min(30)].join("\n"));
    assert!(of("created") > 400 && of("state_changed") > count * 5 && of("deleted") > 0, "the cloud changed");
}

/// Waits for the first listing of all kinds. Returns paths of resources that the cloud never deletes.
async fn first_listing(client: &Client) -> Vec<String> {
    until("the first listing", Duration::from_secs(60), || async {
        let mut paths = Vec::new();
        for (collection, expected) in
            [("instances", 250), ("volumes", 100), ("images", 12), ("instance_types", 8)]
        {
            let listing = client.list(collection, &[]).await?;
            ensure!(listing.items.len() >= expected, "{} {collection}", listing.items.len());
            let ids = listing.items.iter().filter_map(|item| item["id"].as_str());
            let paths_of = ids.take(4).map(|id| format!("/v1/{collection}/{id}"));
            paths.extend(paths_of.filter(|_| collection != "instances"));
        }
        Ok(paths)
    })
    .await
}

/// Waits until a change that the gateway saw after now has reached all followers.
async fn recovered(kill: &Kill, subscriber: &Subscriber, follower: &Follower) {
    let now = SystemClock.now();
    let is_new = |event: Option<Event>| event.is_some_and(|event| event.at > now);
    until(&format!("a new event after {kill:?}"), RECOVERY_TIMEOUT, || {
        let (delivered, followed) = (is_new(subscriber.last()), is_new(follower.last()));
        async move {
            ensure!(delivered && followed, "delivered: {delivered}, followed: {followed}");
            Ok(())
        }
    })
    .await;
}

/// Waits until cloud, store, log and both followers agree. Returns the log.
async fn wait_agreement(
    client: &Client,
    simulator: &Simulator,
    follower: &Follower,
    subscriber: &Subscriber,
) -> Vec<Event> {
    until("cloud, store, log and followers to agree", Duration::from_secs(60), || async {
        let actual = cloud_history::resources(simulator, "north", "demo", "demo-secret").await;
        let moving = [
            "BOOTING",
            "CYCLING",
            "HALTING",
            "WAKING",
            "REMOVING",
            "REMOVED",
            "FORMING",
            "ERASING",
            "ATTACHING",
            "COPYING",
        ];
        let is_moving = |resource: &&ResourceState| {
            resource.status.as_deref().is_some_and(|status| moving.contains(&status))
        };
        if let Some(resource) = actual.iter().find(is_moving) {
            bail!("the cloud still changes: {resource:?}");
        }
        let mut listed = BTreeMap::new();
        for collection in kind::ALL.iter().map(|spec| spec.plural) {
            for item in client.list(collection, &[("limit", "100")]).await?.items {
                let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
                let version = item["version"].as_i64().unwrap_or_default();
                let before =
                    listed.insert((text("account"), text("id")), (version, ResourceState::read(&item)?));
                ensure!(before.is_none(), "listed twice: {item}");
            }
        }
        let shown: BTreeSet<ResourceState> = listed.values().map(|(_, resource)| resource.clone()).collect();
        if let Some(difference) = consistency::difference("the store", &shown, &actual) {
            bail!(difference);
        }
        let log: Vec<Event> = client.events(0).await?.iter().map(Event::read).collect::<Result<_>>()?;
        let replayed = consistency::replay(&log);
        let wrong = replayed.iter().find(|(record, state)| listed.get(record) != Some(state));
        ensure!(
            wrong.is_none(),
            "the log has {wrong:?}, the store {:?}",
            wrong.map(|(record, _)| listed.get(record))
        );
        ensure!(
            replayed.len() == listed.len(),
            "the log has {} records, the lists {}",
            replayed.len(),
            listed.len()
        );
        let (followed, delivered) = (follower.events().len(), distinct(&subscriber.events()));
        ensure!(followed == log.len(), "followed {followed} of {}", log.len());
        ensure!(delivered == log.len(), "delivered {delivered} of {}", log.len());
        Ok(log)
    })
    .await
}

fn distinct(events: &[Event]) -> usize {
    events.iter().map(|event| &event.id).collect::<HashSet<_>>().len()
}

/// Writes to standard error directly: the test runner captures `print!` of passed tests.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

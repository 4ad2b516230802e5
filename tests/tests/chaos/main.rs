//! Processes and servers die, again and again, while a cloud moves, clients read and others follow: nothing
//! that was told may be wrong, and nothing may be missing.
//!
//! `GATEWAY_TEST_SEED` draws another schedule; `GATEWAY_TEST_LONG=1` is 50 deaths instead of 10.

mod callers;
mod event;
mod follower;
mod frozen;
mod schedule;
mod stage;
mod subscriber;
mod tally;
mod truth;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::kind;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Simulator, until};
use serde_json::json;

use callers::Callers;
use event::{Event, Seen};
use follower::Follower;
use schedule::Kill;
use stage::{REQUEST_TIMEOUT, Stage};
use subscriber::Subscriber;
use tally::Tally;
use verdict::Evidence;

const USUAL_SEED: u64 = 20_261_122;

/// Longest time from a restart to a change of the cloud that all followers know of: the lease of a dead poller
/// must lapse, and connections come back with growing pauses.
const RECOVERS: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_double_nothing_and_delete_nothing_wrongly() {
    let start = Instant::now();
    let seed = std::env::var("GATEWAY_TEST_SEED").map_or(USUAL_SEED, |seed| seed.parse().expect("a number"));
    let count = if std::env::var_os("GATEWAY_TEST_LONG").is_some() { 50 } else { 10 };
    say(&format!("chaos: seed {seed}, {count} kills"));

    let simulator = Simulator::with(&[
        "--instances=300",
        "--volumes=100",
        // Several pages of instances, so that a process can die between two of them.
        "--page-limit=100",
        "--movement=5",
        "--transit-seconds=2",
    ])
    .await;
    let mut stage = Stage::start().await;
    stage.cluster.add_cloud("sim", "simulator", simulator.url(), &["--calls-per-second=200"]).await;
    let subscriber = Subscriber::start(&stage.cluster.vhost);
    subscriber.bound().await;
    let mut client = stage.cluster.register_client("observer").await;
    client.login(&[access_key("sim", "demo", "demo-secret")]).await.expect("the proof is good");
    let items = first_listing(&client).await;
    let tally = Tally::default();
    let follower = Follower::start(&client, &tally, REQUEST_TIMEOUT);
    let callers = Callers::start(&client, &items, &tally, REQUEST_TIMEOUT);

    let mut killed: BTreeMap<String, usize> = BTreeMap::new();
    for (number, kill) in schedule::draw(seed, count).iter().enumerate() {
        let began = Instant::now();
        stage.carry_out(kill, &subscriber).await;
        let back = Instant::now();
        recovered(kill, &subscriber, &follower).await;
        let (down, catch_up) = (back - began, back.elapsed());
        say(&format!(
            "chaos: {:2} {kill:?}: back after {down:.1?}, up to date {catch_up:.1?} later",
            number + 1
        ));
        *killed.entry(kill.name()).or_default() += 1;
    }

    simulator.control("PUT", "movement", &json!({ "per_second": 0 })).await;
    let log = quiet(&client, &simulator, &follower, &subscriber).await;
    drop(callers);
    let evidence = Evidence {
        log,
        followed: follower.events(),
        delivered: subscriber.events(),
        lives: truth::lives(&simulator).await,
    };
    let calls = tally.counts();
    let of = |change: &str| evidence.log.iter().filter(|event| event.change == change).count();
    say(&format!("chaos: kills {killed:?}"));
    say(&format!(
        "chaos: {} events ({} created, {} changed, {} state_changed, {} deleted), delivered {} times, {} of them again",
        evidence.log.len(),
        of("created"),
        of("changed"),
        of("state_changed"),
        of("deleted"),
        evidence.delivered.len(),
        evidence.delivered.len() - distinct(&evidence.delivered),
    ));
    say(&format!("chaos: calls {:?}, slowest {:.1?}", calls.outcomes, calls.slowest));
    let mut wrongs = verdict::judge(&evidence);
    wrongs.extend(calls.violations);
    wrongs.extend(stage.dead());
    say(&format!("chaos: {} wrongs, {:.0?} in all", wrongs.len(), start.elapsed()));
    assert!(wrongs.is_empty(), "seed {seed}:\n{}", wrongs[..wrongs.len().min(30)].join("\n"));
    assert!(of("created") > 400 && of("state_changed") > count * 5 && of("deleted") > 0, "the cloud moved");
}

/// Waits until everything was listed once; returns the paths of resources that this cloud keeps for ever.
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

/// Waits until a change that the gateway saw after now has reached everybody.
async fn recovered(kill: &Kill, subscriber: &Subscriber, follower: &Follower) {
    let now = SystemClock.now();
    let is_new = |event: Option<Event>| event.is_some_and(|event| event.at > now);
    until(&format!("news after {kill:?}"), RECOVERS, || {
        let (delivered, followed) = (is_new(subscriber.last()), is_new(follower.last()));
        async move {
            ensure!(delivered && followed, "delivered: {delivered}, followed: {followed}");
            Ok(())
        }
    })
    .await;
}

/// Waits until cloud, store, log and both followers agree, and returns the log.
async fn quiet(
    client: &Client,
    simulator: &Simulator,
    follower: &Follower,
    subscriber: &Subscriber,
) -> Vec<Event> {
    until("everybody to agree", Duration::from_secs(60), || async {
        let truth = truth::resources(simulator, "north", "demo", "demo-secret").await;
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
        let is_moving = |seen: &&Seen| seen.status.as_deref().is_some_and(|status| moving.contains(&status));
        if let Some(seen) = truth.iter().find(is_moving) {
            bail!("the cloud still moves: {seen:?}");
        }
        let mut listed = BTreeMap::new();
        for collection in kind::ALL.iter().map(|spec| spec.plural) {
            for item in client.list(collection, &[("limit", "100")]).await?.items {
                let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
                let version = item["version"].as_i64().unwrap_or_default();
                let before = listed.insert((text("account"), text("id")), (version, Seen::read(&item)?));
                ensure!(before.is_none(), "listed twice: {item}");
            }
        }
        let shown: BTreeSet<Seen> = listed.values().map(|(_, seen)| seen.clone()).collect();
        if let Some(difference) = verdict::difference("the store", &shown, &truth) {
            bail!(difference);
        }
        let log: Vec<Event> = client.events(0).await?.iter().map(Event::read).collect::<Result<_>>()?;
        let replayed = verdict::replay(&log);
        let wrong = replayed.iter().find(|(record, state)| listed.get(record) != Some(state));
        ensure!(
            wrong.is_none(),
            "the log says {wrong:?}, the store {:?}",
            wrong.map(|(record, _)| listed.get(record))
        );
        ensure!(
            replayed.len() == listed.len(),
            "the log tells of {}, listed are {}",
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

/// Tells it whether or not the test fails: the runner keeps what goes through `print`.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

//! The events of a server that the cloud's own client creates, stops and deletes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use gateway_core::Kind;
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::id::{Region, ResourceId};
use gateway_tests::until;
use serde_json::Value;

use crate::clouds::Clouds;
use crate::environment::Environment;
use crate::events;
use crate::listings::{self, SOON};
use crate::nova_notifications::{self, NovaNotifications};
use crate::openstack::OpenStack;

const NAME: &str = "gateway-real-clouds-life";

#[tokio::test(flavor = "multi_thread")]
async fn server_events_are_created_states_and_deleted() {
    let Some(clouds) = Clouds::given() else { return };
    let begun = Instant::now();
    let stack = OpenStack::new(&clouds.keystone, "demo");
    stack.remove("server", NAME);
    // The polls of a server that changes are closer. All polls of three accounts each second would keep Nova busy.
    let env = Environment::start("real_clouds::server", &clouds, 20).await;
    let before = listings::since(&env, SystemClock.now()).await;
    let position = before["instance"].position;
    let nova = NovaNotifications::listen(&clouds.broker).await;

    let create = ["server", "create", "--image", "cirros", "--flavor", "m1.nano", "--network", "demo-net"];
    let made = stack.run_async(&[&create[..], &["-f", "value", "-c", "id", NAME]].concat()).await;
    let external_id = made.trim();
    let shown = wait_state(&env, "running").await;
    assert_eq!(shown["external_id"], external_id);
    stack.run_async(&["server", "stop", NAME]).await;
    wait_state(&env, "stopped").await;
    let asked = Instant::now();
    stack.run_async(&["server", "delete", NAME]).await;
    let region = Region::new(shown["region"].as_str().unwrap());
    let id = ResourceId::derive(env.demo.cloud_id, &region, Kind::parse("instance").unwrap(), external_id);
    let gone = until("the `deleted` event", SOON, || async {
        let events = events_of(env.client.events(position).await?, &id);
        let last = events.last().context("no event")?;
        ensure!(events::change(last) == "deleted", "{last}");
        Ok(asked.elapsed())
    })
    .await;
    let cloud = until("Nova's notification of the deletion", SOON, || async {
        let states = nova.states_of(external_id);
        ensure!(states.last() == Some(&nova_notifications::GONE), "{states:?}");
        Ok(states)
    })
    .await;

    let reported = events_of(events::after(&env, position).await, &id);
    check(&reported, &cloud);
    let absent = env.client.page("instances", &[("cloud", "stack"), ("name", NAME)]).await.unwrap();
    assert!(absent.items.is_empty(), "{:?}", absent.items);
    println!(
        "real clouds: a server had the states {} at Nova and {} at the gateway; `deleted` came {:.1} s after the \
         start of the delete; {:.0} s in all",
        cloud.join(", "),
        reported.iter().map(|event| change_and_state(event).join(" ")).collect::<Vec<_>>().join(", "),
        gone.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
    );
}

/// The longest boot or stop of a server. A Nova on a busy machine needs more than a minute.
const BOOTED_WITHIN: Duration = Duration::from_secs(180);

/// Waits until the gateway shows the server in `state`.
async fn wait_state(env: &Environment, state: &str) -> Value {
    until(&format!("the server to be {state}"), BOOTED_WITHIN, || async {
        let page = env.client.page("instances", &[("cloud", "stack"), ("name", NAME)]).await?;
        ensure!(page.items.len() == 1, "{} of them", page.items.len());
        ensure!(page.items[0]["state"] == state, "{}", page.items[0]["state"]);
        Ok(page.items[0].clone())
    })
    .await
}

/// Asserts one `created`, one `deleted`, versions from 1 without gaps, and states that occurred in the cloud in order.
fn check(reported: &[Value], cloud: &[&'static str]) {
    let changes: Vec<&str> = reported.iter().map(events::change).collect();
    assert_eq!(changes.first(), Some(&"created"), "{changes:?}");
    assert_eq!(changes.last(), Some(&"deleted"), "{changes:?}");
    for once in ["created", "deleted"] {
        assert_eq!(changes.iter().filter(|change| **change == once).count(), 1, "{changes:?}");
    }
    let versions: Vec<_> = reported.iter().map(|event| event["data"]["version"].as_i64()).collect();
    assert_eq!(versions, (1..=reported.len() as i64).map(Some).collect::<Vec<_>>());
    assert!(
        reported.last().is_some_and(|event| event["data"]["resource"].is_null()),
        "`deleted` has no document"
    );

    let mut states = Vec::new();
    for event in &reported[..reported.len() - 1] {
        let (old, new) = (&event["data"]["old_state"], event["data"]["new_state"].as_str().unwrap());
        assert_eq!(old.as_str(), states.last().copied(), "{event}");
        assert_eq!(event["data"]["resource"]["state"], new, "{event}");
        let state_changed = states.last() != Some(&new);
        assert_eq!(state_changed, events::change(event) != "changed", "{event}");
        if state_changed {
            states.push(new);
        }
    }
    let mut of_cloud = cloud.iter();
    assert!(
        states.iter().all(|state| of_cloud.any(|seen| seen == state)),
        "{states:?} is not a subsequence of the states at Nova: {cloud:?}"
    );
    // The test waited for both states, so that an empty sequence cannot pass.
    assert!(states.contains(&"running") && states.contains(&"stopped"), "{states:?}");
}

fn events_of(events: Vec<Value>, id: &ResourceId) -> Vec<Value> {
    let id = id.to_string();
    events.into_iter().filter(|event| event["subject"] == id.as_str()).collect()
}

fn change_and_state(event: &Value) -> [&str; 2] {
    [events::change(event), event["data"]["new_state"].as_str().unwrap_or_default()]
}

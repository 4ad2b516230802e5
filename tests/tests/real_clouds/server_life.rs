//! One server, made, stopped and deleted by the cloud's own client, as the gateway tells of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use gateway_core::Kind;
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::id::{Region, ResourceId};
use gateway_tests::until;
use serde_json::Value;

use crate::clouds::Clouds;
use crate::listings::{self, SOON};
use crate::nova::{self, Nova};
use crate::openstack::OpenStack;
use crate::stage::Stage;
use crate::story;

const NAME: &str = "gateway-real-clouds-life";

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_life_is_one_created_its_states_and_one_deleted() {
    let Some(clouds) = Clouds::given() else { return };
    let begun = Instant::now();
    let stack = OpenStack::new(&clouds.keystone, "demo");
    stack.remove("server", NAME);
    let stage = Stage::set("real_clouds::server_life", &clouds, 1).await;
    let before = listings::since(&stage, SystemClock.now()).await;
    let position = before["instance"].position;
    let nova = Nova::listen(&clouds.broker).await;

    let create = ["server", "create", "--image", "cirros", "--flavor", "m1.nano", "--network", "demo-net"];
    let made = stack.order(&[&create[..], &["-f", "value", "-c", "id", NAME]].concat()).await;
    let external_id = made.trim();
    let shown = wait_state(&stage, "running").await;
    assert_eq!(shown["external_id"], external_id);
    stack.order(&["server", "stop", NAME]).await;
    wait_state(&stage, "stopped").await;
    let asked = Instant::now();
    stack.order(&["server", "delete", NAME]).await;
    let region = Region::new(shown["region"].as_str().unwrap());
    let id = ResourceId::derive(stage.demo.cloud_id, &region, Kind::parse("instance").unwrap(), external_id);
    let gone = until("the event that it is gone", SOON, || async {
        let events = of_server(stage.client.events(position).await?, &id);
        let last = events.last().context("no event")?;
        ensure!(story::change(last) == "deleted", "{last}");
        Ok(asked.elapsed())
    })
    .await;
    let cloud = until("Nova to tell that it is gone", SOON, || async {
        let states = nova.states_of(external_id);
        ensure!(states.last() == Some(&nova::GONE), "{states:?}");
        Ok(states)
    })
    .await;

    let told = of_server(story::after(&stage, position).await, &id);
    check(&told, &cloud);
    let absent = stage.client.page("instances", &[("cloud", "stack"), ("name", NAME)]).await.unwrap();
    assert!(absent.items.is_empty(), "{:?}", absent.items);
    println!(
        "real clouds: a server went through {} at Nova and {} at the gateway; its end was told {:.1} s after the \
         client began to delete; {:.0} s in all",
        cloud.join(", "),
        told.iter().map(|event| said(event).join(" ")).collect::<Vec<_>>().join(", "),
        gone.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
    );
}

/// Waits until the gateway shows the server in this state.
async fn wait_state(stage: &Stage, state: &str) -> Value {
    until(&format!("the server to be {state}"), Duration::from_secs(60), || async {
        let page = stage.client.page("instances", &[("cloud", "stack"), ("name", NAME)]).await?;
        ensure!(page.items.len() == 1, "{} of them", page.items.len());
        ensure!(page.items[0]["state"] == state, "{}", page.items[0]["state"]);
        Ok(page.items[0].clone())
    })
    .await
}

/// One `created`, one `deleted`, versions from 1 without gap, and states that the cloud went through in that order.
fn check(told: &[Value], cloud: &[&'static str]) {
    let changes: Vec<&str> = told.iter().map(story::change).collect();
    assert_eq!(changes.first(), Some(&"created"), "{changes:?}");
    assert_eq!(changes.last(), Some(&"deleted"), "{changes:?}");
    for once in ["created", "deleted"] {
        assert_eq!(changes.iter().filter(|change| **change == once).count(), 1, "{changes:?}");
    }
    let versions: Vec<_> = told.iter().map(|event| event["data"]["version"].as_i64()).collect();
    assert_eq!(versions, (1..=told.len() as i64).map(Some).collect::<Vec<_>>());
    assert!(
        told.last().is_some_and(|event| event["data"]["resource"].is_null()),
        "what is gone has no document"
    );

    let mut states = Vec::new();
    for event in &told[..told.len() - 1] {
        let (old, new) = (&event["data"]["old_state"], event["data"]["new_state"].as_str().unwrap());
        assert_eq!(old.as_str(), states.last().copied(), "{event}");
        assert_eq!(event["data"]["resource"]["state"], new, "{event}");
        let moved = states.last() != Some(&new);
        assert_eq!(moved, story::change(event) != "changed", "{event}");
        if moved {
            states.push(new);
        }
    }
    let mut of_cloud = cloud.iter();
    assert!(
        states.iter().all(|state| of_cloud.any(|seen| seen == state)),
        "{states:?} is no subsequence of what Nova told: {cloud:?}"
    );
    // Both were waited for, so that an empty sequence cannot pass.
    assert!(states.contains(&"running") && states.contains(&"stopped"), "{states:?}");
}

fn of_server(events: Vec<Value>, id: &ResourceId) -> Vec<Value> {
    let id = id.to_string();
    events.into_iter().filter(|event| event["subject"] == id.as_str()).collect()
}

fn said(event: &Value) -> [&str; 2] {
    [story::change(event), event["data"]["new_state"].as_str().unwrap_or_default()]
}

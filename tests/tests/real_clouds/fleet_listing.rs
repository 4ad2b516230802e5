//! A large fleet in the gateway's lists, compared with the clouds' own clients. Unchanged polls cause no event.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use gateway_core::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::aws::Aws;
use crate::clouds::Clouds;
use crate::comparison::{counts, differences};
use crate::environment::Environment;
use crate::events;
use crate::fleet::{Fleet, SERVERS, VOLUMES};
use crate::listings::{self, Listings};
use crate::openstack::OpenStack;

/// The number of attempts: others may change the same clouds between two listings.
const ATTEMPTS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn fleet_listing_equals_listings_of_cloud_clients() {
    let Some(clouds) = Clouds::given() else { return };
    let begun = Instant::now();
    let (aws, fleet) = tokio::join!(Aws::make(&clouds), Fleet::prepare(&clouds));
    // The test requests refreshes. Regular polls of three accounts would keep two cores busy.
    let env = Environment::start("real_clouds::fleet_listing", &clouds, 3600).await;
    let before = listings::since(&env, SystemClock.now()).await;
    let ready = begun.elapsed();

    let load = fleet.load().await;
    let loaded = SystemClock.now();
    let visible = listings::wait_since(&env, "instance", "instances", loaded).await;
    let loaded_fleet = listings::since(&env, loaded).await;
    all_are_created_once(&env, &before, &loaded_fleet).await;

    let begun_to_compare = Instant::now();
    let compared = agree(&clouds, &env, &aws).await;
    let compare = begun_to_compare.elapsed();
    let quiet = two_polls_without_an_event(&env).await;
    println!(
        "real clouds: {compared}; all agree. Ready after {:.0} s, {SERVERS} servers loaded in {:.0} s and visible \
         {:.1} s later, compared in {:.0} s, two quiet polls in {quiet:.0} s; {:.0} s in all",
        ready.as_secs_f64(),
        load.as_secs_f64(),
        visible.as_secs_f64(),
        compare.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
    );
}

/// Asserts that the list contains the load, with one `created` event per item over REST and over AMQP.
async fn all_are_created_once(env: &Environment, before: &Listings, after: &Listings) {
    let mut created: BTreeMap<String, usize> = BTreeMap::new();
    for event in events::after(env, before["instance"].position).await {
        if events::change(&event) == "created" {
            *created.entry(record(&event["subject"], &event["data"]["account"])).or_default() += 1;
        }
    }
    for (kind, loaded) in [("instance", SERVERS), ("volume", VOLUMES)] {
        let records = |listings: &Listings| -> BTreeSet<String> {
            listings[kind].items.iter().map(|item| record(&item["id"], &item["account"])).collect()
        };
        let (old, now) = (records(before), records(after));
        let new: Vec<_> = now.difference(&old).collect();
        assert!(new.len() >= loaded, "{} new of kind {kind}, {loaded} were loaded", new.len());
        for record in new {
            assert_eq!(created.get(record), Some(&1), "created events of {kind} {record}");
        }
    }
}

fn record(id: &Value, account: &Value) -> String {
    format!("{id} of {account}")
}

/// Compares all accounts with the clouds' own clients. Returns the counts as text.
async fn agree(clouds: &Clouds, env: &Environment, aws: &Aws) -> String {
    let [demo, admin] = ["demo", "admin"].map(|user| OpenStack::new(&clouds.keystone, user));
    let mut different = Vec::new();
    for _ in 0..ATTEMPTS {
        let moment = SystemClock.now();
        let (demo_told, admin_told, (number, aws_told)) =
            tokio::join!(demo.everything(), admin.everything(), aws.everything());
        assert_eq!(number, env.aws.external_id);
        let listings = listings::since(env, moment).await;
        let reported = [(&env.demo, &demo_told), (&env.admin, &admin_told), (&env.aws, &aws_told)];
        different = reported
            .iter()
            .flat_map(|(account, reported)| differences(account, reported, &listings))
            .collect();
        if different.is_empty() {
            return reported
                .map(|(account, reported)| format!("{}: {}", account.name, counts(reported)))
                .join("; ");
        }
        println!("real clouds: {} differences, comparing again", different.len());
    }
    let some: Vec<_> = different.iter().take(20).map(String::as_str).collect();
    panic!("{} differences, such as\n{}", different.len(), some.join("\n"));
}

/// Waits until every scope was listed twice without an event. Returns the duration in seconds.
async fn two_polls_without_an_event(env: &Environment) -> f64 {
    let mut reported = Vec::new();
    for _ in 0..ATTEMPTS {
        let begun = Instant::now();
        let position = env.client.page("instances", &[("limit", "1")]).await.unwrap().position;
        for _ in 0..2 {
            listings::since(env, SystemClock.now()).await;
        }
        reported = env.client.events(position).await.unwrap();
        if reported.is_empty() {
            return begun.elapsed().as_secs_f64();
        }
    }
    panic!("{} events without a change, such as {}", reported.len(), reported[0]);
}

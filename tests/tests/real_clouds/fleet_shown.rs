//! A whole fleet, item by item as the clouds' own clients show it, and quiet when nothing happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use gateway_core::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::agreement::{counts, differences};
use crate::aws::Aws;
use crate::clouds::Clouds;
use crate::fleet::{Fleet, SERVERS, VOLUMES};
use crate::listings::{self, Listings};
use crate::openstack::OpenStack;
use crate::stage::Stage;
use crate::story;

/// Others may be at work on the same clouds; what they change between two looks is no defect.
const ATTEMPTS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_item_is_as_the_clouds_own_clients_show_it() {
    let Some(clouds) = Clouds::given() else { return };
    let begun = Instant::now();
    let (aws, fleet) = tokio::join!(Aws::make(&clouds), Fleet::prepare(&clouds));
    // What is compared is refreshed by the test: to list all kinds of three accounts again and again would keep two
    // cores busy with the clouds' services.
    let stage = Stage::set("real_clouds::fleet_shown", &clouds, 3600).await;
    let before = listings::since(&stage, SystemClock.now()).await;
    let ready = begun.elapsed();

    let load = fleet.load().await;
    let loaded = SystemClock.now();
    let visible = listings::wait_since(&stage, "instance", "instances", loaded).await;
    let loaded_fleet = listings::since(&stage, loaded).await;
    all_are_created_once(&stage, &before, &loaded_fleet).await;

    let begun_to_compare = Instant::now();
    let compared = agree(&clouds, &stage, &aws).await;
    let compare = begun_to_compare.elapsed();
    let quiet = two_polls_without_an_event(&stage).await;
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

/// What the load made is in the listing, each item announced by one `created`, over REST and the broker alike.
async fn all_are_created_once(stage: &Stage, before: &Listings, after: &Listings) {
    let mut created: BTreeMap<String, usize> = BTreeMap::new();
    for event in story::after(stage, before["instance"].position).await {
        if story::change(&event) == "created" {
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

/// Compares all accounts with their clouds' own clients, and returns the counts in words.
async fn agree(clouds: &Clouds, stage: &Stage, aws: &Aws) -> String {
    let [demo, admin] = ["demo", "admin"].map(|user| OpenStack::new(&clouds.keystone, user));
    let mut different = Vec::new();
    for _ in 0..ATTEMPTS {
        let moment = SystemClock.now();
        let (demo_told, admin_told, (number, aws_told)) =
            tokio::join!(demo.everything(), admin.everything(), aws.everything());
        assert_eq!(number, stage.aws.external_id);
        let listings = listings::since(stage, moment).await;
        let told = [(&stage.demo, &demo_told), (&stage.admin, &admin_told), (&stage.aws, &aws_told)];
        different = told.iter().flat_map(|(account, told)| differences(account, told, &listings)).collect();
        if different.is_empty() {
            return told.map(|(account, told)| format!("{}: {}", account.name, counts(told))).join("; ");
        }
        println!("real clouds: {} differences, looking again", different.len());
    }
    let some: Vec<_> = different.iter().take(20).map(String::as_str).collect();
    panic!("{} differences, such as\n{}", different.len(), some.join("\n"));
}

/// Waits until every scope was listed twice without an event, and returns how many seconds that took.
async fn two_polls_without_an_event(stage: &Stage) -> f64 {
    let mut told = Vec::new();
    for _ in 0..ATTEMPTS {
        let begun = Instant::now();
        let position = stage.client.page("instances", &[("limit", "1")]).await.unwrap().position;
        for _ in 0..2 {
            listings::since(stage, SystemClock.now()).await;
        }
        told = stage.client.events(position).await.unwrap();
        if told.is_empty() {
            return begun.elapsed().as_secs_f64();
        }
    }
    panic!("{} events without anything happening, such as {}", told.len(), told[0]);
}

//! The schedule: several pollers, several accounts, and the stop of a process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway_core::id::ProcessId;
use gateway_store::TargetStatus;
use tokio_util::sync::CancellationToken;

use crate::environment::{Environment, until};
use crate::fake_cloud::INSTANCE;

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_shared_by_two_pollers_and_listed_once() {
    let env = Environment::new().await;
    env.cloud.fill(5);
    let regions: Vec<_> = (0..30).map(|n| format!("r{n}")).collect();
    let regions: Vec<_> = regions.iter().map(String::as_str).collect();
    env.grant("a", "k", INSTANCE, &regions).await;
    let stop = CancellationToken::new();
    let pollers = [env.poller(), env.poller()].map(|poller| tokio::spawn(poller.run(stop.clone())));
    until("all targets are fresh", async || {
        env.targets().await.iter().all(|target| target.status == TargetStatus::Fresh)
    })
    .await;
    stop.cancel();
    for poller in pollers {
        poller.await.unwrap();
    }
    let mut listings = BTreeMap::new();
    for (_, _, region) in &env.cloud.state().list_calls {
        *listings.entry(region.clone()).or_insert(0) += 1;
    }
    assert_eq!(listings.len(), 30);
    assert!(listings.values().all(|count| *count == 1), "{listings:?}");
    assert_eq!(env.records().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_account_leaves_slots_to_others() {
    let mut env = Environment::new().await;
    env.config.concurrency = 4;
    env.grant("slow", "k1", INSTANCE, &["s1", "s2", "s3", "s4", "s5", "s6"]).await;
    env.grant("quick", "k2", INSTANCE, &["q1", "q2"]).await;
    env.cloud.state().before_page = Some(Arc::new(|_, region| {
        Box::pin(async move {
            if region.as_str().starts_with('s') {
                std::future::pending::<()>().await;
            }
        })
    }));
    let stop = CancellationToken::new();
    let run = tokio::spawn(env.poller().run(stop.clone()));
    until("the other account is fresh", async || {
        env.targets().await.iter().filter(|target| target.status == TargetStatus::Fresh).count() == 2
    })
    .await;
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_ends_listings_between_pages_and_releases_their_leases() {
    let env = Environment::new().await;
    env.cloud.fill(50);
    env.cloud.state().page_size = 10;
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let (stop, began) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
    let (stopped, begun) = (stop.clone(), Arc::clone(&began));
    env.cloud.state().before_page = Some(Arc::new(move |_, _| {
        let (stopped, begun) = (stopped.clone(), Arc::clone(&begun));
        Box::pin(async move {
            begun.store(true, Ordering::SeqCst);
            stopped.cancelled().await;
        })
    }));
    let run = tokio::spawn(env.poller().run(stop.clone()));
    until("the listing began", async || began.load(Ordering::SeqCst)).await;
    let lease = std::time::Duration::from_secs(90);
    assert!(env.store.targets_claim(ProcessId::generate(), lease, 1).await.unwrap().is_empty());
    stop.cancel();
    run.await.unwrap();
    assert_eq!(env.cloud.state().list_calls.len(), 1, "no page was requested after the stop");
    assert_eq!(env.records().len(), 10, "and the page under way was applied");
    assert_eq!(env.target().await.status, TargetStatus::Pending);
    assert_eq!(env.store.targets_claim(ProcessId::generate(), lease, 1).await.unwrap().len(), 1);
}

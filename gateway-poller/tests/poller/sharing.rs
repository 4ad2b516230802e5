//! Several pollers, several accounts, and the end of a process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway_core::id::ProcessId;
use gateway_store::TargetStatus;
use tokio_util::sync::CancellationToken;

use crate::cloud::INSTANCE;
use crate::stage::{Stage, until};

#[tokio::test(flavor = "multi_thread")]
async fn two_pollers_share_the_targets_and_none_is_listed_twice() {
    let stage = Stage::new().await;
    stage.cloud.fill(5);
    let regions: Vec<_> = (0..30).map(|n| format!("r{n}")).collect();
    let regions: Vec<_> = regions.iter().map(String::as_str).collect();
    stage.grant("a", "k", INSTANCE, &regions).await;
    let stop = CancellationToken::new();
    let pollers = [stage.poller(), stage.poller()].map(|poller| tokio::spawn(poller.run(stop.clone())));
    until("all targets are fresh", async || {
        stage.targets().await.iter().all(|target| target.status == TargetStatus::Fresh)
    })
    .await;
    stop.cancel();
    for poller in pollers {
        poller.await.unwrap();
    }
    let mut listings = BTreeMap::new();
    for (_, _, region) in &stage.cloud.world().listed {
        *listings.entry(region.clone()).or_insert(0) += 1;
    }
    assert_eq!(listings.len(), 30);
    assert!(listings.values().all(|count| *count == 1), "{listings:?}");
    assert_eq!(stage.records().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_hangs_leaves_slots_to_others() {
    let mut stage = Stage::new().await;
    stage.config.concurrency = 4;
    stage.grant("slow", "k1", INSTANCE, &["s1", "s2", "s3", "s4", "s5", "s6"]).await;
    stage.grant("quick", "k2", INSTANCE, &["q1", "q2"]).await;
    stage.cloud.world().before_page = Some(Arc::new(|_, region| {
        Box::pin(async move {
            if region.as_str().starts_with('s') {
                std::future::pending::<()>().await;
            }
        })
    }));
    let stop = CancellationToken::new();
    let run = tokio::spawn(stage.poller().run(stop.clone()));
    until("the other account is fresh", async || {
        stage.targets().await.iter().filter(|target| target.status == TargetStatus::Fresh).count() == 2
    })
    .await;
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_listings_between_pages_and_gives_their_leases_back() {
    let stage = Stage::new().await;
    stage.cloud.fill(50);
    stage.cloud.world().page_size = 10;
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let (stop, began) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
    let (stopped, begun) = (stop.clone(), Arc::clone(&began));
    stage.cloud.world().before_page = Some(Arc::new(move |_, _| {
        let (stopped, begun) = (stopped.clone(), Arc::clone(&begun));
        Box::pin(async move {
            begun.store(true, Ordering::SeqCst);
            stopped.cancelled().await;
        })
    }));
    let run = tokio::spawn(stage.poller().run(stop.clone()));
    until("the listing began", async || began.load(Ordering::SeqCst)).await;
    let lease = std::time::Duration::from_secs(90);
    assert!(stage.store.targets_claim(ProcessId::generate(), lease, 1).await.unwrap().is_empty());
    stop.cancel();
    run.await.unwrap();
    assert_eq!(stage.cloud.world().listed.len(), 1, "the page in hand was the last");
    assert_eq!(stage.records().len(), 10, "and was kept");
    assert_eq!(stage.target().await.status, TargetStatus::Pending);
    assert_eq!(stage.store.targets_claim(ProcessId::generate(), lease, 1).await.unwrap().len(), 1);
}

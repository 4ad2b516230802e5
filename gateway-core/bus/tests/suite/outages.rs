//! Outages of the broker.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use gateway_bus::{Nudge, Publication, RequestError, WorkClass};
use gateway_core::id::EventId;
use tokio::sync::Semaphore;

use crate::broker::{self, Broker};
use crate::environment::{Serving, TIMEOUT, connect, echo, eventually, reachable, request};

/// The time limit for immediate failures, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outage_fails_requests_at_once_and_recovers() {
    let mut broker = Broker::prepare();
    // The broker is not running: connecting succeeds, and requests are refused at once.
    let front = connect(&broker.url()).await;
    let handler = connect(&broker.url()).await;
    assert!(!front.is_connected());
    refused_at_once(&front).await;

    broker.start().await;
    let begun = Arc::new(Semaphore::new(0));
    let began = Arc::clone(&begun);
    let serving = Serving::start(&handler, 64, move |envelope, _| {
        let began = Arc::clone(&began);
        async move {
            if envelope.target == "/slow" {
                began.add_permits(1);
                std::future::pending::<()>().await;
            }
            echo(&envelope)
        }
    })
    .await;
    reachable(&front).await;
    let mut events = subscribed(&front).await;
    let pending: Vec<_> = (0..16)
        .map(|_| {
            let front = Arc::clone(&front);
            tokio::spawn(async move { front.request(WorkClass::Read, request("/slow", TIMEOUT * 2)).await })
        })
        .collect();
    begun.acquire_many(16).await.unwrap().forget();

    eventually("the write queue is on disk", || broker.has_written("gateway.requests.write")).await;
    broker.kill();
    let ends = tokio::time::timeout(AT_ONCE, join_all(pending)).await.expect("pending requests end at once");
    for end in ends {
        assert_eq!(end.unwrap(), Err(RequestError::Lost));
    }
    eventually("the loss is detected", || !front.is_connected()).await;
    refused_at_once(&front).await;
    let end = tokio::time::timeout(AT_ONCE, events.next()).await.expect("the stream ends at once");
    assert!(end.is_none());
    let event = Publication { id: EventId::generate(), routing_key: "a".to_owned(), body: b"{}".to_vec() };
    assert!(front.publish(vec![event.clone()]).await.is_err());

    broker.start().await;
    reachable(&front).await;
    front.request(WorkClass::Write, request("/again", TIMEOUT)).await.unwrap();
    let mut events = subscribed(&front).await;
    front.publish(vec![event.clone()]).await.unwrap();
    let came = tokio::time::timeout(TIMEOUT, events.next()).await.unwrap().unwrap();
    assert_eq!(came.id, event.id);
    let mut nudges = handler.nudges();
    front.nudge(Nudge::TargetsDue).await;
    assert_eq!(tokio::time::timeout(TIMEOUT, nudges.recv()).await.unwrap().unwrap(), Nudge::TargetsDue);
    // The slow requests still hang in the handler, so that a stop would not end.
    drop(serving);
    broker::record("outage_fails_requests_at_once_and_recovers");
}

async fn refused_at_once(bus: &Arc<dyn gateway_bus::Bus>) {
    for class in WorkClass::ALL {
        let refused = tokio::time::timeout(AT_ONCE, bus.request(class, request("/", TIMEOUT))).await;
        assert_eq!(refused.expect("refused at once"), Err(RequestError::NoBroker));
    }
}

/// Subscribes as soon as possible; the two connections are opened independently.
async fn subscribed(bus: &Arc<dyn gateway_bus::Bus>) -> gateway_bus::EventStream {
    let trying = async {
        loop {
            match bus.subscribe(&["#".to_owned()]).await {
                Ok(events) => break events,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(TIMEOUT, trying).await.unwrap()
}

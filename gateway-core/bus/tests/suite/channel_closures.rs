//! Channels that the broker closes, while their connections go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use gateway_bus::{Bus, Nudge, Publication, RequestError, WorkClass};
use gateway_core::id::EventId;
use lapin::options::ExchangeDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use tokio::task::JoinSet;

use crate::broker;
use crate::channel_closer::{ChannelCloser, Channels};
use crate::environment::{Serving, TIMEOUT, connect, echo, reachable, request};

/// The connections of a bus: one for each direction.
const OF_A_BUS: usize = 2;

/// Requests under way while channels are closed.
const AT_ONCE: usize = 24;

/// Times that channels are closed: fewer than the redeliveries of a write.
const CLOSURES: usize = 2;

fn event(routing_key: &str) -> Publication {
    Publication { id: EventId::generate(), routing_key: routing_key.to_owned(), body: b"{}".to_vec() }
}

/// The time in which a request ends whose channel was closed, on a busy machine. It would time out later.
const SOON: Duration = Duration::from_secs(10);

/// Sends requests, a certain number at once, while channels are closed; returns the outcome of each.
async fn outcomes(
    front: &Arc<dyn Bus>,
    closer: &ChannelCloser,
    channels: Channels,
) -> Vec<Result<(), RequestError>> {
    let closures = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for number in 0..AT_ONCE {
        let (front, closures) = (Arc::clone(front), Arc::clone(&closures));
        let class = if number % 2 == 0 { WorkClass::Read } else { WorkClass::Write };
        senders.spawn(async move {
            let mut outcomes = Vec::new();
            while closures.load(Ordering::SeqCst) < CLOSURES {
                let begun = Instant::now();
                let outcome = front.request(class, request("/", TIMEOUT)).await.map(drop);
                assert!(outcome.is_ok() || begun.elapsed() < SOON, "{outcome:?} after {:?}", begun.elapsed());
                if outcome.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                outcomes.push(outcome);
            }
            outcomes
        });
    }
    for _ in 0..CLOSURES {
        tokio::time::sleep(Duration::from_millis(200)).await;
        closer.close(channels);
        closures.fetch_add(1, Ordering::SeqCst);
    }
    senders.join_all().await.concat()
}

/// Closes channels of a handler while it works on requests. None of them may be lost.
async fn no_request_is_lost(channels: Channels) {
    let url = broker::fresh_vhost().await;
    let closer = ChannelCloser::before(&url).await;
    let (front, handler) = (connect(&url).await, connect(&closer.url(&url)).await);
    let serving = Serving::start(&handler, 64, |envelope, _| async move {
        tokio::time::sleep(Duration::from_millis(2)).await;
        echo(&envelope)
    })
    .await;
    let outcomes = outcomes(&front, &closer, channels).await;
    let lost = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert_eq!(lost, 0, "of {}", outcomes.len());
    serving.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_reply_channel_of_a_handler_loses_no_reply() {
    no_request_is_lost(Channels::Publishing).await;
    broker::record("closed_reply_channel_of_a_handler_loses_no_reply");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_channels_of_a_handler_lose_no_request() {
    no_request_is_lost(Channels::All).await;
    broker::record("closed_channels_of_a_handler_lose_no_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_channels_of_a_front_end_its_requests_at_once_and_are_opened_again() {
    let url = broker::fresh_vhost().await;
    let closer = ChannelCloser::before(&url).await;
    let (front, handler) = (connect(&closer.url(&url)).await, connect(&url).await);
    let serving = Serving::start(&handler, 64, |envelope, _| async move { echo(&envelope) }).await;
    let outcomes = outcomes(&front, &closer, Channels::All).await;
    // The replies of some went to a channel that had ended.
    let ended = [RequestError::Lost, RequestError::NoBroker];
    assert!(outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|error| ended.contains(error)));
    assert!(outcomes.iter().any(Result::is_ok));
    reachable(&front).await;
    serving.stopped().await;
    broker::record("closed_channels_of_a_front_end_its_requests_at_once_and_are_opened_again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_nudges_pass_after_their_channels_were_closed() {
    let url = broker::fresh_vhost().await;
    let closer = ChannelCloser::before(&url).await;
    let (relay, other) = (connect(&closer.url(&url)).await, connect(&url).await);
    let mut events = other.subscribe(&["#".to_owned()]).await.unwrap();
    for _ in 0..CLOSURES {
        let (mut to_other, mut to_relay) = (other.nudges(), relay.nudges());
        closer.close(Channels::All);
        let published = [event("a"), event("b")];
        let ids = published.each_ref().map(|event| event.id);
        assert_eq!(relay.publish(published.to_vec()).await.unwrap(), []);
        // An event that was refused with the channel comes again, perhaps out of order.
        let mut missing = ids.to_vec();
        while !missing.is_empty() {
            let came = tokio::time::timeout(TIMEOUT, events.next()).await.unwrap().unwrap();
            missing.retain(|id| *id != came.id);
        }
        // Nudges have no guarantee, but the next one passes.
        let passes = async {
            loop {
                relay.nudge(Nudge::TargetsDue).await;
                other.nudge(Nudge::EventsWaiting).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                let to_other = std::iter::from_fn(|| to_other.try_recv().ok());
                let to_relay = std::iter::from_fn(|| to_relay.try_recv().ok());
                if to_other.into_iter().any(|nudge| nudge == Nudge::TargetsDue)
                    && to_relay.into_iter().any(|nudge| nudge == Nudge::EventsWaiting)
                {
                    break;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, passes).await.unwrap();
    }
    assert_eq!(closer.connections(), OF_A_BUS, "the connections stay");
    broker::record("events_and_nudges_pass_after_their_channels_were_closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_exchange_is_declared_again_and_costs_no_connection() {
    let url = broker::fresh_vhost().await;
    let closer = ChannelCloser::before(&url).await;
    let bus = connect(&closer.url(&url)).await;
    let serving = Serving::start(&bus, 64, |envelope, _| async move { echo(&envelope) }).await;
    let own = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = own.create_channel().await.unwrap();
    for exchange in ["gateway.events", "gateway.nudges"] {
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
    }
    bus.nudge(Nudge::TargetsDue).await;
    assert_eq!(bus.publish(vec![event("a")]).await.unwrap(), []);
    reachable(&bus).await;
    assert_eq!(closer.connections(), OF_A_BUS, "the connections stay");
    serving.stopped().await;
    broker::record("deleted_exchange_is_declared_again_and_costs_no_connection");
}

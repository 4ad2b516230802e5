//! Messages that a broker refuses, beside others that it takes.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use gateway_bus::{Body, Publication, Reply, RequestError, WorkClass};
use gateway_core::id::EventId;
use lapin::options::{QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};

use crate::broker::{self, Broker};
use crate::environment::{Serving, TIMEOUT, connect, reachable, request};

/// The limit of the broker under test.
const LIMIT: usize = 64 << 10;

fn event(routing_key: &str, bytes: usize) -> Publication {
    Publication { id: EventId::generate(), routing_key: routing_key.to_owned(), body: vec![b'0'; bytes] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_over_the_limit_of_the_broker_fails_alone() {
    let mut broker = Broker::prepare_with(&format!("max_message_size = {LIMIT}"));
    broker.start().await;
    let (front, handler) = (connect(&broker.url()).await, connect(&broker.url()).await);
    let calls = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&calls);
    let serving = Serving::start(&handler, 64, move |envelope, _| {
        let bytes: usize = envelope.target[1..].parse().unwrap();
        *seen.lock().unwrap() += 1;
        async move { Reply::new(envelope.message_id, 200, Vec::new(), Body::Utf8("a".repeat(bytes))) }
    })
    .await;
    reachable(&front).await;

    let sizes = [1, 2 * LIMIT, LIMIT / 2, 4 * LIMIT, LIMIT - 1000, 2];
    let replies = sizes.iter().cycle().take(120).map(|bytes| {
        let front = Arc::clone(&front);
        let class = if bytes % 2 == 0 { WorkClass::Write } else { WorkClass::Read };
        async move { (*bytes, front.request(class, request(&format!("/{bytes}"), TIMEOUT)).await.unwrap()) }
    });
    for (bytes, reply) in join_all(replies).await {
        assert_eq!(reply.status, if bytes < LIMIT { 200 } else { 500 }, "{bytes} bytes");
    }
    assert_eq!(*calls.lock().unwrap(), 120, "no request was delivered twice");

    let mut large = request("/1", TIMEOUT);
    large.body = Body::Utf8("a".repeat(LIMIT));
    let refused = front.request(WorkClass::Write, large).await;
    assert!(matches!(refused, Err(RequestError::TooLarge { limit: LIMIT, .. })), "{refused:?}");

    let mut stream = front.subscribe(&["#".to_owned()]).await.unwrap();
    assert_eq!(handler.max_event_bytes(), LIMIT);
    let events = [event("a", 10), event("b", LIMIT + 1), event("c", LIMIT)];
    let ids = events.each_ref().map(|event| event.id);
    let refused = handler.publish(events.to_vec()).await.unwrap();
    assert_eq!(refused.iter().map(|refused| refused.id).collect::<Vec<_>>(), [ids[1]]);
    for id in [ids[0], ids[2]] {
        assert_eq!(tokio::time::timeout(TIMEOUT, stream.next()).await.unwrap().unwrap().id, id);
    }
    serving.stopped().await;
    broker::record("message_over_the_limit_of_the_broker_fails_alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_that_a_full_queue_refuses_is_refused_alone() {
    let url = broker::fresh_vhost().await;
    let bus = connect(&url).await;
    let own = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = own.create_channel().await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("full".into(), exclusive, arguments).await.unwrap();
    let binding = QueueBindOptions::default();
    channel
        .queue_bind("full".into(), "gateway.events".into(), "full".into(), binding, FieldTable::default())
        .await
        .unwrap();

    let mut stream = bus.subscribe(&["other".to_owned()]).await.unwrap();
    let events = [event("full", 1), event("full", 1), event("other", 1)];
    let ids = events.each_ref().map(|event| event.id);
    let refused = bus.publish(events.to_vec()).await.unwrap();
    assert_eq!(refused.iter().map(|refused| refused.id).collect::<Vec<_>>(), [ids[1]], "{refused:?}");
    assert_eq!(tokio::time::timeout(TIMEOUT, stream.next()).await.unwrap().unwrap().id, ids[2]);
    broker::record("event_that_a_full_queue_refuses_is_refused_alone");
}

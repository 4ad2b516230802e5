//! A subscriber on the broker, with a durable queue that survives kills of the broker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use gateway_core::document::event::EXCHANGE;
use gateway_tests::Vhost;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::event::Event;

const QUEUE: &str = "observer";

/// The pause between two attempts to reach the broker.
const PAUSE: Duration = Duration::from_millis(100);

/// A subscriber to all events.
pub(crate) struct Subscriber {
    events: Arc<Mutex<Vec<Event>>>,
    count: watch::Receiver<usize>,
    bound: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Subscriber {
    pub(crate) fn start(vhost: &Vhost) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let (binding, bound) = watch::channel(false);
        let subscription =
            Subscription { url: vhost.url.clone(), events: Arc::clone(&events), counted, binding };
        let task = tokio::spawn(async move {
            loop {
                // The connection only ends when the broker was killed.
                let _ended = subscription.follow().await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { events, count, bound, task }
    }

    /// Waits until the queue is bound.
    pub(crate) async fn bound(&self) {
        self.bound.clone().wait_for(|bound| *bound).await.expect("the subscriber runs");
    }

    /// Waits for the next event.
    pub(crate) async fn next(&self) {
        let mut count = self.count.clone();
        count.mark_unchanged();
        count.changed().await.expect("the subscriber runs");
    }

    /// Returns all deliveries in order, with repeated ones.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the last event.
    pub(crate) fn last(&self) -> Option<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Subscription {
    url: String,
    events: Arc<Mutex<Vec<Event>>>,
    counted: watch::Sender<usize>,
    binding: watch::Sender<bool>,
}

impl Subscription {
    async fn follow(&self) -> Result<()> {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(QUEUE.into(), durable, FieldTable::default()).await?;
        let bind = QueueBindOptions::default();
        channel.queue_bind(QUEUE.into(), EXCHANGE.into(), "#".into(), bind, FieldTable::default()).await?;
        channel.basic_qos(100, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let mut consumer =
            channel.basic_consume(QUEUE.into(), "".into(), options, FieldTable::default()).await?;
        self.binding.send_replace(true);
        while let Some(delivery) = consumer.next().await {
            let delivery = delivery?;
            let document = serde_json::from_slice(&delivery.data).context("an event is JSON")?;
            let event = Event::read(&document).expect("every message is an event");
            let count = {
                let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                events.push(event);
                events.len()
            };
            self.counted.send_replace(count);
            delivery.ack(BasicAckOptions::default()).await?;
        }
        Ok(())
    }
}

//! Who follows the events on the broker, with a queue that outlives the broker's deaths and its own.

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

/// Between two attempts to reach a broker that is down.
const PAUSE: Duration = Duration::from_millis(100);

/// A subscriber to everything.
pub(crate) struct Subscriber {
    got: Arc<Mutex<Vec<Event>>>,
    count: watch::Receiver<usize>,
    bound: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Subscriber {
    pub(crate) fn start(vhost: &Vhost) -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let (binding, bound) = watch::channel(false);
        let line = Line { url: vhost.url.clone(), got: Arc::clone(&got), counted, binding };
        let task = tokio::spawn(async move {
            loop {
                // Every way in which a connection can end is one of a broker that was killed.
                let _ended = line.follow().await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { got, count, bound, task }
    }

    /// Waits until it will miss nothing from then on.
    pub(crate) async fn bound(&self) {
        self.bound.clone().wait_for(|bound| *bound).await.expect("the subscriber runs");
    }

    /// Waits for the next event.
    pub(crate) async fn next(&self) {
        let mut count = self.count.clone();
        count.mark_unchanged();
        count.changed().await.expect("the subscriber runs");
    }

    /// Everything that came, in the order in which it came, with whatever came twice.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came last.
    pub(crate) fn last(&self) -> Option<Event> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Line {
    url: String,
    got: Arc<Mutex<Vec<Event>>>,
    counted: watch::Sender<usize>,
    binding: watch::Sender<bool>,
}

impl Line {
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
            let event = Event::read(&document).expect("the broker has events only");
            let count = {
                let mut got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
                got.push(event);
                got.len()
            };
            self.counted.send_replace(count);
            delivery.ack(BasicAckOptions::default()).await?;
        }
        Ok(())
    }
}

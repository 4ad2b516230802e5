//! Somebody who reads off a broker everything that a topic exchange passes on.

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::StreamExt as _;
use lapin::Connection;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use serde_json::Value;

/// One message, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) key: String,
    pub(crate) body: Value,
}

/// All messages with a routing key, from the moment of binding, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Listener {
    heard: Arc<Mutex<Vec<Heard>>>,
    _connection: Connection,
}

impl Listener {
    /// Binds a queue of its own to an exchange that is there.
    pub(crate) async fn bind(connection: Connection, exchange: &str, key: &str) -> Self {
        let channel = connection.create_channel().await.unwrap();
        let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), own, FieldTable::default()).await.unwrap();
        let name = queue.name().clone();
        let (bind, none) = (QueueBindOptions::default(), FieldTable::default());
        channel.queue_bind(name.clone(), exchange.into(), key.into(), bind, none).await.unwrap();
        let unconfirmed = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut deliveries =
            channel.basic_consume(name, "".into(), unconfirmed, FieldTable::default()).await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        tokio::spawn(async move {
            // Ends with the connection.
            while let Some(Ok(delivery)) = deliveries.next().await {
                let body = serde_json::from_slice(&delivery.data).expect("messages are JSON");
                let message = Heard { key: delivery.routing_key.to_string(), body };
                keep.lock().unwrap().push(message);
            }
            drop(channel);
        });
        Self { heard, _connection: connection }
    }

    /// What has come so far.
    pub(crate) fn heard(&self) -> MutexGuard<'_, Vec<Heard>> {
        self.heard.lock().unwrap()
    }
}

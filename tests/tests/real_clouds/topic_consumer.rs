//! A consumer of all messages of a topic exchange.

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::StreamExt as _;
use lapin::Connection;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use serde_json::Value;

/// A received message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) key: String,
    pub(crate) body: Value,
}

/// A consumer of the messages with a routing key since its binding, in order of arrival.
#[derive(Debug)]
pub(crate) struct TopicConsumer {
    messages: Arc<Mutex<Vec<Message>>>,
    _connection: Connection,
}

impl TopicConsumer {
    /// Binds an exclusive queue to an existing exchange.
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
        let messages = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&messages);
        tokio::spawn(async move {
            // The loop ends with the connection.
            while let Some(Ok(delivery)) = deliveries.next().await {
                let body = serde_json::from_slice(&delivery.data).expect("messages are JSON");
                let message = Message { key: delivery.routing_key.to_string(), body };
                keep.lock().unwrap().push(message);
            }
            drop(channel);
        });
        Self { messages, _connection: connection }
    }

    /// Returns the messages so far.
    pub(crate) fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap()
    }
}

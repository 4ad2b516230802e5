//! Somebody who reads the events off the broker.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use gateway_tests::Vhost;
use lapin::Connection;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use serde_json::Value;

/// All events of a virtual host from the moment of binding, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Subscriber {
    heard: Arc<Mutex<Vec<Value>>>,
    _connection: Connection,
}

impl Subscriber {
    /// Binds to every routing key.
    pub(crate) async fn to_everything(vhost: &Vhost) -> Self {
        let connection = vhost.connect().await;
        let channel = connection.create_channel().await.unwrap();
        let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), own, FieldTable::default()).await.unwrap();
        let (name, exchange) = (queue.name().clone(), gateway_core::event::EXCHANGE.into());
        channel
            .queue_bind(
                name.clone(),
                exchange,
                "#".into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .unwrap();
        let unconfirmed = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut deliveries =
            channel.basic_consume(name, "".into(), unconfirmed, FieldTable::default()).await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        tokio::spawn(async move {
            // Ends with the connection.
            while let Some(Ok(delivery)) = deliveries.next().await {
                let event: Value = serde_json::from_slice(&delivery.data).expect("events are JSON");
                check_routing_key(delivery.routing_key.as_str(), &event);
                keep.lock().unwrap().push(event);
            }
            drop(channel);
        });
        Self { heard, _connection: connection }
    }

    /// What has come so far after a position, the same event once.
    pub(crate) fn after(&self, position: i64) -> Vec<Value> {
        let mut ids = std::collections::HashSet::new();
        let heard = self.heard.lock().unwrap();
        let new = |event: &&Value| event["data"]["position"].as_i64().is_some_and(|at| at > position);
        heard.iter().filter(new).filter(|event| ids.insert(event["id"].to_string())).cloned().collect()
    }
}

/// A subscriber who binds to part of the stream relies on these words.
fn check_routing_key(key: &str, event: &Value) {
    let data = &event["data"];
    let words: Vec<&str> = key.split('.').collect();
    assert_eq!(words.len(), 5, "{key}");
    assert_eq!(Some(words[0]), data["account"].as_str(), "{key}");
    assert_eq!(Some(words[1]), data["cloud"].as_str(), "{key}");
    if let Some(kind) = data["kind"].as_str() {
        assert_eq!(words[3], kind, "{key}");
        let named = event["type"].as_str().and_then(|name| name.rsplit('.').next());
        assert_eq!(Some(words[4]), named, "{key}");
    }
}

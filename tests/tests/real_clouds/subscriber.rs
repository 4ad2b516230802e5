//! A subscriber to the events on the broker.

use gateway_tests::Vhost;
use serde_json::Value;

use crate::topic_consumer::TopicConsumer;

/// A subscriber to all events of a virtual host since its binding, in order of arrival.
#[derive(Debug)]
pub(crate) struct Subscriber(TopicConsumer);

impl Subscriber {
    /// Binds a queue to every routing key.
    pub(crate) async fn to_everything(vhost: &Vhost) -> Self {
        Self(TopicConsumer::bind(vhost.connect().await, gateway_core::document::event::EXCHANGE, "#").await)
    }

    /// Returns the events so far after a position, without repeated deliveries.
    pub(crate) fn after(&self, position: i64) -> Vec<Value> {
        let mut ids = std::collections::HashSet::new();
        let mut events = Vec::new();
        for message in self.0.messages().iter() {
            let event = &message.body;
            check_routing_key(&message.key, event);
            let new = event["data"]["position"].as_i64().is_some_and(|at| at > position);
            if new && ids.insert(event["id"].to_string()) {
                events.push(event.clone());
            }
        }
        events
    }
}

/// Checks the words of the routing key, which filters of subscribers use.
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

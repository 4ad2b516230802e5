//! Somebody who reads the events off the broker.

use gateway_tests::Vhost;
use serde_json::Value;

use crate::listener::Listener;

/// All events of a virtual host from the moment of binding, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Subscriber(Listener);

impl Subscriber {
    /// Binds to every routing key.
    pub(crate) async fn to_everything(vhost: &Vhost) -> Self {
        Self(Listener::bind(vhost.connect().await, gateway_core::document::event::EXCHANGE, "#").await)
    }

    /// What has come so far after a position, the same event once.
    pub(crate) fn after(&self, position: i64) -> Vec<Value> {
        let mut ids = std::collections::HashSet::new();
        let mut events = Vec::new();
        for message in self.0.heard().iter() {
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

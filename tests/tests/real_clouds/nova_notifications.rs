//! Notifications of Nova with every state of a server. Polls would miss short states that the gateway may see.

use lapin::{Connection, ConnectionProperties};
use serde_json::Value;

use crate::states;
use crate::topic_consumer::TopicConsumer;

/// The exchange and topic of Nova's notifications about servers.
const EXCHANGE: &str = "nova";
const TOPIC: &str = "notifications.info";

/// The state of a server that is no longer listed.
pub(crate) const GONE: &str = "terminated";

/// The notifications of a Nova since the binding.
#[derive(Debug)]
pub(crate) struct NovaNotifications(TopicConsumer);

impl NovaNotifications {
    /// Binds a queue at the cloud's broker, `amqp://USER:PASSWORD@HOST:PORT/VHOST`.
    pub(crate) async fn listen(broker: &str) -> Self {
        let connection = Connection::connect(broker, ConnectionProperties::default()).await;
        Self(TopicConsumer::bind(connection.expect("the cloud's broker"), EXCHANGE, TOPIC).await)
    }

    /// Returns the canonical states of a server so far, in order.
    pub(crate) fn states_of(&self, server: &str) -> Vec<&'static str> {
        let mut states = Vec::new();
        for message in self.0.messages().iter() {
            // Some configurations wrap notifications in another JSON document.
            let wrapped = message.body["oslo.message"].as_str();
            let reported = wrapped.map(|inner| serde_json::from_str(inner).expect("JSON in JSON"));
            let reported: Value = reported.unwrap_or_else(|| message.body.clone());
            let payload = &reported["payload"];
            let cloud_state = |key: &str| payload[key].as_str().unwrap_or_default();
            if cloud_state("instance_id") != server {
                continue;
            }
            let state = match reported["event_type"].as_str() {
                Some("compute.instance.update") => {
                    states::of_server(cloud_state("state"), cloud_state("new_task_state"))
                }
                Some("compute.instance.delete.end") => GONE,
                _ => continue,
            };
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        states
    }
}

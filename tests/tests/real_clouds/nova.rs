//! Nova, listened to: every state that a server went through. To ask for it, however often, would miss the short
//! ones that a gateway may well have seen.

use lapin::{Connection, ConnectionProperties};
use serde_json::Value;

use crate::listener::Listener;
use crate::words;

/// Where Nova tells of each change of a server's state and task.
const EXCHANGE: &str = "nova";
const TOPIC: &str = "notifications.info";

/// The state of a server that is listed no more.
pub(crate) const GONE: &str = "terminated";

/// The notifications of one Nova, from the moment of binding.
#[derive(Debug)]
pub(crate) struct Nova(Listener);

impl Nova {
    /// Binds a queue of its own at the cloud's broker, `amqp://USER:PASSWORD@HOST:PORT/VHOST`.
    pub(crate) async fn listen(broker: &str) -> Self {
        let connection = Connection::connect(broker, ConnectionProperties::default()).await;
        Self(Listener::bind(connection.expect("the cloud's broker"), EXCHANGE, TOPIC).await)
    }

    /// The canonical states that a server has been in so far, one after the other.
    pub(crate) fn states_of(&self, server: &str) -> Vec<&'static str> {
        let mut states = Vec::new();
        for message in self.0.heard().iter() {
            // Services that are set so wrap their notifications; others do not.
            let wrapped = message.body["oslo.message"].as_str();
            let told = wrapped.map(|inner| serde_json::from_str(inner).expect("JSON in JSON"));
            let told: Value = told.unwrap_or_else(|| message.body.clone());
            let payload = &told["payload"];
            let word = |key: &str| payload[key].as_str().unwrap_or_default();
            if word("instance_id") != server {
                continue;
            }
            let state = match told["event_type"].as_str() {
                Some("compute.instance.update") => words::of_server(word("state"), word("new_task_state")),
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

//! One virtual host of a broker: a test's own exchanges and queues.

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use serde_json::Value;

use crate::tls;

/// A virtual host.
#[derive(Clone, Debug)]
pub struct Vhost {
    /// `amqp://guest:guest@127.0.0.1:PORT/NAME`
    pub url: String,
    /// Its name.
    pub name: String,
    admin: String,
}

impl Vhost {
    pub(super) fn new(name: String, broker: &str, admin: &str) -> Self {
        Self { url: format!("{broker}/{name}"), name, admin: admin.to_owned() }
    }

    /// A connection for what the test itself wants to see or send.
    pub async fn connect(&self) -> Connection {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await;
        connection.unwrap_or_else(|error| panic!("{}: {error}", self.url))
    }

    /// The names of its queues.
    pub async fn queues(&self) -> Vec<String> {
        self.names("queues").await
    }

    /// The names of its exchanges; the nameless default one is not among them.
    pub async fn exchanges(&self) -> Vec<String> {
        self.names("exchanges").await.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// How many messages of a queue wait for a consumer, exactly and now.
    pub async fn ready_messages(&self, queue: &str) -> u32 {
        let connection = self.connect().await;
        let channel = connection.create_channel().await.expect("a channel");
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
        found.unwrap_or_else(|error| panic!("{queue}: {error}")).message_count()
    }

    async fn names(&self, what: &str) -> Vec<String> {
        let url = format!("{}/api/{what}/{}", self.admin, self.name);
        let answer = tls::http().get(&url).send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.unwrap_or_else(|error| panic!("{what} of {}: {error}", self.name));
        let all: Vec<Value> = answer.json().await.expect("the management API answers with a list");
        all.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect()
    }
}

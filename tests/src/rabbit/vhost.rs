//! A virtual host of a broker, with the exchanges and queues of one test.

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
    /// The name.
    pub name: String,
    admin: String,
}

impl Vhost {
    pub(super) fn new(name: String, broker: &str, admin: &str) -> Self {
        Self { url: format!("{broker}/{name}"), name, admin: admin.to_owned() }
    }

    /// Opens a connection for the test itself.
    pub async fn connect(&self) -> Connection {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await;
        connection.unwrap_or_else(|error| panic!("{}: {error}", self.url))
    }

    /// Returns the names of the queues.
    pub async fn queues(&self) -> Vec<String> {
        self.names("queues").await
    }

    /// Returns the names of the exchanges, without the unnamed default exchange.
    pub async fn exchanges(&self) -> Vec<String> {
        self.names("exchanges").await.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// Returns the exact present number of messages that wait for a consumer.
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

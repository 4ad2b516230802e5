//! The very messages that one read puts on the bus, so that the echo carries the same.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use gateway_tests::{Client, Vhost, until};
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel};

/// Where the front publishes, and under which key a read.
const REQUESTS: &str = "gateway.requests";
const READ: &str = "read";
pub(crate) const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";

const PATIENCE: Duration = Duration::from_secs(10);

/// A request and its reply.
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
}

/// Reads `path` once, with a second queue that gets the request too, and asks the handlers the same again for
/// a reply of our own.
pub(crate) async fn record(vhost: &Vhost, user: &Client, path: &str) -> anyhow::Result<Exchange> {
    let connection = vhost.connect().await;
    let channel = connection.create_channel().await?;
    let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let tap = channel.queue_declare(ShortString::default(), own, FieldTable::default()).await?;
    let (tap, bind) = (tap.name().clone(), QueueBindOptions::default());
    channel.queue_bind(tap.clone(), REQUESTS.into(), READ.into(), bind, FieldTable::default()).await?;
    user.get(path).await?;
    let request = until("the request in the second queue", PATIENCE, || async {
        let taken = channel.basic_get(tap.clone(), BasicGetOptions { no_ack: true }).await?;
        Ok(taken.context("no request yet")?.delivery.data)
    })
    .await;
    let reply = ask(&channel, &request).await?;
    let status: serde_json::Value = serde_json::from_slice(&reply)?;
    ensure!(status["status"] == 200, "a handler answered {}", status["status"]);
    connection.close(200, "recorded".into()).await?;
    Ok(Exchange { request, reply })
}

async fn ask(channel: &Channel, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let tag = ShortString::default();
    let mut replies = channel.basic_consume(DIRECT_REPLY.into(), tag, options, FieldTable::default()).await?;
    let properties = BasicProperties::default().with_reply_to(DIRECT_REPLY.into());
    let options = BasicPublishOptions::default();
    channel.basic_publish(REQUESTS.into(), READ.into(), options, request, properties).await?.await?;
    let reply = tokio::time::timeout(PATIENCE, replies.next()).await.context("no reply in time")?;
    Ok(reply.context("the broker ended the replies")??.data)
}

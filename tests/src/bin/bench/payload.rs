//! The messages of one read on the bus, which the echo sends too.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use gateway_tests::{Client, Vhost, until};
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel};

/// The exchange and the routing key of reads.
const REQUESTS: &str = "gateway.requests";
const READ: &str = "read";
pub(crate) const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";

const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// A request and its reply.
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
}

/// Reads `path` once and copies the request with a second queue. Sends it to the handlers again for a reply to this
/// connection.
pub(crate) async fn record(vhost: &Vhost, user: &Client, path: &str) -> anyhow::Result<Exchange> {
    let connection = vhost.connect().await;
    let channel = connection.create_channel().await?;
    let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let tap = channel.queue_declare(ShortString::default(), own, FieldTable::default()).await?;
    let (tap, bind) = (tap.name().clone(), QueueBindOptions::default());
    channel.queue_bind(tap.clone(), REQUESTS.into(), READ.into(), bind, FieldTable::default()).await?;
    user.get(path).await?;
    let request = until("the request in the second queue", REPLY_TIMEOUT, || async {
        let message = channel.basic_get(tap.clone(), BasicGetOptions { no_ack: true }).await?;
        Ok(message.context("no request yet")?.delivery.data)
    })
    .await;
    let reply = ask(&channel, &request).await?;
    let status: serde_json::Value = serde_json::from_slice(&reply)?;
    ensure!(status["status"] == 200, "the handler answered with status {}", status["status"]);
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
    let reply = tokio::time::timeout(REPLY_TIMEOUT, replies.next()).await.context("no reply in time")?;
    Ok(reply.context("the broker ended the replies")??.data)
}

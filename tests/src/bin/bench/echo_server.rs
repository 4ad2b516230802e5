//! The server of the echo: consumes messages as a handler does, and only answers.

use anyhow::Context as _;
use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use std::sync::Arc;

use crate::options::EchoServer;

/// A direct exchange with a durable classic queue, as for `gateway.requests`.
pub(crate) const EXCHANGE: &str = "echo.requests";
pub(crate) const KEY: &str = "read";
const QUEUE: &str = "echo.requests.read";

/// The delivery mode of messages that need not survive a restart of the broker.
pub(crate) const TRANSIENT: u8 = 1;

/// Answers until the connection ends. The bench kills this process.
pub(crate) async fn run(options: EchoServer) -> anyhow::Result<()> {
    let reply: Arc<[u8]> = std::fs::read(&options.reply).context("the reply")?.into();
    let properties = ConnectionProperties::default;
    let inbound = Connection::connect(&options.url, properties()).await?;
    let outbound = Connection::connect(&options.url, properties()).await?;
    let replies = outbound.create_channel().await?;
    let requests = inbound.create_channel().await?;
    declare(&requests).await?;
    requests.basic_qos(options.prefetch, BasicQosOptions::default()).await?;
    let consume = BasicConsumeOptions::default();
    let mut incoming =
        requests.basic_consume(QUEUE.into(), ShortString::default(), consume, FieldTable::default()).await?;
    eprintln!("ready");
    while let Some(message) = incoming.next().await {
        let message = message?;
        let (replies, reply) = (replies.clone(), Arc::clone(&reply));
        tokio::spawn(async move {
            let request = &message.properties;
            let properties = BasicProperties::default()
                .with_content_type("application/json".into())
                .with_delivery_mode(TRANSIENT)
                .with_correlation_id(request.correlation_id().clone().unwrap_or_default());
            let to = request.reply_to().clone().unwrap_or_default();
            let options = BasicPublishOptions::default();
            // A lost connection ends the process, which the bench notices.
            if let Ok(sent) = replies.basic_publish("".into(), to, options, &reply, properties).await {
                let _ = sent.await;
            }
            let _ = message.ack(BasicAckOptions::default()).await;
        });
    }
    Ok(())
}

async fn declare(channel: &Channel) -> anyhow::Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let none = FieldTable::default;
    channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Direct, durable, none()).await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(QUEUE.into(), durable, none()).await?;
    let bind = QueueBindOptions::default();
    channel.queue_bind(QUEUE.into(), EXCHANGE.into(), KEY.into(), bind, none()).await?;
    Ok(())
}

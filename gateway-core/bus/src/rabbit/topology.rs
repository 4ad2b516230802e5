//! Exchanges and queues, and their declaration.
//!
//! Only handlers declare the request queues. Until the first handler has run, a request is unroutable and refused at once.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use super::fault::Fault;
use crate::envelope::WorkClass;

/// The exchange of requests, by work class.
pub(super) const REQUESTS: &str = "gateway.requests";
/// The exchange of events, by `account.cloud.region.kind.event`.
pub(super) const EVENTS: &str = gateway_core::document::event::EXCHANGE;
/// The exchange of nudges, to every process.
pub(super) const NUDGES: &str = "gateway.nudges";
/// The broker's direct reply-to, which needs no queue.
pub(super) const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";

/// The most redeliveries of a write. A higher number survives more crashes of handlers; a lower one ends a request that
/// causes crashes sooner.
const WRITE_REDELIVERIES: i32 = 3;

/// Declares the exchanges.
pub(super) async fn declare_exchanges(channel: &Channel) -> Result<(), Fault> {
    let exchanges =
        [(REQUESTS, ExchangeKind::Direct), (EVENTS, ExchangeKind::Topic), (NUDGES, ExchangeKind::Fanout)];
    for (name, kind) in exchanges {
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel.exchange_declare(name.into(), kind, durable, FieldTable::default()).await?;
    }
    Ok(())
}

/// Declares and binds the queue of a work class. Returns its name.
pub(super) async fn declare_requests(channel: &Channel, class: WorkClass) -> Result<ShortString, Fault> {
    let name: ShortString = format!("{REQUESTS}.{}", class.as_str()).into();
    let mut arguments = FieldTable::default();
    if class == WorkClass::Write {
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(WRITE_REDELIVERIES));
    }
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.clone(), durable, arguments).await?;
    bind(channel, name.clone(), REQUESTS, class.as_str()).await?;
    Ok(name)
}

/// Declares an exclusive queue that ends with the connection. Returns its name.
pub(super) async fn declare_own_queue(channel: &Channel) -> Result<ShortString, Fault> {
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(ShortString::default(), own, FieldTable::default()).await?;
    Ok(queue.name().clone())
}

/// Binds a queue to an exchange.
pub(super) async fn bind(
    channel: &Channel,
    queue: ShortString,
    exchange: &str,
    key: &str,
) -> Result<(), Fault> {
    let options = QueueBindOptions::default();
    Ok(channel.queue_bind(queue, exchange.into(), key.into(), options, FieldTable::default()).await?)
}

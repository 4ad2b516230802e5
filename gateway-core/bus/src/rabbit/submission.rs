//! Submission of messages to the broker, up to their confirms.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use uuid::Uuid;

use super::fault::Fault;
use super::topology;

/// The delivery mode of messages that need not survive a restart of the broker.
pub(super) const TRANSIENT: u8 = 1;
/// The delivery mode of messages that survive a restart of the broker.
pub(super) const PERSISTENT: u8 = 2;

/// A message to publish.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) id: Uuid,
    pub(super) exchange: &'static str,
    pub(super) routing_key: ShortString,
    pub(super) mandatory: bool,
    pub(super) properties: BasicProperties,
    pub(super) payload: Bytes,
}

/// A submitted message. It ends with the broker's confirm and must be awaited: lapin keeps messages that are dropped before.
pub(super) type InFlight = Pin<Box<dyn Future<Output = (Uuid, lapin::Result<Confirmation>)> + Send>>;

/// Opens a channel with confirms. The exchanges are declared first, because the channel before it may have ended for want of
/// one.
pub(super) async fn confirming(connection: &Connection) -> Result<Channel, Fault> {
    let channel = connection.create_channel().await?;
    topology::declare_exchanges(&channel).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Submits a message after those before it and returns the future of its confirm.
///
/// lapin numbers a message and queues its frames within the first poll. Two concurrent first polls on one channel would mix
/// up the numbers, so each channel has one submitter that does not wait in between.
pub(super) async fn submit(channel: &Channel, message: Message) -> InFlight {
    let channel = channel.clone();
    let mut in_flight: InFlight = Box::pin(async move {
        let Message { id, exchange, routing_key, mandatory, properties, payload } = message;
        let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
        match channel.basic_publish(exchange.into(), routing_key, options, &payload, properties).await {
            Ok(confirm) => (id, confirm.await),
            Err(error) => (id, Err(error)),
        }
    });
    match futures_util::poll!(&mut in_flight) {
        Poll::Ready(verdict) => Box::pin(ready(verdict)),
        Poll::Pending => in_flight,
    }
}

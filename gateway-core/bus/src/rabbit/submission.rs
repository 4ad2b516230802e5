//! One message on its way to the broker, up to its confirm.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::Poll;

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use uuid::Uuid;

/// Delivery mode of what need not survive a restart of the broker.
pub(super) const TRANSIENT: u8 = 1;
/// Delivery mode of what must.
pub(super) const PERSISTENT: u8 = 2;

/// What is published.
pub(super) struct Message {
    pub(super) id: Uuid,
    pub(super) exchange: &'static str,
    pub(super) routing_key: ShortString,
    pub(super) mandatory: bool,
    pub(super) properties: BasicProperties,
    pub(super) payload: Vec<u8>,
}

/// Ends with the broker's verdict. Must be awaited to its end: lapin keeps what is dropped before.
pub(super) type InFlight = Pin<Box<dyn Future<Output = (Uuid, lapin::Result<Confirmation>)> + Send>>;

/// Puts a message in line behind those submitted before, and gives what waits for its confirm.
///
/// lapin numbers a message and queues its frames within the first poll; two of these at once on one channel
/// would mix up the numbers. So there is one submitter for each channel, and it does not wait in between.
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

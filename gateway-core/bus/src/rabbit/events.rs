//! Publication of events with confirms, and subscription by patterns.

use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{Stream, StreamExt as _};
use gateway_core::id::EventId;
use gateway_core::{Error, Result};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection};
use tokio::sync::Mutex;

use super::fault::Fault;
use super::submission::{Message, PERSISTENT, submit};
use super::topology::{self, EVENTS};
use crate::port::Publication;

/// The most unread events of a subscriber. A higher number hides round trips; a lower one keeps the backlog of a slow
/// reader in the broker instead of this process.
const PREFETCH: u16 = 256;

/// The longest wait for the confirms of a batch. A longer wait tolerates a slower disk; a shorter one detects a broker
/// without disk space or majority sooner.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);

/// Publishes events in order.
pub(super) struct EventPublisher {
    channel: Channel,
    /// Held while a batch is submitted, but not while it waits for confirms.
    order: Mutex<()>,
}

impl EventPublisher {
    pub(super) async fn open(connection: &Connection) -> Result<Self, Fault> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { channel, order: Mutex::new(()) })
    }

    /// Publishes all events, then waits for all confirms.
    pub(super) async fn publish(&self, events: Vec<Publication>) -> Result<()> {
        let mut in_flight = FuturesUnordered::new();
        let order = self.order.lock().await;
        for event in events {
            let submitted = submit(&self.channel, message(event)).await;
            in_flight.push(submitted);
        }
        drop(order);
        let mut refused = 0_usize;
        let confirms = async {
            while let Some((_, verdict)) = in_flight.next().await {
                // Events are not mandatory: without a subscriber they are confirmed too.
                refused += usize::from(!verdict.is_ok_and(|confirmation| confirmation.is_ack()));
            }
        };
        let in_time = tokio::time::timeout(CONFIRM_TIMEOUT, confirms).await.is_ok();
        if in_time && refused == 0 {
            return Ok(());
        }
        Err(Error::unavailable("the message broker did not confirm the events")
            .with("refused", refused)
            .with("in_time", in_time))
    }
}

fn message(event: Publication) -> Message {
    let properties = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(event.id.to_string().into());
    Message {
        id: event.id.0,
        exchange: EVENTS,
        routing_key: event.routing_key.into(),
        mandatory: false,
        properties,
        payload: event.body,
    }
}

/// Subscribes to events through a queue that ends with the stream.
pub(super) async fn subscribe(
    connection: &Connection,
    patterns: &[String],
) -> Result<impl Stream<Item = Publication> + Send + use<>, Fault> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let queue = topology::declare_own_queue(&channel).await?;
    for pattern in patterns {
        topology::bind(&channel, queue.clone(), EVENTS, pattern).await?;
    }
    let consumer = channel
        .basic_consume(queue, ShortString::default(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    // The stream owns the channel, because dropping it would end the consumer.
    Ok(stream::unfold((consumer, channel), |(mut consumer, channel)| async move {
        loop {
            let delivery = consumer.next().await?.ok()?;
            delivery.ack(BasicAckOptions::default()).await.ok()?;
            if let Some(event) = publication(delivery) {
                return Some((event, (consumer, channel)));
            }
        }
    }))
}

fn publication(delivery: Delivery) -> Option<Publication> {
    let id = delivery.properties.message_id().as_ref().and_then(|id| id.as_str().parse::<EventId>().ok());
    let routing_key = delivery.routing_key.to_string();
    let Some(id) = id else {
        tracing::warn!(routing_key, "an event without a valid message id was skipped");
        return None;
    };
    Some(Publication { id, routing_key, body: delivery.data })
}

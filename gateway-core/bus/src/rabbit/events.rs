//! Publication of events, and subscription by patterns.

use futures_util::{Stream, StreamExt as _, stream};
use gateway_core::id::EventId;
use gateway_core::{Error, Result};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Connection};

use super::fault::Fault;
use super::publisher::{Publisher, Unconfirmed};
use super::submission::{Message, PERSISTENT};
use super::topology::{self, EVENTS};
use crate::port::{Publication, Refused};

/// The most unread events of a subscriber. A higher number hides round trips; a lower one keeps the backlog of a slow
/// reader in the broker instead of this process.
const PREFETCH: u16 = 256;

/// Publishes events in this order. Returns those that the broker refuses alone.
pub(super) async fn publish(
    publisher: &Publisher,
    connection: &Connection,
    events: Vec<Publication>,
) -> Result<Vec<Refused>> {
    let messages: Vec<_> = events.into_iter().map(message).collect();
    match publisher.publish(connection, &messages).await {
        Ok(refused) => {
            let refused = refused.into_iter();
            Ok(refused.map(|refused| Refused { id: EventId(refused.id), reason: refused.reason }).collect())
        }
        Err(Unconfirmed { lost, in_time }) => {
            Err(Error::unavailable("the message broker did not confirm the events")
                .with("lost", lost)
                .with("in_time", in_time))
        }
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
        payload: event.body.into(),
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

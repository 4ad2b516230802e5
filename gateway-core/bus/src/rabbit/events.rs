//! Publication of events with confirms, and subscription by patterns.

use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{Stream, StreamExt as _};
use gateway_core::id::EventId;
use gateway_core::{Error, Result};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Mutex;

use super::fault::{Fault, closes_channel_only};
use super::submission::{Message, PERSISTENT, submit};
use super::topology::{self, EVENTS};
use crate::port::{Publication, Refused};

/// The most unread events of a subscriber. A higher number hides round trips; a lower one keeps the backlog of a slow
/// reader in the broker instead of this process.
const PREFETCH: u16 = 256;

/// The longest wait for the confirms of a batch. A longer wait tolerates a slower disk; a shorter one detects a broker
/// without disk space or majority sooner.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);

/// The attempts at an event that is refused. With more, a queue in trouble has longer to recover; with fewer, other events
/// wait less behind it.
const ATTEMPTS: u32 = 3;

/// The wait before the last attempt. A longer wait helps a queue in trouble; a shorter one delays other events less.
const PAUSE: Duration = Duration::from_millis(200);

/// Publishes events in order.
pub(super) struct EventPublisher {
    /// The channel, locked while a batch is submitted, but not while it waits for confirms.
    channel: Mutex<Channel>,
}

/// The outcome of one event.
enum Outcome {
    Confirmed,
    /// A queue refused the event, or the broker closed the channel because of it or of another one.
    Refused(String),
    /// The connection was lost.
    Lost,
}

impl EventPublisher {
    pub(super) async fn open(connection: &Connection) -> Result<Self, Fault> {
        Ok(Self { channel: Mutex::new(confirming(connection).await?) })
    }

    /// Publishes all events, then waits for all confirms. Refused events are tried again one by one, because the broker
    /// closes the channel of an event that it cannot take, with all others on it. Returns those that are refused alone.
    pub(super) async fn publish(
        &self,
        connection: &Connection,
        events: Vec<Publication>,
    ) -> Result<Vec<Refused>> {
        let mut refused = self.attempt(connection, &events).await?;
        for attempt in 1..ATTEMPTS {
            if attempt > 1 && !refused.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
            for event in std::mem::take(&mut refused) {
                let alone: Vec<_> = events.iter().filter(|other| other.id == event.id).cloned().collect();
                refused.extend(self.attempt(connection, &alone).await?);
            }
        }
        Ok(refused)
    }

    /// Publishes events and returns those that were refused, perhaps because of another one among them.
    async fn attempt(&self, connection: &Connection, events: &[Publication]) -> Result<Vec<Refused>> {
        let mut in_flight = FuturesUnordered::new();
        let mut channel = self.channel.lock().await;
        if !channel.status().connected() {
            *channel = confirming(connection).await.map_err(|fault| fault.to_error())?;
        }
        for event in events {
            let submitted = submit(&channel, message(event.clone())).await;
            in_flight.push(submitted);
        }
        drop(channel);
        let (mut refused, mut lost) = (Vec::new(), 0_usize);
        let confirms = async {
            while let Some((id, verdict)) = in_flight.next().await {
                match outcome(verdict) {
                    Outcome::Confirmed => {}
                    Outcome::Refused(reason) => refused.push(Refused { id: EventId(id), reason }),
                    Outcome::Lost => lost += 1,
                }
            }
        };
        let in_time = tokio::time::timeout(CONFIRM_TIMEOUT, confirms).await.is_ok();
        if in_time && lost == 0 {
            return Ok(refused);
        }
        Err(Error::unavailable("the message broker did not confirm the events")
            .with("lost", lost)
            .with("in_time", in_time))
    }
}

/// Opens a channel with confirms.
async fn confirming(connection: &Connection) -> Result<Channel, Fault> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

fn outcome(verdict: lapin::Result<Confirmation>) -> Outcome {
    match verdict {
        // Events are not mandatory: without a subscriber they are confirmed too.
        Ok(confirmation) if confirmation.is_ack() => Outcome::Confirmed,
        Ok(_) => Outcome::Refused("a queue of a subscriber refused it".to_owned()),
        // The channel ended before the message was sent.
        Err(error) if matches!(error.kind(), lapin::ErrorKind::InvalidChannelState(..)) => {
            Outcome::Refused(error.to_string())
        }
        Err(error) if closes_channel_only(&error) => Outcome::Refused(error.to_string()),
        Err(_) => Outcome::Lost,
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

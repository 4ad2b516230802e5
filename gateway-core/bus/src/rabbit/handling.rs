//! Handling of a request, from the queue to its reply and its ack.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::{Clock, Timestamp};
use lapin::BasicProperties;
use lapin::message::Delivery as Delivered;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::ShortString;
use tokio::sync::watch;
use uuid::Uuid;

use super::outbound::Outbound;
use super::publisher::RefusedMessage;
use super::reply_address::ReplyAddress;
use super::submission::{Message, TRANSIENT};
use super::supervisor::{Link, Session as _, connected};
use crate::admission::Slot;
use crate::envelope::{Envelope, WorkClass};
use crate::instruments;
use crate::intake;
use crate::limit::{self, MAX_REPLY};
use crate::port::{Delivery, RequestService};
use crate::reply::Reply;

/// The time limit of the answer to an unreadable request, which has no deadline. A longer limit outlasts longer losses of
/// the connection; a shorter one frees the slot sooner.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// The longest wait before a reply without a confirm is sent again. A longer wait delays the reply; a shorter one tries a
/// connection that is being lost more often.
const RESEND_PAUSE: Duration = Duration::from_millis(100);

/// The services that every request needs.
pub(super) struct Handling {
    pub(super) service: Arc<dyn RequestService>,
    pub(super) outbound: watch::Receiver<Link<Outbound>>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Handling {
    /// Answers a message and acknowledges it.
    pub(super) async fn handle(self: Arc<Self>, class: WorkClass, message: Delivered, slot: Slot) {
        let (reply_to, reply_owner) = match ReplyAddress::read(message.properties.reply_to().as_ref()) {
            ReplyAddress::To(queue, owner) => (Some(queue), owner),
            ReplyAddress::Nowhere => (None, None),
            ReplyAddress::Forbidden => {
                tracing::warn!(
                    class = class.as_str(),
                    "a request with a forbidden reply address was dropped"
                );
                return ack(&message).await;
            }
        };
        match intake::read(&message.data) {
            Ok(envelope) if intake::is_late(envelope.deadline, &*self.clock) => {
                instruments::dropped_late(class);
                ack(&message).await;
            }
            Ok(envelope) => {
                let delivery = Delivery { class, redelivered: message.redelivered, reply_owner };
                self.work(delivery, envelope, &message, reply_to, slot).await;
            }
            Err(detail) => self.refuse(&message, reply_to, &detail).await,
        }
    }

    async fn work(
        &self,
        delivery: Delivery,
        envelope: Envelope,
        message: &Delivered,
        reply_to: Option<ShortString>,
        slot: Slot,
    ) {
        // An ack before the work prevents a third delivery. The queue itself counts deliveries of writes.
        let is_last_attempt = delivery.redelivered && delivery.class != WorkClass::Write;
        if is_last_attempt {
            ack(message).await;
        }
        let correlation: ShortString = envelope.message_id.to_string().into();
        let deadline = envelope.deadline;
        let reply = intake::call(&*self.service, envelope, delivery).await;
        // The confirm of the reply costs a round trip to the broker, and no work here.
        drop(slot);
        let answered = match (reply, reply_to) {
            (Some(reply), Some(queue)) => self.send(&reply, queue, correlation, deadline).await,
            (Some(_), None) => true,
            (None, _) => false,
        };
        match (is_last_attempt, answered) {
            (true, _) => {}
            (false, true) => ack(message).await,
            (false, false) => requeue(message).await,
        }
    }

    /// Answers an unreadable request and acknowledges it, because another delivery would not help.
    async fn refuse(&self, message: &Delivered, reply_to: Option<ShortString>, detail: &str) {
        let properties = &message.properties;
        let correlation = properties.correlation_id().clone().or_else(|| properties.message_id().clone());
        let correlation = correlation.unwrap_or_default();
        let id = correlation.as_str().parse().unwrap_or(Uuid::nil());
        if let Some(queue) = reply_to {
            let deadline = self.clock.now().plus(REFUSAL_TIME);
            self.send(&intake::refusal(id, detail), queue, correlation, deadline).await;
        }
        ack(message).await;
    }

    /// Sends a reply and returns whether the broker got it. If the connection is lost, this sends it on the next one, until
    /// the deadline, because the caller's own connection may be intact.
    async fn send(
        &self,
        reply: &Reply,
        queue: ShortString,
        correlation: ShortString,
        deadline: Timestamp,
    ) -> bool {
        let mut outbound = self.outbound.clone();
        let sending = async {
            while let Ok(session) = connected(&mut outbound).await {
                // A reply consists of texts and numbers, which JSON can always hold.
                let limit = session.message_limit().min(MAX_REPLY);
                let Some(payload) = payload(reply, limit) else { return false };
                let message = message(reply.message_id, queue.clone(), correlation.clone(), payload);
                match session.replies.publish(session.connection(), &[message]).await {
                    Ok(refused) => {
                        log_refused(&refused);
                        // Another attempt of another handler would not help.
                        return true;
                    }
                    Err(_) => {
                        let _ = tokio::time::timeout(RESEND_PAUSE, outbound.changed()).await;
                    }
                }
            }
            false
        };
        let remaining = deadline.since(self.clock.now());
        tokio::time::timeout(remaining, sending).await.unwrap_or(false)
    }
}

fn message(id: Uuid, queue: ShortString, correlation: ShortString, payload: Vec<u8>) -> Message {
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(TRANSIENT)
        .with_correlation_id(correlation);
    Message { id, exchange: "", routing_key: queue, mandatory: false, properties, payload: payload.into() }
}

fn log_refused(refused: &[RefusedMessage]) {
    for RefusedMessage { id, reason } in refused {
        tracing::error!(request = %id, reason, "the message broker refuses a reply");
    }
}

/// Returns the JSON of a reply, or of the problem in its place if it is too large for the broker.
fn payload(reply: &Reply, limit: usize) -> Option<Vec<u8>> {
    let payload = serde_json::to_vec(reply).ok()?;
    if payload.len() <= limit {
        return Some(payload);
    }
    serde_json::to_vec(&limit::too_large(reply, payload.len(), limit)).ok()
}

/// Acknowledges a message. Without its connection this fails, and the broker delivers the message again.
async fn ack(message: &Delivered) {
    let _ = message.ack(BasicAckOptions::default()).await;
}

/// Returns a message to its queue.
pub(super) async fn requeue(message: &Delivered) {
    let _ = message.nack(BasicNackOptions { requeue: true, multiple: false }).await;
}

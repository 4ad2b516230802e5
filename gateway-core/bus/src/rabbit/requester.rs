//! Requests and their replies on one channel, as direct reply-to requires.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicConsumeOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fault::Fault;
use super::pending::Pending;
use super::submission::{Message, PERSISTENT, TRANSIENT, submit};
use super::topology::{DIRECT_REPLY, REQUESTS};
use crate::envelope::{Envelope, VERSION, WorkClass};
use crate::error::RequestError;
use crate::reply::Reply;

/// Sends requests and matches replies.
pub(super) struct Requester {
    pending: Arc<Pending>,
    /// Unbounded, because callers limit their requests in flight.
    outgoing: mpsc::UnboundedSender<Message>,
}

impl Requester {
    /// Starts on a channel of its own. Cancels `broken` when the channel ends.
    pub(super) async fn open(connection: &Connection, broken: CancellationToken) -> Result<Self, Fault> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let replies = channel
            .basic_consume(DIRECT_REPLY.into(), ShortString::default(), no_ack, FieldTable::default())
            .await?;
        let pending = Pending::new();
        let (outgoing, queue) = mpsc::unbounded_channel();
        tokio::spawn(receive(replies, Arc::clone(&pending), broken.clone()));
        tokio::spawn(send(channel, queue, Arc::clone(&pending), broken));
        Ok(Self { pending, outgoing })
    }

    /// Sends a request of at most `limit` bytes and waits for its reply.
    pub(super) async fn request(
        &self,
        class: WorkClass,
        envelope: &Envelope,
        remaining: Duration,
        limit: usize,
    ) -> Result<Reply, RequestError> {
        let message = message(class, envelope, remaining)?;
        let bytes = message.payload.len();
        if bytes > limit {
            return Err(RequestError::TooLarge { bytes, limit });
        }
        let mut ticket = self.pending.register(envelope.message_id)?;
        self.outgoing.send(message).map_err(|_| RequestError::NoBroker)?;
        let answer =
            tokio::time::timeout(remaining, ticket.answer()).await.unwrap_or(Err(RequestError::Timeout))?;
        let reply: Reply = serde_json::from_slice(&answer).map_err(|_| RequestError::BadReply)?;
        if reply.v != VERSION || reply.message_id != envelope.message_id {
            return Err(RequestError::BadReply);
        }
        Ok(reply)
    }

    /// Ends every pending request with `Lost`.
    pub(super) fn abandon(&self) {
        self.pending.abandon();
    }
}

fn message(class: WorkClass, envelope: &Envelope, remaining: Duration) -> Result<Message, RequestError> {
    // An envelope consists of texts and numbers, which JSON can always hold.
    let payload = serde_json::to_vec(envelope).map_err(|_| RequestError::Unroutable)?;
    let id: ShortString = envelope.message_id.to_string().into();
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(if class == WorkClass::Write { PERSISTENT } else { TRANSIENT })
        .with_message_id(id.clone())
        .with_correlation_id(id)
        .with_reply_to(DIRECT_REPLY.into())
        // The broker drops the message at the deadline. Zero would mean immediate delivery or none.
        .with_expiration(remaining.as_millis().max(1).to_string().into());
    Ok(Message {
        id: envelope.message_id,
        exchange: REQUESTS,
        routing_key: class.as_str().into(),
        mandatory: true,
        properties,
        payload,
    })
}

async fn receive(mut replies: Consumer, pending: Arc<Pending>, broken: CancellationToken) {
    while let Some(Ok(delivery)) = replies.next().await {
        if let Some(id) = uuid(delivery.properties.correlation_id().as_ref()) {
            pending.settle(id, Ok(delivery.data));
        }
    }
    broken.cancel();
}

async fn send(
    channel: Channel,
    mut queue: mpsc::UnboundedReceiver<Message>,
    pending: Arc<Pending>,
    broken: CancellationToken,
) {
    let mut in_flight = FuturesUnordered::new();
    loop {
        tokio::select! {
            message = queue.recv() => match message {
                Some(message) => {
                    let submitted = submit(&channel, message).await;
                    in_flight.push(submitted);
                }
                None => break,
            },
            Some((id, verdict)) = in_flight.next() => match verdict {
                Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => {}
                // By the returned message's own id, because lapin may attach a return to another message's confirm.
                Ok(Confirmation::Ack(Some(returned))) => refuse(&pending, &returned),
                Ok(Confirmation::Nack(returned)) => {
                    pending.settle(id, Err(RequestError::Unroutable));
                    returned.iter().for_each(|returned| refuse(&pending, returned));
                }
                Err(_) => pending.settle(id, Err(RequestError::Lost)),
            },
            () = broken.cancelled() => break,
        }
    }
    broken.cancel();
}

fn refuse(pending: &Pending, returned: &BasicReturnMessage) {
    if let Some(id) = uuid(returned.properties.message_id().as_ref()) {
        pending.settle(id, Err(RequestError::Unroutable));
    }
}

fn uuid(text: Option<&ShortString>) -> Option<Uuid> {
    text?.as_str().parse().ok()
}

//! Requests and their replies on one channel, as direct reply-to requires. If it ends, its pending requests end with it, and
//! the next request opens another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lapin::message::BasicReturnMessage;
use lapin::options::BasicConsumeOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fault::Fault;
use super::pending::Pending;
use super::submission::{Message, PERSISTENT, TRANSIENT, confirming, submit};
use super::topology::{DIRECT_REPLY, REQUESTS};
use crate::envelope::{Envelope, VERSION, WorkClass};
use crate::error::RequestError;
use crate::instruments;
use crate::reply::Reply;

/// Sends requests and matches replies.
pub(super) struct Requester {
    channel: Mutex<Arc<RequestChannel>>,
    /// Held while a channel is opened.
    opening: tokio::sync::Mutex<()>,
    /// Cancelled when the connection is lost.
    broken: CancellationToken,
}

/// A channel with its pending requests.
struct RequestChannel {
    pending: Arc<Pending>,
    /// Unbounded, because callers limit their requests in flight.
    outgoing: mpsc::UnboundedSender<Message>,
    /// Cancelled at the end of the channel.
    ended: CancellationToken,
}

impl Requester {
    /// Starts on a channel of its own. Cancels `broken` when the connection is lost.
    pub(super) async fn open(connection: &Connection, broken: CancellationToken) -> Result<Self, Fault> {
        let channel = RequestChannel::open(connection, broken.clone()).await?;
        Ok(Self { channel: Mutex::new(Arc::new(channel)), opening: tokio::sync::Mutex::new(()), broken })
    }

    /// Sends a request of at most `limit` bytes and waits for its reply.
    pub(super) async fn request(
        &self,
        connection: &Connection,
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
        let exchange = async {
            let channel = self.channel(connection).await?;
            let mut ticket = channel.pending.register(envelope.message_id)?;
            channel.outgoing.send(message).map_err(|_| RequestError::NoBroker)?;
            ticket.answer().await
        };
        let answer = tokio::time::timeout(remaining, exchange).await.unwrap_or(Err(RequestError::Timeout))?;
        let reply: Reply = serde_json::from_slice(&answer).map_err(|_| RequestError::BadReply)?;
        if reply.v != VERSION || reply.message_id != envelope.message_id {
            return Err(RequestError::BadReply);
        }
        Ok(reply)
    }

    /// Ends every pending request with `Lost`.
    pub(super) fn abandon(&self) {
        self.present().pending.abandon();
    }

    /// Returns the channel, a new one if it has ended.
    async fn channel(&self, connection: &Connection) -> Result<Arc<RequestChannel>, RequestError> {
        let present = self.present();
        if !present.ended.is_cancelled() {
            return Ok(present);
        }
        let _opening = self.opening.lock().await;
        let present = self.present();
        if !present.ended.is_cancelled() {
            return Ok(present);
        }
        let opened = RequestChannel::open(connection, self.broken.clone()).await;
        let opened = Arc::new(opened.map_err(|_| RequestError::NoBroker)?);
        *self.lock() = Arc::clone(&opened);
        instruments::channel_reopened("requests");
        Ok(opened)
    }

    fn present(&self) -> Arc<RequestChannel> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<RequestChannel>> {
        // Replaced in one step: a panic cannot leave it half changed.
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestChannel {
    async fn open(connection: &Connection, broken: CancellationToken) -> Result<Self, Fault> {
        let channel = confirming(connection).await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let replies = channel
            .basic_consume(DIRECT_REPLY.into(), ShortString::default(), no_ack, FieldTable::default())
            .await?;
        let (pending, ended) = (Pending::new(), CancellationToken::new());
        let (outgoing, queue) = mpsc::unbounded_channel();
        tokio::spawn(send(channel, queue, Arc::clone(&pending), ended.clone()));
        let opened = Self { pending: Arc::clone(&pending), outgoing, ended: ended.clone() };
        let status = connection.status().clone();
        tokio::spawn(async move {
            receive(replies, &pending).await;
            ended.cancel();
            if !status.connected() {
                broken.cancel();
            }
            // No reply can come any more.
            pending.abandon();
        });
        Ok(opened)
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
        payload: payload.into(),
    })
}

/// Passes replies on until the channel ends.
async fn receive(mut replies: Consumer, pending: &Pending) {
    while let Some(Ok(delivery)) = replies.next().await {
        if let Some(id) = uuid(delivery.properties.correlation_id().as_ref()) {
            pending.settle(id, Ok(delivery.data));
        }
    }
}

async fn send(
    channel: Channel,
    mut queue: mpsc::UnboundedReceiver<Message>,
    pending: Arc<Pending>,
    ended: CancellationToken,
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
            () = ended.cancelled() => break,
        }
    }
}

fn refuse(pending: &Pending, returned: &BasicReturnMessage) {
    if let Some(id) = uuid(returned.properties.message_id().as_ref()) {
        pending.settle(id, Err(RequestError::Unroutable));
    }
}

fn uuid(text: Option<&ShortString>) -> Option<Uuid> {
    text?.as_str().parse().ok()
}

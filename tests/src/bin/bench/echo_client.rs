//! Bare round trips over the broker, with the messages of the front and without its work.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer};
use tokio::sync::{mpsc, oneshot};

use crate::callers::Caller;
use crate::echo_server::{EXCHANGE, KEY, TRANSIENT};
use crate::payload::{DIRECT_REPLY, Exchange};

/// The request timeout of the front.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Senders of the reply size to waiting callers, by request number.
type Pending = Arc<Mutex<HashMap<u64, oneshot::Sender<usize>>>>;

/// A connection for any number of callers.
#[derive(Clone)]
pub(crate) struct Echo {
    pending: Pending,
    outgoing: mpsc::UnboundedSender<u64>,
    next: Arc<AtomicU64>,
    reply_bytes: usize,
}

impl Echo {
    pub(crate) async fn open(connection: &Connection, exchange: &Exchange) -> anyhow::Result<Self> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let tag = ShortString::default();
        let replies = channel.basic_consume(DIRECT_REPLY.into(), tag, options, FieldTable::default()).await?;
        let pending = Pending::default();
        let (outgoing, queue) = mpsc::unbounded_channel();
        tokio::spawn(receive(replies, Arc::clone(&pending)));
        tokio::spawn(send(channel, queue, exchange.request.clone().into()));
        Ok(Self { pending, outgoing, next: Arc::default(), reply_bytes: exchange.reply.len() })
    }
}

impl Caller for Echo {
    async fn call(&mut self) -> anyhow::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
        self.outgoing.send(number).context("the connection has ended")?;
        let size = tokio::time::timeout(REPLY_TIMEOUT, reply).await.context("no echo in time")??;
        ensure!(size == self.reply_bytes, "an echo of {size} bytes");
        Ok(())
    }
}

async fn receive(mut replies: Consumer, pending: Pending) {
    while let Some(Ok(message)) = replies.next().await {
        let number = message.properties.correlation_id().as_ref().and_then(|id| id.as_str().parse().ok());
        let caller = number
            .and_then(|number: u64| pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&number));
        if let Some(caller) = caller {
            let _ = caller.send(message.data.len());
        }
    }
    // Callers that still wait get an error.
    pending.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Publishes in order and does not wait for confirms before the next message, as the bus of the gateway does.
async fn send(channel: Channel, mut queue: mpsc::UnboundedReceiver<u64>, payload: Arc<[u8]>) {
    let mut in_flight = FuturesUnordered::new();
    loop {
        tokio::select! {
            number = queue.recv() => match number {
                Some(number) => {
                    let submitted = submit(&channel, number, Arc::clone(&payload)).await;
                    in_flight.push(submitted);
                }
                None => return,
            },
            Some(confirmation) = in_flight.next() => match confirmation {
                Ok(Confirmation::Ack(None)) => {}
                refused => {
                    eprintln!("the broker refused an echo: {refused:?}");
                    return;
                }
            },
        }
    }
}

type InFlight = Pin<Box<dyn Future<Output = lapin::Result<Confirmation>> + Send>>;

async fn submit(channel: &Channel, number: u64, payload: Arc<[u8]>) -> InFlight {
    let channel = channel.clone();
    let mut in_flight: InFlight = Box::pin(async move {
        let id = ShortString::from(number.to_string());
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(TRANSIENT)
            .with_message_id(id.clone())
            .with_correlation_id(id)
            .with_reply_to(DIRECT_REPLY.into())
            .with_expiration(REPLY_TIMEOUT.as_millis().to_string().into());
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        channel.basic_publish(EXCHANGE.into(), KEY.into(), options, &payload, properties).await?.await
    });
    match futures_util::poll!(&mut in_flight) {
        Poll::Ready(confirmation) => Box::pin(std::future::ready(confirmation)),
        Poll::Pending => in_flight,
    }
}

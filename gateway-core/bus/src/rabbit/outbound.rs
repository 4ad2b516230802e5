//! The connection that publishes requests, replies, events and nudges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _};
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Connection, Event};
use tokio_util::sync::CancellationToken;

use super::events::EventPublisher;
use super::fault::{Fault, closes_channel_only};
use super::message_limit;
use super::requester::Requester;
use super::supervisor::Session;
use super::topology;

/// A session of the publishing connection.
pub(super) struct Outbound {
    connection: Connection,
    pub(super) requester: Requester,
    pub(super) events: EventPublisher,
    /// The channel without confirms, for replies and nudges.
    unconfirmed: Channel,
    /// The largest message that the broker takes.
    message_limit: usize,
    blocked: Arc<AtomicBool>,
    broken: CancellationToken,
}

#[async_trait]
impl Session for Outbound {
    const NAME: &'static str = "outbound";
    type Context = ();

    async fn open(connection: Connection, (): ()) -> Result<Self, Fault> {
        let broken = CancellationToken::new();
        let blocked = Arc::new(AtomicBool::new(false));
        tokio::spawn(watch(connection.events_listener(), Arc::clone(&blocked), broken.clone()));
        let unconfirmed = connection.create_channel().await?;
        topology::declare_exchanges(&unconfirmed).await?;
        let message_limit = message_limit::find(&connection).await?;
        let events = EventPublisher::open(&connection).await?;
        let requester = Requester::open(&connection, broken.clone()).await?;
        Ok(Self { connection, requester, events, unconfirmed, message_limit, blocked, broken })
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn broken(&self) -> &CancellationToken {
        &self.broken
    }

    fn abandon(&self) {
        self.requester.abandon();
    }
}

impl Outbound {
    /// Returns whether the broker blocks publishers for lack of memory or disk. Messages would pile up in this process.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Returns the largest message that the broker takes.
    pub(super) fn message_limit(&self) -> usize {
        self.message_limit
    }

    /// Publishes without a confirm. An error means only that the connection is lost.
    pub(super) async fn send(
        &self,
        exchange: &'static str,
        routing_key: ShortString,
        properties: BasicProperties,
        payload: &[u8],
    ) -> lapin::Result<()> {
        let options = BasicPublishOptions::default();
        let sent =
            self.unconfirmed.basic_publish(exchange.into(), routing_key, options, payload, properties).await;
        if sent.is_err() {
            self.broken.cancel();
        }
        // On a channel without confirms this returns at once.
        sent?.await.map(drop)
    }
}

async fn watch(
    events: impl Stream<Item = Event> + Send,
    blocked: Arc<AtomicBool>,
    broken: CancellationToken,
) {
    tokio::pin!(events);
    while let Some(Some(event)) = broken.run_until_cancelled(events.next()).await {
        match event {
            Event::ConnectionBlocked(reason) => {
                tracing::warn!(reason, "the message broker blocks publishers");
                blocked.store(true, Ordering::Relaxed);
            }
            Event::ConnectionUnblocked => {
                tracing::info!("the message broker accepts messages again");
                blocked.store(false, Ordering::Relaxed);
            }
            // Each channel has an owner that notices its end.
            Event::Error(error) if closes_channel_only(&error) => {}
            Event::Error(_) => broken.cancel(),
            _ => {}
        }
    }
}

//! The connection that publishes requests, replies, events and nudges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _};
use lapin::{Connection, Event};
use tokio_util::sync::CancellationToken;

use super::fault::{Fault, ends_channel_only};
use super::message_limit;
use super::publisher::Publisher;
use super::requester::Requester;
use super::supervisor::Session;

/// A session of the publishing connection.
pub(super) struct Outbound {
    connection: Connection,
    pub(super) requester: Requester,
    // A channel for each, so that the end of one delays no other.
    pub(super) replies: Publisher,
    pub(super) events: Publisher,
    pub(super) nudges: Publisher,
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
        let message_limit = message_limit::find(&connection).await?;
        let replies = Publisher::open(&connection, "replies").await?;
        let events = Publisher::open(&connection, "events").await?;
        let nudges = Publisher::open(&connection, "nudges").await?;
        let requester = Requester::open(&connection, broken.clone()).await?;
        Ok(Self { connection, requester, replies, events, nudges, message_limit, blocked, broken })
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
            Event::Error(error) if ends_channel_only(&error) => {}
            Event::Error(_) => broken.cancel(),
            _ => {}
        }
    }
}

//! The connection that consumes requests, events and nudges.

use async_trait::async_trait;
use futures_util::StreamExt as _;
use lapin::options::BasicConsumeOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Connection, Consumer};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::supervisor::Session;
use super::topology::{self, NUDGES};
use crate::nudge::Nudge;

/// A session of the consuming connection.
pub(super) struct Inbound {
    connection: Connection,
    broken: CancellationToken,
}

/// The receiver of other processes' nudges.
#[derive(Clone)]
pub(super) struct NudgeSink {
    pub(super) receivers: broadcast::Sender<Nudge>,
    /// The id of this process, whose own nudges are delivered without the broker.
    pub(super) own: ShortString,
}

#[async_trait]
impl Session for Inbound {
    const NAME: &'static str = "inbound";
    type Context = NudgeSink;

    async fn open(connection: Connection, sink: NudgeSink) -> Result<Self, Fault> {
        let broken = CancellationToken::new();
        let channel = connection.create_channel().await?;
        topology::declare_exchanges(&channel).await?;
        let queue = topology::declare_own_queue(&channel).await?;
        topology::bind(&channel, queue.clone(), NUDGES, "").await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let nudges =
            channel.basic_consume(queue, ShortString::default(), no_ack, FieldTable::default()).await?;
        tokio::spawn(listen(nudges, sink, broken.clone()));
        Ok(Self { connection, broken })
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn broken(&self) -> &CancellationToken {
        &self.broken
    }

    fn abandon(&self) {}
}

/// Passes nudges on. The consumer ends with the connection, which reveals the loss.
async fn listen(mut nudges: Consumer, sink: NudgeSink, broken: CancellationToken) {
    while let Some(Ok(delivery)) = nudges.next().await {
        if delivery.properties.app_id().as_ref() == Some(&sink.own) {
            continue;
        }
        let nudges = serde_json::from_slice::<Vec<Value>>(&delivery.data).unwrap_or_default();
        // An unknown nudge is of a later version.
        for nudge in nudges.into_iter().filter_map(|nudge| serde_json::from_value(nudge).ok()) {
            let _ = sink.receivers.send(nudge);
        }
    }
    broken.cancel();
}

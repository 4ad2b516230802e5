//! The connection that consumes requests, events and nudges.

use std::sync::Arc;
use std::time::Duration;

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
use crate::instruments;
use crate::nudge::Nudge;

/// The wait before a channel is opened again. A longer wait loses more nudges; a shorter one costs more if it is closed again
/// and again.
const REOPEN_PAUSE: Duration = Duration::from_millis(100);

/// A session of the consuming connection.
pub(super) struct Inbound {
    connection: Arc<Connection>,
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
        let (connection, broken) = (Arc::new(connection), CancellationToken::new());
        let nudges = consume(&connection).await?;
        tokio::spawn(listen(Arc::clone(&connection), nudges, sink, broken.clone()));
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

/// Starts to consume nudges on a channel of their own.
async fn consume(connection: &Connection) -> Result<Consumer, Fault> {
    let channel = connection.create_channel().await?;
    topology::declare_exchanges(&channel).await?;
    let queue = topology::declare_own_queue(&channel).await?;
    topology::bind(&channel, queue.clone(), NUDGES, "").await?;
    let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    Ok(channel.basic_consume(queue, ShortString::default(), no_ack, FieldTable::default()).await?)
}

/// Passes nudges on, whatever happens to the channel. The consumer ends with the connection too, which reveals the loss.
async fn listen(
    connection: Arc<Connection>,
    mut nudges: Consumer,
    sink: NudgeSink,
    broken: CancellationToken,
) {
    loop {
        pass_on(nudges, &sink).await;
        match consume_again(&connection).await {
            Some(opened) => nudges = opened,
            None => break,
        }
    }
    broken.cancel();
}

/// Consumes nudges again after the end of their channel; `None` if the connection is lost or the broker refuses for good.
async fn consume_again(connection: &Connection) -> Option<Consumer> {
    while connection.status().connected() {
        tokio::time::sleep(REOPEN_PAUSE).await;
        match consume(connection).await {
            Ok(consumer) => {
                instruments::channel_reopened("nudges_received");
                return Some(consumer);
            }
            Err(fault) if fault.is_lasting() => return None,
            Err(_) => {}
        }
    }
    None
}

async fn pass_on(mut nudges: Consumer, sink: &NudgeSink) {
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
}

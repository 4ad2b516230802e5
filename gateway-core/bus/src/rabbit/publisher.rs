//! Publication with confirms, whatever happens to the channel.
//!
//! The broker closes a channel because of a single message, such as one to an exchange that is gone, and drops the other
//! messages on it. Only confirms tell which messages it took, so that the others can be published again.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lapin::{Channel, ChannelStatus, Confirmation, Connection};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::fault::{Fault, ends_channel_only};
use super::submission::{Message, confirming, submit};
use crate::instruments;

/// The longest wait for confirms. A longer wait tolerates a slower disk; a shorter one detects a broker without disk space
/// or majority sooner.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);

/// The time after which the confirms of a channel that has ended are given up. lapin never ends the wait for a message that
/// was submitted at the very moment of the end. A longer time repeats fewer messages whose confirm is only late; a shorter
/// one publishes the others sooner.
const AFTER_END: Duration = Duration::from_millis(50);

/// The attempts at a message that is refused. With more, a queue in trouble has longer to recover; with fewer, other
/// messages of the same call wait less behind it.
const ATTEMPTS: u32 = 3;

/// The wait before the last attempt. A longer wait helps a queue in trouble; a shorter one delays other messages less.
const PAUSE: Duration = Duration::from_millis(200);

/// Publishes messages of one type on a channel, which is opened again when it was closed.
pub(super) struct Publisher {
    /// The name in metrics.
    name: &'static str,
    /// The channel, locked while messages are submitted, but not while they wait for confirms.
    channel: Mutex<Channel>,
}

/// A message that the broker refuses, although it is alone on its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusedMessage {
    pub(super) id: Uuid,
    pub(super) reason: String,
}

/// The lack of confirms: the connection is lost, or the broker does not answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unconfirmed {
    /// The messages that were lost with the connection.
    pub(super) lost: usize,
    pub(super) in_time: bool,
}

impl From<Fault> for Unconfirmed {
    /// A channel that cannot be opened is on a connection that ends.
    fn from(_: Fault) -> Self {
        Self { lost: 0, in_time: true }
    }
}

/// The outcome of one message.
enum Outcome {
    Confirmed,
    /// A queue refused the message, or the broker closed the channel because of it or of another one.
    Refused(String),
    /// The connection was lost.
    Lost,
}

impl Publisher {
    pub(super) async fn open(connection: &Connection, name: &'static str) -> Result<Self, Fault> {
        Ok(Self { name, channel: Mutex::new(confirming(connection).await?) })
    }

    /// Publishes messages in this order, then waits for all confirms. Refused ones are published again, each alone on a
    /// channel. Returns those that are refused then.
    pub(super) async fn publish(
        &self,
        connection: &Connection,
        messages: &[Message],
    ) -> Result<Vec<RefusedMessage>, Unconfirmed> {
        let mut refused = self.publish_together(connection, messages).await?;
        for attempt in 1..ATTEMPTS {
            if attempt > 1 && !refused.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
            refused = publish_alone(connection, messages, refused).await?;
        }
        Ok(refused)
    }

    async fn publish_together(
        &self,
        connection: &Connection,
        messages: &[Message],
    ) -> Result<Vec<RefusedMessage>, Unconfirmed> {
        let mut channel = self.channel.lock().await;
        if !channel.status().connected() {
            *channel = confirming(connection).await?;
            instruments::channel_reopened(self.name);
        }
        let in_flight = submit_all(&channel, messages).await;
        let status = channel.status().clone();
        drop(channel);
        confirmed(&status, in_flight, messages).await
    }
}

/// Publishes refused messages again, on a channel that they share with no others and use one after the other.
async fn publish_alone(
    connection: &Connection,
    messages: &[Message],
    refused: Vec<RefusedMessage>,
) -> Result<Vec<RefusedMessage>, Unconfirmed> {
    let (mut still, mut open) = (Vec::new(), None::<Channel>);
    for refusal in refused {
        let channel = match open.take().filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => confirming(connection).await?,
        };
        let alone: Vec<_> = messages.iter().filter(|message| message.id == refusal.id).cloned().collect();
        let in_flight = submit_all(&channel, &alone).await;
        still.extend(confirmed(channel.status(), in_flight, &alone).await?);
        open = Some(channel);
    }
    Ok(still)
}

type AllInFlight = FuturesUnordered<super::submission::InFlight>;

async fn submit_all(channel: &Channel, messages: &[Message]) -> AllInFlight {
    let in_flight = FuturesUnordered::new();
    for message in messages {
        let submitted = submit(channel, message.clone()).await;
        in_flight.push(submitted);
    }
    in_flight
}

/// Waits for all confirms. Returns the messages that were refused, perhaps because of another one among them.
async fn confirmed(
    channel: &ChannelStatus,
    mut in_flight: AllInFlight,
    messages: &[Message],
) -> Result<Vec<RefusedMessage>, Unconfirmed> {
    let mut open: Vec<_> = messages.iter().map(|message| message.id).collect();
    let (mut refused, mut lost) = (Vec::new(), 0);
    let confirms = async {
        while let Some((id, verdict)) = in_flight.next().await {
            if let Some(index) = open.iter().position(|open| *open == id) {
                open.swap_remove(index);
            }
            match outcome(verdict) {
                Outcome::Confirmed => {}
                Outcome::Refused(reason) => refused.push(RefusedMessage { id, reason }),
                Outcome::Lost => lost += 1,
            }
        }
    };
    let in_time = tokio::select! {
        biased;
        in_time = tokio::time::timeout(CONFIRM_TIMEOUT, confirms) => in_time.is_ok(),
        () = ended(channel) => {
            let reason = || "its channel has ended".to_owned();
            refused.extend(open.into_iter().map(|id| RefusedMessage { id, reason: reason() }));
            true
        }
    };
    if in_time && lost == 0 { Ok(refused) } else { Err(Unconfirmed { lost, in_time }) }
}

/// Waits until a channel has ended, and a little longer.
async fn ended(channel: &ChannelStatus) {
    while channel.connected() {
        tokio::time::sleep(AFTER_END).await;
    }
    tokio::time::sleep(AFTER_END).await;
}

fn outcome(verdict: lapin::Result<Confirmation>) -> Outcome {
    match verdict {
        // A message that no queue wants is confirmed too, because it is not mandatory.
        Ok(confirmation) if confirmation.is_ack() => Outcome::Confirmed,
        Ok(_) => Outcome::Refused("a queue refused it".to_owned()),
        Err(error) if ends_channel_only(&error) => Outcome::Refused(error.to_string()),
        Err(_) => Outcome::Lost,
    }
}

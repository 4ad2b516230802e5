//! The nudges of this process to other processes, merged.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::ShortString;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outbound::Outbound;
use super::submission::Message;
use super::supervisor::{Link, Session as _};
use super::topology::NUDGES;
use crate::nudge::Nudge;

/// Time between two messages with nudges of one process. Longer sends fewer messages to all processes; shorter delays the
/// nudges that come shortly after others less.
const INTERVAL: Duration = Duration::from_millis(50);

/// Longest wait for the confirm of a message. Longer tolerates a slower broker; shorter delays the next nudges less.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);

/// Most nudges in one message, which keeps it far below every limit of a broker.
const MOST_AT_ONCE: usize = 500;

/// The nudges that wait to be sent: each once, in the order in which they came.
#[derive(Default)]
struct Waiting {
    nudges: Vec<Nudge>,
    known: HashSet<Nudge>,
}

/// Sends the nudges of this process to the others: the first at once, those that come within the interval after it
/// together at its end. Equal ones are sent once.
#[derive(Clone)]
pub(super) struct NudgeSender {
    waiting: Arc<Mutex<Waiting>>,
    arrived: Arc<Notify>,
    /// The id of this process.
    own: ShortString,
    outbound: watch::Receiver<Link<Outbound>>,
}

impl NudgeSender {
    pub(super) fn new(own: ShortString, outbound: watch::Receiver<Link<Outbound>>) -> Self {
        Self { waiting: Arc::default(), arrived: Arc::default(), own, outbound }
    }

    /// Adds a nudge to those that are sent next.
    pub(super) fn add(&self, nudge: Nudge) {
        let mut waiting = self.waiting();
        if waiting.known.insert(nudge.clone()) {
            waiting.nudges.push(nudge);
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Sends nudges until `closed`.
    pub(super) async fn run(self, closed: CancellationToken) {
        while closed.run_until_cancelled(self.arrived.notified()).await.is_some() {
            self.send().await;
            if closed.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    /// Sends the nudges that wait. Without a connection they are dropped.
    pub(super) async fn send(&self) {
        for nudges in self.take().chunks(MOST_AT_ONCE) {
            let session = self.outbound.borrow().session().filter(|session| !session.is_blocked());
            if let (Some(session), Ok(payload)) = (session, serde_json::to_vec(nudges)) {
                let message = Message {
                    id: Uuid::nil(),
                    exchange: NUDGES,
                    routing_key: ShortString::default(),
                    mandatory: false,
                    properties: BasicProperties::default().with_app_id(self.own.clone()),
                    payload: payload.into(),
                };
                let messages = [message];
                let sent = session.nudges.publish(session.connection(), &messages);
                // Without a confirm the connection is lost, and nudges may be lost.
                let _ = tokio::time::timeout(CONFIRM_TIMEOUT, sent).await;
            }
        }
    }

    fn take(&self) -> Vec<Nudge> {
        std::mem::take(&mut *self.waiting()).nudges
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics between the two changes.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_nudges_wait_once_and_again_after_they_were_sent() {
        let (_link, outbound) = watch::channel(Link::Connecting);
        let sender = NudgeSender::new("own".into(), outbound);
        for nudge in [Nudge::TargetsDue, Nudge::EventsWaiting, Nudge::TargetsDue] {
            sender.add(nudge);
        }
        assert_eq!(sender.take(), [Nudge::TargetsDue, Nudge::EventsWaiting]);
        sender.add(Nudge::TargetsDue);
        assert_eq!(sender.take(), [Nudge::TargetsDue]);
    }
}

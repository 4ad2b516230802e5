//! The bus port: the interface between the processes and a bus.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::Stream;
use gateway_core::Result;
use gateway_core::id::{EventId, PrincipalId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::envelope::{Envelope, WorkClass};
use crate::error::RequestError;
use crate::nudge::Nudge;
use crate::reply::Reply;
use crate::topic;

/// The delivery of a request to a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The class of its queue.
    pub class: WorkClass,
    /// Whether a handler had the request before and did not finish, with unknown outcome.
    pub redelivered: bool,
    /// The owner of the reply queue, where it has one. Only that principal's requests may be answered there.
    pub reply_owner: Option<PrincipalId>,
}

/// A service that answers requests.
#[async_trait]
pub trait RequestService: Send + Sync {
    /// Answers a request. The bus has checked version and deadline.
    async fn call(&self, envelope: Envelope, delivery: Delivery) -> Reply;
}

/// The requests of each class that may wait for a cloud, for each read in progress. A request that waits costs little
/// memory. With a higher number more of them are in memory when a process dies; with a lower one, requests queue behind
/// those that wait. It must be well above what the service lets wait.
const WAITING: usize = 8;

/// The limits of a consumer.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// The most unacknowledged reads.
    pub prefetch: u16,
    /// The most reads in progress.
    pub concurrency: usize,
}

impl ServeOptions {
    /// Returns the most requests of a class in progress.
    pub fn in_progress(self, class: WorkClass) -> usize {
        let reads = self.concurrency.max(1);
        match class {
            WorkClass::Read => reads,
            WorkClass::Write | WorkClass::Check | WorkClass::Refresh => reads * WAITING,
        }
    }

    /// Returns the most unacknowledged messages of a class. A message of a class that waits for clouds is not fetched before
    /// it can be begun.
    pub(crate) fn prefetch(self, class: WorkClass) -> u16 {
        match class {
            WorkClass::Read => self.prefetch.max(1),
            _ => u16::try_from(self.in_progress(class)).unwrap_or(u16::MAX),
        }
    }
}

/// An event to publish.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The AMQP message id, the same each time that the event is published.
    pub id: EventId,
    /// The routing key, `account.cloud.region.kind.event`.
    pub routing_key: String,
    /// A CloudEvents document in JSON.
    pub body: Vec<u8>,
}

/// An event that the bus cannot take, although it takes others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The event.
    pub id: EventId,
    /// The cause in plain words.
    pub reason: String,
}

impl Refused {
    /// Removes the events that no broker with this limit of bodies takes, and returns them.
    pub(crate) fn remove_from(events: &mut Vec<Publication>, limit: usize) -> Vec<Self> {
        let mut refused = Vec::new();
        events.retain(|event| {
            let bytes = event.body.len();
            let reason = match topic::check(&event.routing_key) {
                Err(error) => Some(error.to_string()),
                Ok(()) if bytes > limit => Some(format!("{bytes} bytes exceed the limit of {limit} bytes")),
                Ok(()) => None,
            };
            let fits = reason.is_none();
            refused.extend(reason.map(|reason| Self { id: event.id, reason }));
            fits
        });
        refused
    }
}

/// A stream of events.
pub type EventStream = Pin<Box<dyn Stream<Item = Publication> + Send>>;

/// A bus. Every method may be called at any time, connected or not.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends a request and waits for its reply until the envelope's deadline.
    ///
    /// # Errors
    /// A [`RequestError`]; without a connection `NoBroker` at once.
    async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError>;

    /// Answers requests of every work class until `stop`, then finishes those in progress and returns.
    ///
    /// A request whose deadline has passed is dropped. A request that cannot be read is answered with 400, if it has a
    /// reply address, and is not redelivered. Reads are redelivered at most once, writes up to the delivery limit. If the
    /// broker is lost, this waits for it.
    ///
    /// # Errors
    /// Lasting faults only: a broker that refuses our credentials or topology.
    async fn serve(
        &self,
        service: Arc<dyn RequestService>,
        options: ServeOptions,
        stop: CancellationToken,
    ) -> Result<()>;

    /// Publishes events in this order. `Ok` means that the broker has confirmed every event but those returned, which it
    /// refused alone and would refuse again.
    ///
    /// # Errors
    /// Unavailable; some or all events may have been published and are to be published again.
    async fn publish(&self, events: Vec<Publication>) -> Result<Vec<Refused>>;

    /// Returns the largest body of an event that the bus takes now.
    fn max_event_bytes(&self) -> usize;

    /// Subscribes to new events by AMQP topic patterns.
    ///
    /// # Errors
    /// Unavailable without a connection.
    async fn subscribe(&self, patterns: &[String]) -> Result<EventStream>;

    /// Sends a nudge to all processes, including this one, without any guarantee. Equal nudges that follow each other within
    /// a short time may reach other processes as one, which comes after the last of them was sent.
    async fn nudge(&self, nudge: Nudge);

    /// Returns a receiver of new nudges. After a lost connection some are missing.
    fn nudges(&self) -> broadcast::Receiver<Nudge>;

    /// Returns whether requests can be sent now.
    fn is_connected(&self) -> bool;

    /// Closes all connections; pending requests end with `Lost`.
    async fn close(&self);
}

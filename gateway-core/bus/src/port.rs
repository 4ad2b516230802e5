//! What the processes ask of a bus.

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

/// How a request came to the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// From which queue.
    pub class: WorkClass,
    /// A handler had it before and did not finish: what it did is not known.
    pub redelivered: bool,
    /// The reply goes to a queue of this principal: only its own requests may be answered there.
    pub reply_owner: Option<PrincipalId>,
}

/// What works on requests.
#[async_trait]
pub trait RequestService: Send + Sync {
    /// Answers one request. The bus has checked version and deadline.
    async fn call(&self, envelope: Envelope, delivery: Delivery) -> Reply;
}

/// How much a consumer takes.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Messages that are held unanswered, per work class.
    pub prefetch: u16,
    /// Requests worked on at once, over all work classes.
    pub concurrency: usize,
}

/// One event to publish.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The AMQP message id; the same each time the event is published.
    pub id: EventId,
    /// `account.cloud.region.kind.event`.
    pub routing_key: String,
    /// A CloudEvents document in JSON.
    pub body: Vec<u8>,
}

/// Events as they come.
pub type EventStream = Pin<Box<dyn Stream<Item = Publication> + Send>>;

/// The bus. Every method may be called at any time, connected or not.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends a request and waits for its reply, until the envelope's deadline at most.
    ///
    /// # Errors
    /// The [`RequestError`]; without a connection it is `NoBroker` at once.
    async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError>;

    /// Answers requests of every work class until `stop`, then finishes those in hand and returns.
    ///
    /// A request whose deadline has passed is dropped. One that cannot be read is answered 400 if it says
    /// where to, and never comes back. Reads are redelivered once at most; writes up to the delivery limit.
    /// A lost broker is waited for.
    ///
    /// # Errors
    /// Only what will not heal: a broker that refuses our credentials or topology.
    async fn serve(
        &self,
        service: Arc<dyn RequestService>,
        options: ServeOptions,
        stop: CancellationToken,
    ) -> Result<()>;

    /// Publishes events in this order; `Ok` means that the broker has confirmed every one.
    ///
    /// # Errors
    /// Unavailable: some or all may have been published; publish them again.
    async fn publish(&self, events: Vec<Publication>) -> Result<()>;

    /// Follows events by AMQP topic patterns, from now on.
    ///
    /// # Errors
    /// Unavailable without a connection.
    async fn subscribe(&self, patterns: &[String]) -> Result<EventStream>;

    /// Tells all processes, this one included; best effort.
    async fn nudge(&self, nudge: Nudge);

    /// Nudges from now on. After a lost connection some are missing.
    fn nudges(&self) -> broadcast::Receiver<Nudge>;

    /// Whether requests can be sent now.
    fn is_connected(&self) -> bool;

    /// Closes connections; pending requests end as `Lost`.
    async fn close(&self);
}

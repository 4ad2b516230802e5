//! The bus over RabbitMQ.
//!
//! Each direction has a supervised connection of its own, so that a broker that stops reading our publications does not stop
//! our acks. A lost connection is opened again with its topology; meanwhile requests fail at once and consumers wait. Each use
//! has a channel of its own, which is opened again if the broker closes it alone.

mod address;
mod consumer;
mod events;
mod fault;
mod handling;
mod inbound;
mod message_limit;
mod nudge_sender;
mod outbound;
mod pending;
mod publisher;
mod reply_address;
mod requester;
mod submission;
mod supervisor;
mod topology;

use std::sync::Arc;

use async_trait::async_trait;
use gateway_core::config::Bus as BusConfig;
use gateway_core::{Clock, Error, Result};
use lapin::types::ShortString;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::admission::Admission;
use crate::envelope::{Envelope, WorkClass};
use crate::error::RequestError;
use crate::instruments;
use crate::limit::MAX_REPLY;
use crate::nudge::{BACKLOG, Nudge};
use crate::port::{Bus, EventStream, Publication, Refused, RequestService, ServeOptions};
use crate::reply::Reply;
use crate::topic;
use address::Address;
use consumer::Server;
use handling::Handling;
use inbound::{Inbound, NudgeSink};
use nudge_sender::NudgeSender;
use outbound::Outbound;
use supervisor::{Link, Session as _, supervise};

/// The bus over a broker. Dropping it closes its connections.
pub struct RabbitBus {
    clock: Arc<dyn Clock>,
    outbound: watch::Receiver<Link<Outbound>>,
    inbound: watch::Receiver<Link<Inbound>>,
    nudges: broadcast::Sender<Nudge>,
    nudge_sender: NudgeSender,
    closed: CancellationToken,
    supervisors: TaskTracker,
    _close_on_drop: DropGuard,
}

impl RabbitBus {
    /// Starts connecting and returns after the first attempt. Further attempts run in the background.
    ///
    /// # Errors
    /// Invalid, for a malformed URL or an authority file that cannot be read.
    pub async fn connect(config: &BusConfig, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let address = Arc::new(Address::parse(config)?);
        let nudges = broadcast::Sender::new(BACKLOG);
        let own = ShortString::from(Uuid::new_v4().to_string());
        let sink = NudgeSink { receivers: nudges.clone(), own: own.clone() };
        let (outbound_up, mut outbound) = watch::channel(Link::Connecting);
        let nudge_sender = NudgeSender::new(own, outbound.clone());
        let (inbound_up, mut inbound) = watch::channel(Link::Connecting);
        let closed = CancellationToken::new();
        let supervisors = TaskTracker::new();
        supervisors.spawn(supervise::<Outbound>(Arc::clone(&address), (), outbound_up, closed.clone()));
        supervisors.spawn(supervise::<Inbound>(address, sink, inbound_up, closed.clone()));
        supervisors.spawn(nudge_sender.clone().run(closed.clone()));
        // The senders live as long as the supervisors, which end only after `closed` is cancelled.
        let _ = outbound.wait_for(|link| !matches!(link, Link::Connecting)).await;
        let _ = inbound.wait_for(|link| !matches!(link, Link::Connecting)).await;
        Ok(Arc::new(Self {
            clock,
            outbound,
            inbound,
            nudges,
            nudge_sender,
            _close_on_drop: closed.clone().drop_guard(),
            closed,
            supervisors,
        }))
    }

    /// Returns the session to publish with, unless the broker blocks publishers.
    fn publishing(&self) -> Option<Arc<Outbound>> {
        self.outbound.borrow().session().filter(|session| !session.is_blocked())
    }

    async fn exchange(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        let session = self.publishing().ok_or(RequestError::NoBroker)?;
        let remaining = envelope.deadline.since(self.clock.now());
        if remaining.is_zero() {
            return Err(RequestError::Timeout);
        }
        let (requester, limit) = (&session.requester, session.message_limit());
        requester.request(session.connection(), class, &envelope, remaining, limit).await
    }
}

#[async_trait]
impl Bus for RabbitBus {
    async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        instruments::request(class, self.exchange(class, envelope)).await
    }

    async fn serve(
        &self,
        service: Arc<dyn RequestService>,
        options: ServeOptions,
        stop: CancellationToken,
    ) -> Result<()> {
        let handling = Handling { service, outbound: self.outbound.clone(), clock: Arc::clone(&self.clock) };
        let server = Server {
            handling: Arc::new(handling),
            admission: Admission::new(options),
            options,
            tasks: TaskTracker::new(),
        };
        let until = stop.child_token();
        let run = server.run(&self.inbound, &until);
        tokio::pin!(run);
        tokio::select! {
            served = &mut run => served,
            () = self.closed.cancelled() => {
                until.cancel();
                run.await
            }
        }
    }

    async fn publish(&self, mut events: Vec<Publication>) -> Result<Vec<Refused>> {
        let session = self.publishing().ok_or_else(unreachable_broker)?;
        let mut refused = Refused::remove_from(&mut events, session.message_limit());
        refused.extend(events::publish(&session.events, session.connection(), events).await?);
        Ok(refused)
    }

    fn max_event_bytes(&self) -> usize {
        self.publishing().map_or(MAX_REPLY, |session| session.message_limit().min(MAX_REPLY))
    }

    async fn subscribe(&self, patterns: &[String]) -> Result<EventStream> {
        for pattern in patterns {
            topic::check(pattern)?;
        }
        let session = self.inbound.borrow().session();
        let session = session.ok_or_else(unreachable_broker)?;
        match events::subscribe(session.connection(), patterns).await {
            Ok(events) => Ok(Box::pin(events)),
            Err(fault) => Err(fault.to_error()),
        }
    }

    async fn nudge(&self, nudge: Nudge) {
        self.nudge_sender.add(nudge.clone());
        // Receivers of this process need no broker. Without a receiver the nudge is not needed.
        let _ = self.nudges.send(nudge);
    }

    fn nudges(&self) -> broadcast::Receiver<Nudge> {
        self.nudges.subscribe()
    }

    fn is_connected(&self) -> bool {
        self.publishing().is_some()
    }

    async fn close(&self) {
        self.nudge_sender.send().await;
        self.closed.cancel();
        self.supervisors.close();
        self.supervisors.wait().await;
    }
}

fn unreachable_broker() -> Error {
    Error::unavailable("the message broker cannot be reached")
}

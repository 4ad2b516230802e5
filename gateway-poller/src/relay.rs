//! The relay: numbers the events of the outbox, publishes them with confirms, and removes old ones.

mod backlog;
mod leadership;
mod publisher;
mod purge;
mod waves;

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::{Bus, Nudge};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::ProcessId;
use gateway_core::{config, crash};
use gateway_sessions::CloudCache;
use gateway_store::Store;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::failures::ConsecutiveFailures;
use crate::instruments;
use backlog::Backlog;
use leadership::Leadership;
use publisher::Publisher;
use purge::Purge;
use waves::waves;

/// Wait of a relay that does not lead, before it tries to. Shorter takes over sooner; longer asks the database less.
const FOLLOWING: Duration = Duration::from_secs(1);

/// Parts of a relay, from the composition root.
pub struct RelayParts {
    /// The store.
    pub store: Store,
    /// The bus, for events and nudges.
    pub bus: Arc<dyn Bus>,
    /// Batch size, lease and idle time.
    pub config: config::Relay,
    /// The owner of this process's leases.
    pub process: ProcessId,
}

/// Publishes events while it leads. Any number may run; one leads.
pub struct Relay {
    store: Store,
    bus: Arc<dyn Bus>,
    config: config::Relay,
    process: ProcessId,
    publisher: Publisher,
    leadership: Option<Leadership>,
    failures: ConsecutiveFailures,
    backlog: Backlog,
}

/// The result of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Everything is published, or the process stops.
    Done,
    /// Events wait, and another relay leads.
    Following,
}

impl Relay {
    /// Returns an idle relay.
    pub fn new(parts: RelayParts) -> Self {
        let RelayParts { store, bus, config, process } = parts;
        let publisher = Publisher::new(Arc::clone(&bus), CloudCache::new(store.clone()));
        let failures = ConsecutiveFailures::new("relaying events");
        Self {
            store,
            bus,
            config,
            process,
            publisher,
            leadership: None,
            failures,
            backlog: Backlog::default(),
        }
    }

    /// Publishes until `stop`; then finishes the batch under way and resigns.
    pub async fn run(self, stop: CancellationToken) {
        let purge = Purge::new(self.store.clone(), Duration::from_secs(self.config.keep_hours * 3600));
        tokio::join!(self.relay(&stop), purge.run(stop.clone()));
    }

    async fn relay(mut self, stop: &CancellationToken) {
        let mut nudges = self.bus.nudges();
        while !stop.is_cancelled() {
            let wait = match self.turn(stop).await {
                Ok(turn) => {
                    self.failures.clear();
                    match turn {
                        Turn::Done => Duration::from_millis(self.config.idle_milliseconds),
                        Turn::Following => FOLLOWING,
                    }
                }
                Err(error) if error.kind() == ErrorKind::LeaseLost => {
                    tracing::info!("another relay leads now");
                    instruments::relay_leads(false);
                    self.leadership = None;
                    FOLLOWING
                }
                Err(error) => self.failures.record(&error),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = events_waiting(&mut nudges) => {}
                () = sleep(wait) => {}
            }
        }
        if let Some(leadership) = self.leadership.take() {
            leadership.resign().await;
        }
    }

    /// Publishes all waiting events, once; returns whether none waits any more. For tests.
    ///
    /// # Errors
    /// Unavailable without database or broker; `LeaseLost` if another relay took over.
    pub async fn publish_due(&mut self) -> Result<bool> {
        let stop = CancellationToken::new();
        Ok(self.turn(&stop).await? == Turn::Done)
    }

    async fn turn(&mut self, stop: &CancellationToken) -> Result<Turn> {
        // A read: an idle relay writes nothing, not even its lease.
        if !self.store.relay_has_work().await? {
            self.backlog.clear();
            return Ok(Turn::Done);
        }
        let duration = Duration::from_secs(self.config.lease_seconds);
        // An expired leadership is taken anew: another relay may have led in between.
        let mut leadership = match self.leadership.take().filter(|leadership| !leadership.left().is_zero()) {
            Some(leadership) => leadership,
            None => match Leadership::take(&self.store, self.process, duration).await? {
                Some(leadership) => leadership,
                None => return Ok(Turn::Following),
            },
        };
        let published = self.publish_batches(&mut leadership, stop).await;
        match &published {
            Ok(()) => {
                instruments::relay_leads(true);
                self.leadership = Some(leadership);
            }
            Err(error) if error.kind() == ErrorKind::LeaseLost => {}
            // Another process may reach a server that this one does not.
            Err(_) => {
                instruments::relay_leads(false);
                leadership.resign().await;
            }
        }
        published.map(|()| Turn::Done)
    }

    async fn publish_batches(&mut self, leadership: &mut Leadership, stop: &CancellationToken) -> Result<()> {
        while !stop.is_cancelled() && self.publish_batch(leadership, stop).await? {}
        Ok(())
    }

    /// Numbers and publishes one batch; returns whether there may be another.
    async fn publish_batch(&mut self, leadership: &mut Leadership, stop: &CancellationToken) -> Result<bool> {
        leadership.keep().await?;
        self.backlog.measure(&self.store).await?;
        let limit = i64::try_from(self.config.batch).unwrap_or(i64::MAX);
        let numbered = self.store.relay_number(leadership.epoch(), limit).await?;
        instruments::events_numbered(numbered.count);
        crash::point("relay.numbered");
        let batch = self.store.relay_batch(leadership.published, limit).await?;
        let Some(last) = batch.last().and_then(|event| event.position) else {
            return Ok(numbered.count > 0);
        };
        let (count, oldest) = (batch.len(), batch.iter().map(|event| event.at).min().unwrap_or_default());
        for wave in waves(batch) {
            self.publisher.publish(leadership, &wave, stop).await?;
            crash::point("relay.published");
        }
        crash::point("relay.before_mark");
        self.store.relay_published(leadership.epoch(), last).await?;
        leadership.published = last;
        instruments::events_published(count, self.store.now().await?.since(oldest));
        Ok(true)
    }
}

/// Waits for a nudge that events wait.
async fn events_waiting(nudges: &mut Receiver<Nudge>) {
    loop {
        match nudges.recv().await {
            // A missed nudge may have been one.
            Ok(Nudge::EventsWaiting) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

//! The relay: numbers what the outbox holds, publishes it with confirms, and removes what is old.

mod document;
mod leadership;
mod purge;
mod waves;

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::{Bus, Nudge, Publication};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::ProcessId;
use gateway_core::{Clock, config, crash};
use gateway_store::{Store, StoredEvent};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::trouble::Trouble;
use gateway_sessions::CloudCache;
use leadership::Leader;
use purge::Purge;
use waves::waves;

/// How often a relay that does not lead looks whether it may.
const FOLLOWING: Duration = Duration::from_secs(1);

/// How long a leader waits for its broker before it lets another process try. Longer keeps records in step
/// without repeating events; shorter helps where only this process is cut off.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a relay is made of.
pub struct RelayParts {
    /// The store.
    pub store: Store,
    /// Where events go, and who says that some wait.
    pub bus: Arc<dyn Bus>,
    /// Where the jitter of retries is drawn from.
    pub clock: Arc<dyn Clock>,
    /// How much, how often.
    pub config: config::Relay,
    /// This process, as leases know it.
    pub process: ProcessId,
}

/// Publishes events while it leads. Any number may run; one leads.
pub struct Relay {
    store: Store,
    bus: Arc<dyn Bus>,
    config: config::Relay,
    process: ProcessId,
    clouds: CloudCache,
    leader: Option<Leader>,
    broker: Trouble,
    database: Trouble,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Everything is published, or the process stops.
    Done,
    /// Something waits, and another relay leads.
    Following,
}

impl Relay {
    /// A relay that does nothing yet.
    pub fn new(parts: RelayParts) -> Self {
        let RelayParts { store, bus, clock, config, process } = parts;
        let seed = process.0.as_u64_pair().1 ^ clock.now().0.unsigned_abs();
        let broker = Trouble::new("publishing events", seed);
        let database = Trouble::new("relaying events", seed);
        let clouds = CloudCache::new(store.clone());
        Self { store, bus, config, process, clouds, leader: None, broker, database }
    }

    /// Publishes until `stop`; then finishes the batch in hand and resigns.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut nudges = self.bus.nudges();
        let mut purge = Purge::new(self.store.clone(), Duration::from_secs(self.config.keep_hours * 3600));
        while !stop.is_cancelled() {
            let wait = match self.turn(&stop).await {
                Ok(turn) => {
                    self.database.over();
                    purge.turn(&stop).await;
                    match turn {
                        Turn::Done => Duration::from_millis(self.config.idle_milliseconds),
                        Turn::Following => FOLLOWING,
                    }
                }
                // What was in hand is somebody else's: look again as anybody would.
                Err(error) if error.kind() == ErrorKind::LeaseLost => {
                    tracing::info!("another relay leads by now");
                    self.leader = None;
                    FOLLOWING
                }
                Err(error) => self.database.met(&error),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = events_wait(&mut nudges) => {}
                () = sleep(wait) => {}
            }
        }
        if let Some(leader) = self.leader.take() {
            leader.resign().await;
        }
    }

    /// Publishes everything that waits now, once: one turn, for tests. Returns whether nothing waits any more.
    ///
    /// # Errors
    /// Unavailable without database or broker; `LeaseLost` when another relay took over.
    pub async fn publish_due(&mut self) -> Result<bool> {
        let stop = CancellationToken::new();
        Ok(self.turn(&stop).await? == Turn::Done)
    }

    async fn turn(&mut self, stop: &CancellationToken) -> Result<Turn> {
        // Only reads: an idle relay writes nothing, not even its lease.
        if !self.store.relay_has_work().await? {
            return Ok(Turn::Done);
        }
        let life = Duration::from_secs(self.config.lease_seconds);
        // One that lapsed while nothing waited is taken anew: another may have led in between.
        let mut leader = match self.leader.take().filter(|leader| !leader.left().is_zero()) {
            Some(leader) => leader,
            None => match Leader::take(&self.store, self.process, life).await? {
                Some(leader) => leader,
                None => return Ok(Turn::Following),
            },
        };
        let published = self.batches(&mut leader, stop).await;
        match &published {
            Ok(()) => self.leader = Some(leader),
            Err(error) if error.kind() == ErrorKind::LeaseLost => {}
            // Another process may reach what we do not.
            Err(_) => leader.resign().await,
        }
        published.map(|()| Turn::Done)
    }

    async fn batches(&mut self, leader: &mut Leader, stop: &CancellationToken) -> Result<()> {
        while !stop.is_cancelled() && self.batch(leader, stop).await? {}
        Ok(())
    }

    /// Numbers and publishes one batch; returns whether there may be another.
    async fn batch(&mut self, leader: &mut Leader, stop: &CancellationToken) -> Result<bool> {
        leader.keep().await?;
        let limit = i64::try_from(self.config.batch).unwrap_or(i64::MAX);
        let numbered = self.store.relay_number(leader.epoch(), limit).await?;
        crash::point("relay.numbered");
        let batch = self.store.relay_batch(leader.published, limit).await?;
        let Some(last) = batch.last().and_then(|event| event.position) else {
            return Ok(numbered.count > 0);
        };
        for wave in waves(batch) {
            self.publish(leader, wave, stop).await?;
            crash::point("relay.published");
        }
        crash::point("relay.before_mark");
        self.store.relay_published(leader.epoch(), last).await?;
        leader.published = last;
        Ok(true)
    }

    /// Publishes one wave, and waits for its confirms no longer than the leadership lasts.
    async fn publish(
        &mut self,
        leader: &mut Leader,
        wave: Vec<StoredEvent>,
        stop: &CancellationToken,
    ) -> Result<()> {
        let mut publications = Vec::with_capacity(wave.len());
        for event in &wave {
            publications.extend(self.publication(event).await?);
        }
        let gives_up = Instant::now() + PATIENCE;
        loop {
            leader.keep().await?;
            let late = || Error::unavailable("the broker did not confirm in time");
            let confirmed = timeout(leader.left(), self.bus.publish(publications.clone())).await;
            match confirmed.unwrap_or_else(|_| Err(late())) {
                Ok(()) => {
                    self.broker.over();
                    return Ok(());
                }
                // The waves before are confirmed: going on with this one keeps every record's order.
                Err(error) => {
                    let wait = self.broker.met(&error);
                    let is_hopeless = error.kind() != ErrorKind::Unavailable || Instant::now() > gives_up;
                    if is_hopeless || stop.run_until_cancelled(sleep(wait)).await.is_none() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The message; `None` for an event that cannot be rendered, so that one does not stop all others.
    async fn publication(&self, event: &StoredEvent) -> Result<Option<Publication>> {
        let cloud = match self.clouds.get(event.cloud).await {
            Ok(cloud) => cloud.spec.name.clone(),
            Err(error) if error.kind() == ErrorKind::NotFound => event.cloud.to_string(),
            Err(error) => return Err(error),
        };
        match document::publication(event, &cloud) {
            Ok(publication) => Ok(Some(publication)),
            Err(error) => {
                tracing::error!(event = %event.id, error = %error.chain(), "an event cannot be published");
                Ok(None)
            }
        }
    }
}

/// Returns when somebody says that events wait.
async fn events_wait(nudges: &mut Receiver<Nudge>) {
    loop {
        match nudges.recv().await {
            // What was missed may have been it.
            Ok(Nudge::EventsWaiting) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

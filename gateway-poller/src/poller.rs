//! The poller: schedule and verification side by side.

use std::sync::Arc;

use futures_util::future::join_all;
use gateway_bus::Bus;
use gateway_core::driver::{Drivers, SkewWatch};
use gateway_core::error::Result;
use gateway_core::id::ProcessId;
use gateway_core::{Clock, config};
use gateway_store::{Capacity, Claim, Store, Unlimited};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clocks::Clocks;
use crate::cycle;
use crate::schedule::Schedule;
use crate::verify::Verifier;
use gateway_sessions::{KeyringSource, Pace, Sessions};

/// What a poller is made of.
pub struct PollerParts {
    /// The store.
    pub store: Store,
    /// Where it tells of events that wait, and hears of targets that became due.
    pub bus: Arc<dyn Bus>,
    /// The drivers of this build.
    pub drivers: Drivers,
    /// Opens credentials.
    pub keys: KeyringSource,
    /// The gateway's clock.
    pub clock: Arc<dyn Clock>,
    /// Who watches the clouds' clocks.
    pub skew: Arc<dyn SkewWatch>,
    /// How often, how many.
    pub config: config::Poller,
    /// This process, as leases know it.
    pub process: ProcessId,
}

/// What every listing and verification of this process works with.
pub(crate) struct PollerContext {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: config::Poller,
    pub(crate) sessions: Sessions,
    pub(crate) clocks: Clocks,
    process: ProcessId,
}

impl PollerContext {
    pub(crate) async fn claim(&self, limit: usize, room: impl Capacity + Sync) -> Result<Vec<Claim>> {
        self.store.targets_claim_within(self.process, self.config.lease(), limit, room).await
    }

    /// A number that differs between processes and from moment to moment.
    pub(crate) fn seed(&self) -> u64 {
        self.process.0.as_u64_pair().1 ^ self.clock.now().0.unsigned_abs()
    }
}

/// Keeps the store true for as long as it runs. Any number may run at once, in any number of processes.
pub struct Poller {
    shop: Arc<PollerContext>,
}

impl Poller {
    /// A poller that does nothing yet.
    pub fn new(parts: PollerParts) -> Self {
        let PollerParts { store, bus, drivers, keys, clock, skew, config, process } = parts;
        let clocks = Clocks::new(store.clone(), Arc::clone(&skew));
        let sessions = Sessions::new(store.clone(), drivers, keys, Arc::clone(&clock), skew, Pace::POLLING);
        Self { shop: Arc::new(PollerContext { store, bus, clock, config, sessions, clocks, process }) }
    }

    /// Polls and verifies until `stop`; then finishes or gives back what it has in hand.
    pub async fn run(self, stop: CancellationToken) {
        let schedule = Schedule::new(Arc::clone(&self.shop), stop.clone());
        tokio::join!(schedule.run(), Verifier::new(self.shop).run(stop));
    }

    /// Lists what is due now, once, and returns how many targets that were: one turn, for tests.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn poll_due(&self) -> Result<usize> {
        let claimed = Instant::now();
        let claims = self.shop.claim(self.shop.config.concurrency, Unlimited).await?;
        let stop = CancellationToken::new();
        join_all(claims.iter().map(|claim| cycle::poll(&self.shop, claim, claimed, &stop))).await;
        Ok(claims.len())
    }

    /// Verifies the grants that are due now, once, and returns how many that were: one turn, for tests.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn verify_due(&self) -> Result<usize> {
        Verifier::new(Arc::clone(&self.shop)).turn().await
    }
}

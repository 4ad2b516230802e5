//! The poller of one process: schedule and verification side by side.

use std::sync::Arc;

use futures_util::future::join_all;
use gateway_bus::Bus;
use gateway_core::driver::{Drivers, SkewWatch};
use gateway_core::error::Result;
use gateway_core::id::ProcessId;
use gateway_core::shares::{Breakers, CallCapacity};
use gateway_core::{Clock, config};
use gateway_sessions::{KeyringSource, Pace, Sessions, TokenCache};
use gateway_store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock_report::ClockReport;
use crate::context::PollerContext;
use crate::cycle;
use crate::schedule::Schedule;
use crate::verify::Verifier;

/// Parts of a poller, from the composition root.
pub struct PollerParts {
    /// The store.
    pub store: Store,
    /// The bus, for nudges.
    pub bus: Arc<dyn Bus>,
    /// The drivers of this build.
    pub drivers: Drivers,
    /// The keyring that opens credentials.
    pub keyring: KeyringSource,
    /// The gateway's clock.
    pub clock: Arc<dyn Clock>,
    /// The observer of the clouds' clocks.
    pub skew: Arc<dyn SkewWatch>,
    /// The circuit breakers of the clouds' endpoints, which all parts of the process share.
    pub breakers: Arc<Breakers>,
    /// The tokens of the process.
    pub tokens: Arc<TokenCache>,
    /// Intervals and limits.
    pub config: config::Poller,
    /// The owner of this process's leases.
    pub process: ProcessId,
}

/// Lists due targets and verifies due grants. Any number may run at once, in any number of processes.
pub struct Poller {
    context: Arc<PollerContext>,
}

impl Poller {
    /// Returns an idle poller.
    pub fn new(parts: PollerParts) -> Self {
        let PollerParts { store, bus, drivers, keyring, clock, skew, breakers, tokens, config, process } =
            parts;
        let clock_report = ClockReport::new(store.clone(), Arc::clone(&skew));
        let sessions = Sessions::new(store.clone(), drivers, keyring, clock, skew, Pace::POLLING, tokens);
        let context = PollerContext { store, bus, config, sessions, clock_report, breakers, process };
        Self { context: Arc::new(context) }
    }

    /// Polls and verifies until `stop`; then finishes or releases the targets under lease.
    pub async fn run(self, stop: CancellationToken) {
        let schedule = Schedule::new(Arc::clone(&self.context), stop.clone());
        tokio::join!(schedule.run(), Verifier::new(self.context).run(stop));
    }

    /// Lists the targets that are due now, once, and returns their number. For tests.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn poll_due(&self) -> Result<usize> {
        let claimed = Instant::now();
        let claims = self.context.claim(self.context.config.concurrency, CallCapacity::unlimited()).await?;
        let stop = CancellationToken::new();
        join_all(claims.iter().map(|claim| cycle::poll(&self.context, claim, claimed, &stop))).await;
        Ok(claims.len())
    }

    /// Verifies the grants that are due now, once, and returns their number. For tests.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn verify_due(&self) -> Result<usize> {
        Verifier::new(Arc::clone(&self.context)).verify_due().await
    }
}

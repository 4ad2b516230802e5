//! The schedule: claims due targets while there are slots, and lists them.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Nudge;
use gateway_core::crash;
use gateway_core::error::Result;
use gateway_store::Claim;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::context::PollerContext;
use crate::cycle;
use crate::failures::ConsecutiveFailures;
use crate::slots::ListingSlots;

/// Targets per claim. Higher asks the database less often; lower shares better among pollers.
const BATCH: usize = 8;

/// Longest sleep. It bounds the delay if the nudge of another process is lost.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Shortest sleep, so that targets due one after the other are claimed together.
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// Sleep after a claim that other pollers won.
const LOST_CLAIM: Duration = Duration::from_millis(250);

/// Time that listings have, after the stop, to come to the end of a page.
const GRACE: Duration = Duration::from_secs(5);

/// Claims and lists targets until it is stopped.
pub(crate) struct Schedule {
    context: Arc<PollerContext>,
    slots: ListingSlots,
    running: JoinSet<()>,
    stop: CancellationToken,
}

impl Schedule {
    pub(crate) fn new(context: Arc<PollerContext>, stop: CancellationToken) -> Self {
        let slots = ListingSlots::new(context.config.concurrency, Arc::clone(&context.breakers));
        Self { slots, context, running: JoinSet::new(), stop }
    }

    pub(crate) async fn run(mut self) {
        let mut nudges = self.context.bus.nudges();
        let mut failures = ConsecutiveFailures::new("claiming poll targets");
        while !self.stop.is_cancelled() {
            let wait = match self.fill_slots().await {
                Ok(wait) => {
                    failures.clear();
                    wait
                }
                Err(error) => failures.record(&error),
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                Some(_) = self.running.join_next() => {}
                () = targets_due(&mut nudges) => {}
                () = sleep(wait) => {}
            }
        }
        self.drain().await;
    }

    /// Starts listings of due targets while there are slots; returns the wait until the next look.
    async fn fill_slots(&mut self) -> Result<Duration> {
        loop {
            while self.running.try_join_next().is_some() {}
            let free = self.slots.free();
            if free == 0 || self.stop.is_cancelled() {
                return Ok(LONGEST_SLEEP);
            }
            // Asked first, because it writes nothing and takes no lock.
            match self.context.store.targets_next_due(self.slots.capacity()).await? {
                None => return Ok(LONGEST_SLEEP),
                Some(wait) if !wait.is_zero() => return Ok(wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)),
                Some(_) => {}
            }
            let claimed = Instant::now();
            let claims = self.context.claim(free.min(BATCH), self.slots.capacity()).await?;
            if claims.is_empty() {
                return Ok(LOST_CLAIM);
            }
            crash::point("poller.claimed");
            claims.into_iter().for_each(|claim| self.start(claim, claimed));
        }
    }

    fn start(&mut self, claim: Claim, claimed: Instant) {
        let slot = self.slots.take(&claim);
        let (context, stop) = (Arc::clone(&self.context), self.stop.clone());
        self.running.spawn(async move {
            cycle::poll(&context, &claim, claimed, &stop).await;
            drop(slot);
        });
    }

    /// Waits for listings to end, and releases the leases of those that do not end in time.
    async fn drain(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_ok() {
            return;
        }
        let fences = self.slots.fences();
        self.running.shutdown().await;
        for fence in fences {
            if let Err(error) = self.context.store.target_release(fence).await {
                tracing::debug!(target = %fence.target, error = %error.chain(), "a lease was not released and expires");
            }
        }
    }
}

/// Waits for a nudge that targets are due. All nudges that have come meanwhile count as one.
async fn targets_due(nudges: &mut Receiver<Nudge>) {
    loop {
        match nudges.recv().await {
            // A missed nudge may have been one.
            Ok(Nudge::TargetsDue) | Err(RecvError::Lagged(_)) => break,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    while matches!(nudges.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
}

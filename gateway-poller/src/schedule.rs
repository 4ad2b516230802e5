//! Which targets are listed now.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Nudge;
use gateway_core::crash;
use gateway_core::error::Result;
use gateway_store::Claim;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::cycle;
use crate::poller::PollerContext;
use crate::seats::Seats;
use crate::trouble::Trouble;

/// Targets claimed at a time. Higher asks the database less often; lower shares better among pollers.
const FEW: usize = 8;

/// Longest sleep: what another process made due is found by then, even if its nudge was lost.
const LONGEST: Duration = Duration::from_secs(1);

/// Shortest sleep, so that many targets due one after the other are claimed together.
const SHORTEST: Duration = Duration::from_millis(50);

/// Sleep when something is due that is not for us now, because others were faster.
const NOT_OURS: Duration = Duration::from_millis(250);

/// After the stop, how long listings may take to come to the end of a page.
const GRACE: Duration = Duration::from_secs(5);

/// Claims and lists until it is told to stop.
pub(crate) struct Schedule {
    shop: Arc<PollerContext>,
    seats: Seats,
    running: JoinSet<()>,
    stop: CancellationToken,
}

impl Schedule {
    pub(crate) fn new(shop: Arc<PollerContext>, stop: CancellationToken) -> Self {
        Self { seats: Seats::new(shop.config.concurrency), shop, running: JoinSet::new(), stop }
    }

    pub(crate) async fn run(mut self) {
        let mut nudges = self.shop.bus.nudges();
        let mut trouble = Trouble::new("claiming poll targets", self.shop.seed());
        while !self.stop.is_cancelled() {
            let wait = match self.fill().await {
                Ok(wait) => {
                    trouble.over();
                    wait
                }
                Err(error) => trouble.met(&error),
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                Some(_) = self.running.join_next() => {}
                () = became_due(&mut nudges) => {}
                () = sleep(wait) => {}
            }
        }
        self.drain().await;
    }

    /// Starts what is due as long as there are slots; returns when to look again.
    async fn fill(&mut self) -> Result<Duration> {
        loop {
            while self.running.try_join_next().is_some() {}
            let free = self.shop.config.concurrency.saturating_sub(self.running.len());
            if free == 0 || self.stop.is_cancelled() {
                return Ok(LONGEST);
            }
            // Asked first, because it writes nothing and takes no lock.
            match self.shop.store.targets_next_due(self.seats.places()).await? {
                None => return Ok(LONGEST),
                Some(wait) if !wait.is_zero() => return Ok(wait.clamp(SHORTEST, LONGEST)),
                Some(_) => {}
            }
            let claimed = Instant::now();
            let claims = self.shop.claim(free.min(FEW), self.seats.places()).await?;
            if claims.is_empty() {
                return Ok(NOT_OURS);
            }
            crash::point("poller.claimed");
            claims.into_iter().for_each(|claim| self.start(claim, claimed));
        }
    }

    fn start(&mut self, claim: Claim, claimed: Instant) {
        let seat = self.seats.take(&claim);
        let (shop, stop) = (Arc::clone(&self.shop), self.stop.clone());
        self.running.spawn(async move {
            cycle::poll(&shop, &claim, claimed, &stop).await;
            drop(seat);
        });
    }

    /// Waits for listings to end, and gives back the leases of those that do not in time.
    async fn drain(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_ok() {
            return;
        }
        let fences = self.seats.fences();
        self.running.shutdown().await;
        for fence in fences {
            if let Err(error) = self.shop.store.target_release(fence).await {
                tracing::debug!(target = %fence.target, error = %error.chain(), "a lease lapses by itself");
            }
        }
    }
}

/// Returns when somebody says that targets became due.
async fn became_due(nudges: &mut Receiver<Nudge>) {
    loop {
        match nudges.recv().await {
            // What was missed may have been it.
            Ok(Nudge::TargetsDue) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

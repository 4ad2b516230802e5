//! Removes old events, tombstones, and revocations of expired tokens.

use std::time::Duration;

use gateway_core::error::Result;
use gateway_store::{OldRows, Store};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Wait between two looks for old rows. Shorter keeps fewer of them; longer asks the database less often.
const EVERY: Duration = Duration::from_secs(10);

/// Wait between two purges of revocations. There are few of them.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(3600);

/// Removes old rows beside the publishing of new ones. Two relays may do so at once.
pub(super) struct Purge {
    store: Store,
    keep: Duration,
    revocations_at: Instant,
}

impl Purge {
    pub(super) fn new(store: Store, keep: Duration) -> Self {
        Self { store, keep, revocations_at: Instant::now() + REVOCATIONS_EVERY }
    }

    /// Removes what is due, again and again until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let removing = async {
            loop {
                sleep(EVERY).await;
                if let Err(error) = self.turn().await {
                    tracing::warn!(error = %error.chain(), "old rows were not removed");
                }
            }
        };
        stop.run_until_cancelled(removing).await;
    }

    async fn turn(&mut self) -> Result<()> {
        let cutoff = self.store.now().await?.minus(self.keep);
        for rows in [OldRows::Events, OldRows::Tombstones] {
            let start = Instant::now();
            let count = self.store.purge(rows, cutoff).await?;
            if count > 0 {
                let duration_ms = start.elapsed().as_millis();
                tracing::debug!(?rows, count, duration_ms, "old rows were removed");
            }
        }
        if Instant::now() >= self.revocations_at {
            self.revocations_at = Instant::now() + REVOCATIONS_EVERY;
            self.store.revocations_purge().await?;
        }
        Ok(())
    }
}

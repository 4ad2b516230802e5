//! Removes old events, tombstones, and revocations of expired tokens.

use std::time::Duration;

use gateway_core::error::{Error, Result};
use gateway_store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::instruments;

/// Wait between two purges of events. Shorter keeps fewer old rows; longer asks the database less often.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

/// Wait between two purges of revocations. There are few of them.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(3600);

/// Rows per transaction. Higher is done sooner; lower holds locks for less time.
const BATCH: i64 = 1000;

/// Transactions per turn. Higher removes more at once; lower delays the publishing of events less.
const BATCHES: usize = 20;

/// Removes old rows now and then. Two relays may do so at once.
pub(super) struct Purge {
    store: Store,
    keep: Duration,
    events_at: Instant,
    revocations_at: Instant,
}

impl Purge {
    pub(super) fn new(store: Store, keep: Duration) -> Self {
        let now = Instant::now();
        Self { store, keep, events_at: now + EVENTS_EVERY, revocations_at: now + REVOCATIONS_EVERY }
    }

    /// Does the purges that are due. A failed one is tried again at its next time.
    pub(super) async fn turn(&mut self, stop: &CancellationToken) {
        let now = Instant::now();
        let done = async {
            if now >= self.events_at {
                self.events_at = now + EVENTS_EVERY;
                self.purge_events(stop).await?;
            }
            if now >= self.revocations_at {
                self.revocations_at = now + REVOCATIONS_EVERY;
                self.store.revocations_purge().await?;
            }
            Ok::<(), Error>(())
        };
        if let Err(error) = done.await {
            tracing::warn!(error = %error.chain(), "old rows were not removed");
        }
    }

    async fn purge_events(&self, stop: &CancellationToken) -> Result<()> {
        let cutoff = self.store.now().await?.minus(self.keep);
        for _ in 0..BATCHES {
            let removed = self.store.events_purge(cutoff, BATCH).await?;
            instruments::rows_purged("events", removed);
            if (removed as i64) < BATCH || stop.is_cancelled() {
                break;
            }
        }
        Ok(())
    }
}

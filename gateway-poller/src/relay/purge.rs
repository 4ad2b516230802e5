//! Old events, versions of what was deleted and revocations of tokens that have expired anyway.

use std::time::Duration;

use gateway_core::error::{Error, Result};
use gateway_store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often old events are looked for.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

/// How often expired revocations are looked for.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(3600);

/// Rows in one transaction. Higher is done sooner; lower holds locks for less time.
const ROWS: i64 = 1000;

/// Transactions in one turn: the relay's real work comes first.
const AT_A_TIME: usize = 20;

/// Removes what is old, now and then. Two relays that do it at once do no harm.
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

    /// Does what is due; what fails is due again at the next turn of its own.
    pub(super) async fn turn(&mut self, stop: &CancellationToken) {
        let now = Instant::now();
        let done = async {
            if now >= self.events_at {
                self.events_at = now + EVENTS_EVERY;
                self.events(stop).await?;
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

    async fn events(&self, stop: &CancellationToken) -> Result<()> {
        let cutoff = self.store.now().await?.minus(self.keep);
        for _ in 0..AT_A_TIME {
            let removed = self.store.events_purge(cutoff, ROWS).await?;
            if (removed as i64) < ROWS || stop.is_cancelled() {
                break;
            }
        }
        Ok(())
    }
}

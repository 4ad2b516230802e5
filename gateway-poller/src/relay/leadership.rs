//! The leadership while it is held.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::ProcessId;
use gateway_store::{Leadership, Store};
use tokio::time::Instant;

/// A leadership, counted by our clock from before it was asked for.
pub(super) struct Leader {
    store: Store,
    process: ProcessId,
    life: Duration,
    epoch: i64,
    since: Instant,
    /// Up to here the broker has confirmed events.
    pub(super) published: i64,
}

impl Leader {
    /// Takes the leadership; `None` while another process has it.
    pub(super) async fn take(store: &Store, process: ProcessId, life: Duration) -> Result<Option<Self>> {
        let since = Instant::now();
        let Some(Leadership { epoch, published, .. }) = store.relay_lead(process, life).await? else {
            return Ok(None);
        };
        tracing::debug!(epoch, published, "this relay leads");
        Ok(Some(Self { store: store.clone(), process, life, epoch, since, published }))
    }

    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// What is left of the lease.
    pub(super) fn left(&self) -> Duration {
        self.life.saturating_sub(self.since.elapsed())
    }

    /// Renews when half of the lease is gone.
    ///
    /// # Errors
    /// `LeaseLost` when another process leads, or led meanwhile.
    pub(super) async fn keep(&mut self) -> Result<()> {
        if self.left() > self.life / 2 {
            return Ok(());
        }
        let since = Instant::now();
        match self.store.relay_lead(self.process, self.life).await? {
            Some(leadership) if leadership.epoch == self.epoch => {
                self.since = since;
                Ok(())
            }
            _ => Err(Error::new(ErrorKind::LeaseLost, "the leadership went to another process")),
        }
    }

    /// Lets another process lead at once.
    pub(super) async fn resign(self) {
        if let Err(error) = self.store.relay_resign(self.epoch).await {
            tracing::debug!(error = %error.chain(), "the leadership lapses by itself");
        }
    }
}

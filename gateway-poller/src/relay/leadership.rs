//! The leadership of the relay, under a lease.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::ProcessId;
use gateway_store::Store;
use tokio::time::Instant;

/// A held leadership. Its time counts from before the request, by this process's clock.
pub(super) struct Leadership {
    store: Store,
    process: ProcessId,
    duration: Duration,
    epoch: i64,
    since: Instant,
    /// Position of the last event that the broker confirmed.
    pub(super) published: i64,
}

impl Leadership {
    /// Takes the leadership; returns `None` while another process holds it.
    pub(super) async fn take(store: &Store, process: ProcessId, duration: Duration) -> Result<Option<Self>> {
        let since = Instant::now();
        let Some(gateway_store::Leadership { epoch, published, .. }) =
            store.relay_lead(process, duration).await?
        else {
            return Ok(None);
        };
        tracing::debug!(position = published, "this relay leads");
        Ok(Some(Self { store: store.clone(), process, duration, epoch, since, published }))
    }

    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Returns the rest of the lease.
    pub(super) fn left(&self) -> Duration {
        self.duration.saturating_sub(self.since.elapsed())
    }

    /// Renews the lease when half of it is over.
    ///
    /// # Errors
    /// `LeaseLost` if another process leads, or led meanwhile.
    pub(super) async fn keep(&mut self) -> Result<()> {
        if self.left() > self.duration / 2 {
            return Ok(());
        }
        let since = Instant::now();
        match self.store.relay_lead(self.process, self.duration).await? {
            Some(renewed) if renewed.epoch == self.epoch => {
                self.since = since;
                Ok(())
            }
            _ => Err(Error::new(ErrorKind::LeaseLost, "another process leads the relay")),
        }
    }

    /// Releases the lease, so that another process may lead at once.
    pub(super) async fn resign(self) {
        if let Err(error) = self.store.relay_resign(self.epoch).await {
            tracing::debug!(error = %error.chain(), "the leadership was not released and expires");
        }
    }
}

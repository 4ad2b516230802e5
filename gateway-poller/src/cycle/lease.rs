//! The lease on a target, renewed while work goes on under it.

use std::pin::pin;
use std::time::Duration;

use gateway_core::error::Result;
use gateway_store::{Fence, Store};
use tokio::time::{Instant, sleep_until};

/// The lease on one target. Its time counts from before the claim, by this process's clock, so that it never appears
/// longer than it is; every write is fenced besides.
pub(super) struct Lease {
    store: Store,
    fence: Fence,
    duration: Duration,
    renew_at: Instant,
}

impl Lease {
    pub(super) fn new(store: Store, fence: Fence, duration: Duration, claimed: Instant) -> Self {
        Self { store, fence, duration, renew_at: claimed + duration / 2 }
    }

    /// Runs work, and renews the lease when half of it is over: a short poll never writes for that.
    ///
    /// # Errors
    /// `LeaseLost` if another process holds the lease; the work is dropped then.
    pub(super) async fn hold<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            if Instant::now() >= self.renew_at {
                self.renew().await?;
            }
            tokio::select! {
                biased;
                result = &mut work => return result,
                () = sleep_until(self.renew_at) => {}
            }
        }
    }

    async fn renew(&mut self) -> Result<()> {
        let now = Instant::now();
        self.store.target_renew(self.fence, self.duration).await?;
        self.renew_at = now + self.duration / 2;
        Ok(())
    }
}

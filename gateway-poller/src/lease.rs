//! A lease that is kept for as long as there is work under it.

use std::pin::pin;
use std::time::Duration;

use gateway_core::error::Result;
use gateway_store::{Fence, Store};
use tokio::time::{Instant, sleep_until};

/// The lease on one target. Counted by our clock from before it was asked for, so that it never seems
/// longer than it is; what is written is fenced all the same.
pub(crate) struct Lease {
    store: Store,
    fence: Fence,
    life: Duration,
    renew_at: Instant,
}

impl Lease {
    pub(crate) fn new(store: Store, fence: Fence, life: Duration, claimed: Instant) -> Self {
        Self { store, fence, life, renew_at: claimed + life / 2 }
    }

    /// Works, and renews the lease once half of it is gone: a short poll never writes for it.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has it by now; the work is dropped then.
    pub(crate) async fn keep<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
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
        self.store.target_renew(self.fence, self.life).await?;
        self.renew_at = now + self.life / 2;
        Ok(())
    }
}

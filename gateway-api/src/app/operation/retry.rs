//! Retries of store calls that record the effect of a call to a cloud.

use std::time::Duration;

use gateway_core::backoff::Backoff;
use gateway_core::error::{Result, Status};
use tokio::time::{Instant, sleep};

use super::Operations;

/// Time for which an unavailable database is retried. Longer outlasts longer faults; shorter lets the process end sooner
/// meanwhile.
const RETRY_TIME: Duration = Duration::from_secs(60);

/// First and longest wait between attempts. Longer asks a database in trouble less often; shorter answers the caller
/// sooner after a fault.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl Operations {
    /// Repeats a store call while the database is unavailable, because only this process has the result of the cloud.
    pub(super) async fn persist<T, F: Future<Output = Result<T>>>(
        &self,
        mut call: impl FnMut() -> F,
    ) -> Result<T> {
        let until = Instant::now() + RETRY_TIME;
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        loop {
            match call().await {
                Err(error) if error.status() == Status::Temporary && Instant::now() < until => {
                    sleep(backoff.next_wait()).await;
                }
                ended => return ended,
            }
        }
    }
}

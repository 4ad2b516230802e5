//! The measurement of the events that wait to be published.

use std::time::Duration;

use gateway_core::error::Result;
use gateway_store::Store;
use tokio::time::Instant;

use crate::instruments;

/// Wait between two measurements. A longer one shows a growing backlog later; a shorter one reads more rows.
const INTERVAL: Duration = Duration::from_secs(5);

/// The largest number that is counted, so that a large backlog is not made larger by counting it.
const LIMIT: usize = 10_000;

/// The backlog of a leading relay.
#[derive(Default)]
pub(super) struct Backlog {
    measured: Option<Instant>,
}

impl Backlog {
    /// Counts the events that wait, now and then.
    pub(super) async fn measure(&mut self, store: &Store) -> Result<()> {
        if self.measured.is_none_or(|at| at.elapsed() >= INTERVAL) {
            instruments::events_wait(store.relay_backlog(LIMIT).await?);
            self.measured = Some(Instant::now());
        }
        Ok(())
    }

    /// Records that no event waits.
    pub(super) fn clear(&mut self) {
        if self.measured.take().is_some() {
            instruments::events_wait(0);
        }
    }
}

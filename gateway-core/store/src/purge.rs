//! The removal of old rows, as fast as they are due, in short transactions with pauses.

use std::time::{Duration, Instant};

use gateway_core::Timestamp;
use gateway_core::error::Result;

use crate::db::{Store, rows_purged};

/// Rows that are removed when they are old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldRows {
    /// Published events.
    Events,
    /// Tombstones.
    Tombstones,
    /// Operations that are over.
    Operations,
}

impl OldRows {
    /// Returns the label of metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Tombstones => "tombstones",
            Self::Operations => "operations",
        }
    }
}

/// Rows of the first transaction.
const FIRST: i64 = 500;

/// Bounds of the rows of a transaction. More cost fewer commits; fewer hold locks for less time.
const FEWEST: i64 = 50;
const MOST: i64 = 5_000;

/// Time that a transaction should take. Longer removes more with fewer commits; shorter lets writers wait less.
const BATCH_TIME: Duration = Duration::from_millis(50);

impl Store {
    /// Removes all rows from before a time; returns their count. Each transaction is followed by a pause of its own length,
    /// so that a purge takes at most half of one connection. May be dropped at any time.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn purge(&self, rows: OldRows, before: Timestamp) -> Result<usize> {
        let (mut total, mut limit) = (0, FIRST);
        loop {
            let start = Instant::now();
            let removed = match rows {
                OldRows::Events => self.events_purge(before, limit).await?,
                OldRows::Tombstones => self.tombstones_purge(before, limit).await?,
                OldRows::Operations => self.operations_purge(before, limit).await?,
            };
            let took = start.elapsed();
            total += removed;
            rows_purged(rows.as_str(), removed);
            if i64::try_from(removed).unwrap_or(i64::MAX) < limit {
                return Ok(total);
            }
            limit = next_limit(limit, took);
            tokio::time::sleep(took).await;
        }
    }
}

/// Returns the rows of the next transaction after one that took so long.
fn next_limit(limit: i64, took: Duration) -> i64 {
    let next = if took > BATCH_TIME { limit / 2 } else { limit + limit / 4 };
    next.clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_they_are_fast_and_shrink_when_they_are_slow() {
        let (fast, slow) = (BATCH_TIME / 2, BATCH_TIME * 2);
        assert_eq!((next_limit(400, fast), next_limit(400, slow)), (500, 200));
        assert_eq!((next_limit(MOST, fast), next_limit(FEWEST, slow)), (MOST, FEWEST));
    }
}

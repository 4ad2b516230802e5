//! The reconciler: takes over the operations of processes that died, and those whose effect is unknown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::Result;
use gateway_core::id::AccountId;
use gateway_store::OldRows;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Operations;

/// Longest wait between searches for due operations. Longer costs an idle gateway fewer statements; shorter takes over
/// sooner from a process that has died.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Slots for operations that were taken over. Each costs a task and, at times, a connection.
const SLOTS: usize = 64;

/// Slots of one account, so that a cloud that hangs leaves slots for other accounts. Higher settles the operations of one
/// account sooner; lower lets more accounts hang before others wait.
const SLOTS_OF_ACCOUNT: usize = 8;

/// An operation that was taken over, and its account.
type Task = (AccountId, JoinHandle<Option<OneTimeOutput>>);

/// Time between purges of old operations.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);

impl Operations {
    /// Takes over due operations until `stop`.
    pub(crate) async fn reconcile(self: &Arc<Self>, keep: Duration, stop: CancellationToken) {
        let mut running = Vec::new();
        let mut purge_at = tokio::time::Instant::now() + PURGE_INTERVAL;
        loop {
            let wait = match self.take_over_due(&mut running).await {
                Ok(next) => next.map_or(LONGEST_WAIT, |next| next.min(LONGEST_WAIT)),
                Err(error) => {
                    tracing::debug!(error = error.chain(), "due operations cannot be read now");
                    LONGEST_WAIT
                }
            };
            if tokio::time::Instant::now() >= purge_at {
                purge_at += PURGE_INTERVAL;
                if let Err(error) = self.purge(keep).await {
                    tracing::warn!(error = error.chain(), "old operations are not purged");
                }
            }
            let wait = wait.max(Duration::from_millis(20));
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    async fn take_over_due(self: &Arc<Self>, running: &mut Vec<Task>) -> Result<Option<Duration>> {
        running.retain(|(_, task)| !task.is_finished());
        let slots = SLOTS.saturating_sub(running.len());
        if slots == 0 {
            return Ok(None);
        }
        let mut count = BTreeMap::<AccountId, usize>::new();
        for (account, _) in running.iter() {
            *count.entry(*account).or_default() += 1;
        }
        let full = count.iter().filter(|(_, count)| **count >= SLOTS_OF_ACCOUNT).map(|(account, _)| *account);
        let (due, mut next) = self.store.operations_due(slots as i64, full.collect()).await?;
        for (id, account) in due {
            let count = count.entry(account).or_default();
            if *count >= SLOTS_OF_ACCOUNT {
                // Other accounts may have due operations behind these; the next search excludes this account.
                next = Some(Duration::ZERO);
                continue;
            }
            let taken = self.take_over(id).await?.map(|task| (account, task));
            *count += usize::from(taken.is_some());
            running.extend(taken);
        }
        Ok(next)
    }

    async fn purge(&self, keep: Duration) -> Result<()> {
        let before = self.store.now().await?.minus(keep);
        self.store.purge(OldRows::Operations, before).await.map(drop)
    }
}

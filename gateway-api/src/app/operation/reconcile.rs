//! The reconciler: takes over the operations of processes that died, and those whose effect is unknown.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::error::Result;
use gateway_core::id::Holder;
use gateway_core::shares::CallSlots;
use gateway_store::{DueOperation, OldRows};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Operations;

/// Longest wait between searches for due operations. Longer costs an idle gateway fewer statements; shorter takes over
/// sooner from a process that has died.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Shortest wait between searches, so that operations due one after the other are found together.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

/// Slots for operations that were taken over, by endpoint and account. Each costs a task and, at times, a connection.
const SLOTS: usize = 64;

/// Time between purges of old operations.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);

/// The operations that were taken over and run in this process, each with its slot.
struct TakenOver {
    slots: CallSlots,
    running: JoinSet<()>,
}

impl Operations {
    /// Takes over due operations, and removes old ones, until `stop`.
    pub(crate) async fn reconcile(self: &Arc<Self>, keep: Duration, stop: CancellationToken) {
        let purging = stop.run_until_cancelled(self.purge_again_and_again(keep));
        tokio::join!(self.take_over_until(&stop), purging);
    }

    async fn take_over_until(self: &Arc<Self>, stop: &CancellationToken) {
        let slots = CallSlots::new("reconciler", SLOTS, Arc::clone(&self.breakers));
        let mut taken = TakenOver { slots, running: JoinSet::new() };
        while !stop.is_cancelled() {
            let wait = match self.take_over_due(&mut taken).await {
                Ok(next) => next.map_or(LONGEST_WAIT, |next| next.clamp(SHORTEST_WAIT, LONGEST_WAIT)),
                Err(error) => {
                    tracing::debug!(error = error.chain(), "due operations cannot be read now");
                    LONGEST_WAIT
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = taken.slot_given_back() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Takes over the due operations that have a free slot; returns the wait until the next one is due.
    async fn take_over_due(self: &Arc<Self>, taken: &mut TakenOver) -> Result<Option<Duration>> {
        let free = taken.slots.free();
        if free == 0 {
            return Ok(None);
        }
        let mut capacity = taken.slots.capacity();
        let (due, mut next) = self.store.operations_due(free, capacity.clone()).await?;
        for DueOperation { id, endpoint, account } in due {
            let holder = Holder::Account(account);
            if !capacity.take(&endpoint, holder) {
                // Other operations may be due behind these; the next search leaves out what is full now.
                next = Some(Duration::ZERO);
                continue;
            }
            if let Some(task) = self.take_over(id).await? {
                let slot = taken.slots.take(endpoint, holder);
                taken.running.spawn(async move {
                    // A panic ends the operation's lease in time.
                    let _ = task.await;
                    drop(slot);
                });
            }
        }
        Ok(next)
    }

    /// Removes old operations, which may take long after an outage.
    async fn purge_again_and_again(&self, keep: Duration) {
        loop {
            sleep(PURGE_INTERVAL).await;
            if let Err(error) = self.purge(keep).await {
                tracing::warn!(error = error.chain(), "old operations are not purged");
            }
        }
    }

    async fn purge(&self, keep: Duration) -> Result<()> {
        let before = self.store.now().await?.minus(keep);
        self.store.purge(OldRows::Operations, before).await.map(drop)
    }
}

impl TakenOver {
    /// Waits until an operation has ended. Those that end together count once.
    async fn slot_given_back(&mut self) {
        if self.running.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
        sleep(SHORTEST_WAIT).await;
        while self.running.try_join_next().is_some() {}
    }
}

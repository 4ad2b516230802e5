//! Operations that nobody works on: those of processes that died, and those of which nobody knows what became.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::Result;
use gateway_core::id::AccountId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Operations;

/// Longest wait until it is looked again. Longer spares queries of an idle gateway; shorter takes over sooner what
/// was accepted by a process that died just now.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Operations that are worked on at a time of those that were taken up. Each costs a task and, at times, a connection.
const AT_A_TIME: usize = 64;

/// Of these, those of one account: as many whose cloud hangs leave places for the others. Higher settles one account's
/// sooner; lower lets more accounts hang before anybody else waits.
const OF_ONE_ACCOUNT: usize = 8;

/// What is worked on, and for which account.
type Task = (AccountId, JoinHandle<Option<OneTimeOutput>>);

/// How often old operations are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(600);

impl Operations {
    /// Takes up what is due, until `stop`.
    pub(crate) async fn reconcile(self: &Arc<Self>, keep: Duration, stop: CancellationToken) {
        let mut under_way = Vec::new();
        let mut purge_at = tokio::time::Instant::now() + PURGE_EVERY;
        loop {
            let wait = match self.take_up_due(&mut under_way).await {
                Ok(next) => next.map_or(LOOK_EVERY, |next| next.min(LOOK_EVERY)),
                Err(error) => {
                    tracing::debug!(error = error.chain(), "operations cannot be looked at now");
                    LOOK_EVERY
                }
            };
            if tokio::time::Instant::now() >= purge_at {
                purge_at += PURGE_EVERY;
                if let Err(error) = self.purge(keep).await {
                    tracing::warn!(error = error.chain(), "old operations were not removed");
                }
            }
            let wait = wait.max(Duration::from_millis(20));
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    async fn take_up_due(self: &Arc<Self>, under_way: &mut Vec<Task>) -> Result<Option<Duration>> {
        under_way.retain(|(_, task)| !task.is_finished());
        let places = AT_A_TIME.saturating_sub(under_way.len());
        if places == 0 {
            return Ok(None);
        }
        let mut count = BTreeMap::<AccountId, usize>::new();
        for (account, _) in under_way.iter() {
            *count.entry(*account).or_default() += 1;
        }
        let full = count.iter().filter(|(_, count)| **count >= OF_ONE_ACCOUNT).map(|(account, _)| *account);
        let (due, mut next) = self.store.operations_due(places as i64, full.collect()).await?;
        for (id, account) in due {
            let count = count.entry(account).or_default();
            if *count >= OF_ONE_ACCOUNT {
                // Behind these there may be others, which are seen once these are not asked for.
                next = Some(Duration::ZERO);
                continue;
            }
            // Nobody waits for them: one that hangs is no reason to leave the others.
            let taken = self.take_up(id).await?.map(|task| (account, task));
            *count += usize::from(taken.is_some());
            under_way.extend(taken);
        }
        Ok(next)
    }

    async fn purge(&self, keep: Duration) -> Result<()> {
        let before = self.store.now().await?.minus(keep);
        while self.store.operations_purge(before, 1000).await? == 1000 {}
        Ok(())
    }
}

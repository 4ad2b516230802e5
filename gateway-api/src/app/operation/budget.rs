//! The call budgets of operations and credential checks: a fifth of each account's calls, divided among the processes that
//! work for it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::driver::CloudSpec;
use gateway_core::error::Result;
use gateway_core::id::AccountId;
use gateway_sessions::AccountBudget;
use tokio::time::timeout;

use super::Operations;

/// Time for which a process counts after each renewal of its use of a budget. Longer divides the budget for longer after a
/// check has ended; shorter costs more statements during one.
const USE_TIME: Duration = Duration::from_secs(10);

impl Operations {
    /// Applies what other processes do for an account: their shares of its budget, and the pauses that its cloud asked for.
    pub(crate) async fn share_budget(&self, account: AccountId, budget: &AccountBudget) -> Result<()> {
        let used = self.store.operations_budget(account).await?;
        budget.divide(used.processes);
        budget.apply_pause(used.pause);
        Ok(())
    }

    /// Returns the budget of an account in this process, as divided now among the processes that use it, this one included.
    pub(crate) async fn join_budget(
        &self,
        account: AccountId,
        cloud: &CloudSpec,
    ) -> Result<Arc<AccountBudget>> {
        let budget = self.sessions.budget(account, cloud.calls_per_second);
        self.renew_budget(account, &budget).await?;
        Ok(budget)
    }

    /// Does work that spends the budget of an account, and divides the budget again and again meanwhile.
    pub(crate) async fn within_budget<T>(
        &self,
        account: AccountId,
        budget: &AccountBudget,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        loop {
            match timeout(USE_TIME / 4, &mut work).await {
                Ok(done) => return done,
                Err(_) => {
                    if let Err(error) = self.renew_budget(account, budget).await {
                        tracing::debug!(%account, error = error.chain(), "the share of a budget is not renewed");
                    }
                }
            }
        }
    }

    async fn renew_budget(&self, account: AccountId, budget: &AccountBudget) -> Result<()> {
        self.store.budget_use(account, self.process, USE_TIME).await?;
        self.share_budget(account, budget).await
    }

    /// Applies what other processes do by now for an account that this process works for.
    pub(super) async fn share_known_budget(&self, account: AccountId) -> Result<()> {
        match self.sessions.known_budget(account) {
            Some(budget) => self.share_budget(account, &budget).await,
            None => Ok(()),
        }
    }

    /// Shares a pause that the cloud asked for with the other processes. A failure does not affect the work.
    pub(crate) async fn share_pause(&self, account: AccountId, budget: &AccountBudget) {
        let Some(pause) = budget.take_unshared_pause() else { return };
        let shared = async {
            let until = self.store.now().await?.plus(pause);
            self.store.account_pause(account, until).await
        };
        if let Err(error) = shared.await {
            tracing::warn!(%account, error = error.chain(), "pause is not shared with other processes");
        }
    }
}

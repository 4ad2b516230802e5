//! The call budgets of operations: a fifth of each account's calls, divided among the processes that work for it.

use std::sync::Arc;

use gateway_core::driver::CloudSpec;
use gateway_core::error::Result;
use gateway_core::id::AccountId;
use gateway_sessions::AccountBudget;

use super::Operations;

impl Operations {
    /// Applies what other processes do for an account: their shares of its budget, and the pauses that its cloud asked for.
    pub(crate) async fn share_budget(&self, account: AccountId, budget: &AccountBudget) -> Result<()> {
        let used = self.store.operations_budget(account).await?;
        budget.divide(used.processes);
        budget.apply_pause(used.pause);
        Ok(())
    }

    /// Returns the budget of an account in this process, as divided now.
    pub(crate) async fn budget(&self, account: AccountId, cloud: &CloudSpec) -> Result<Arc<AccountBudget>> {
        let budget = self.sessions.budget(account, cloud.calls_per_second);
        self.share_budget(account, &budget).await?;
        Ok(budget)
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

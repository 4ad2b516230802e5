//! The budgets of this process, one per account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gateway_core::id::AccountId;

use crate::account_budget::AccountBudget;
use crate::pace::Pace;

/// Budgets kept before unused ones are removed. Higher keeps more pauses of idle accounts; lower saves memory.
const LOOKED_THROUGH_AT: usize = 1024;

/// All account budgets of one pace.
#[derive(Debug)]
pub(crate) struct BudgetRegistry {
    pace: Pace,
    budgets: Mutex<Budgets>,
}

#[derive(Debug, Default)]
struct Budgets {
    by_account: HashMap<AccountId, Arc<AccountBudget>>,
    /// The count at which unused budgets are removed. It doubles, so that the work for each new budget stays the same
    /// however many are in use.
    look_through_at: usize,
}

impl BudgetRegistry {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, budgets: Mutex::default() }
    }

    /// Returns the budget of an account, the same one for as long as it is in use.
    pub(crate) fn budget(&self, account: AccountId, calls_per_second: f64) -> Arc<AccountBudget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let Budgets { by_account, look_through_at } = &mut *budgets;
        if by_account.len() >= (*look_through_at).max(LOOKED_THROUGH_AT) && !by_account.contains_key(&account)
        {
            by_account.retain(|_, budget| Arc::strong_count(budget) > 1);
            *look_through_at = by_account.len() * 2;
        }
        let budget = by_account
            .entry(account)
            .or_insert_with(|| Arc::new(AccountBudget::new(calls_per_second, self.pace)));
        budget.set_rate(calls_per_second);
        Arc::clone(budget)
    }

    /// Returns the budget of an account that is in use.
    pub(crate) fn known(&self, account: AccountId) -> Option<Arc<AccountBudget>> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner).by_account.get(&account).cloned()
    }
}

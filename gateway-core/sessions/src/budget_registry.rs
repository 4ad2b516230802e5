//! The budgets of this process, one per account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gateway_core::id::AccountId;

use crate::account_budget::AccountBudget;
use crate::pace::Pace;

/// Budgets kept before unused ones are removed. Higher keeps more pauses of idle accounts; lower saves memory.
const CAPACITY: usize = 1024;

/// All account budgets of one pace.
#[derive(Debug)]
pub(crate) struct BudgetRegistry {
    pace: Pace,
    budgets: Mutex<HashMap<AccountId, Arc<AccountBudget>>>,
}

impl BudgetRegistry {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, budgets: Mutex::default() }
    }

    /// Returns the budget of an account, the same one for as long as it is in use.
    pub(crate) fn budget(&self, account: AccountId, calls_per_second: f64) -> Arc<AccountBudget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if budgets.len() >= CAPACITY && !budgets.contains_key(&account) {
            budgets.retain(|_, budget| Arc::strong_count(budget) > 1);
        }
        let budget = budgets
            .entry(account)
            .or_insert_with(|| Arc::new(AccountBudget::new(calls_per_second, self.pace)));
        Arc::clone(budget)
    }
}

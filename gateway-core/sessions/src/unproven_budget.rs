//! The budget of a session whose account is not proven yet.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::driver::Pacer;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::account_budget::AccountBudget;

/// The pacer of a session that is opened before its account is known. The login goes ahead; once the account is proven, its
/// budget is charged with the calls that were made, and paces all others.
#[derive(Debug)]
pub struct UnprovenBudget {
    account: OnceLock<Arc<AccountBudget>>,
    made: AtomicU32,
    paused_until: watch::Sender<Instant>,
}

impl Default for UnprovenBudget {
    fn default() -> Self {
        let paused_until = watch::Sender::new(Instant::now());
        Self { account: OnceLock::new(), made: AtomicU32::new(0), paused_until }
    }
}

impl UnprovenBudget {
    /// Charges the budget of the account that was proven, from now on and for the calls so far.
    pub fn bind(&self, budget: &Arc<AccountBudget>) {
        if self.account.set(Arc::clone(budget)).is_err() {
            return;
        }
        budget.charge(self.made.swap(0, Ordering::SeqCst));
        let paused = self.paused_until.borrow().saturating_duration_since(Instant::now());
        if !paused.is_zero() {
            budget.pause(paused);
        }
    }
}

#[async_trait]
impl Pacer for UnprovenBudget {
    async fn acquire(&self) {
        if let Some(budget) = self.account.get() {
            return budget.acquire().await;
        }
        self.made.fetch_add(1, Ordering::SeqCst);
        let until = *self.paused_until.borrow();
        sleep_until(until).await;
    }

    fn pause(&self, wait: Duration) {
        match self.account.get() {
            Some(budget) => budget.pause(wait),
            None => drop(self.paused_until.send_replace(Instant::now() + wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;

    #[tokio::test(start_paused = true)]
    async fn calls_before_the_proof_are_charged_to_the_account() {
        let budget = Arc::new(AccountBudget::new(10.0, Pace::WRITES));
        let (unproven, start) = (UnprovenBudget::default(), Instant::now());
        for _ in 0..20 {
            unproven.acquire().await;
        }
        assert!(start.elapsed().is_zero(), "no account is known");
        unproven.bind(&budget);
        // The burst of twenty calls is spent, at two calls a second.
        for _ in 0..4 {
            unproven.acquire().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(1500), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn pause_before_the_proof_is_one_of_the_account() {
        let budget = Arc::new(AccountBudget::new(10.0, Pace::WRITES));
        let unproven = UnprovenBudget::default();
        unproven.pause(Duration::from_secs(30));
        unproven.bind(&budget);
        assert!(budget.take_unshared_pause().is_some_and(|left| left > Duration::from_secs(29)));
    }
}

//! What this process may spend of an account's call budget.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::driver::{FOR_POLLING, Pacer};
use gateway_core::id::AccountId;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Slowest rate, whatever a registration says: below it a listing would never end.
const SLOWEST: f64 = 0.05;

/// Longest pause that a listing sits out. A longer one ends it, so that it does not hold a slot and a lease.
const SITS_OUT: Duration = Duration::from_secs(2);

/// What part of an account's calls is spent here, and how evenly.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    part: f64,
    /// For so long what is not spent is saved.
    saved: Duration,
}

impl Pace {
    /// Listings: evenly, for they come all the time.
    pub const POLLING: Self = Self { part: FOR_POLLING, saved: Duration::from_secs(1) };
    /// Writes: they come now and then, several calls each, and somebody waits for them. Saving for longer lets more of
    /// them come at once; what a cloud counts over minutes stays the same.
    pub const WRITES: Self = Self { part: 1.0 - FOR_POLLING, saved: Duration::from_secs(10) };
}

/// When the next call may be made, and how far apart calls are.
#[derive(Debug)]
struct Gait {
    next: Instant,
    rate: f64,
}

/// One account's budget in this process.
#[derive(Debug)]
pub struct AccountBudget {
    gait: Mutex<Gait>,
    pace: Pace,
    listings: AtomicU32,
    paused_until: watch::Sender<Instant>,
    /// A pause that the other processes were not told of yet.
    is_news: AtomicBool,
}

impl AccountBudget {
    fn new(calls_per_second: f64, pace: Pace) -> Self {
        let now = Instant::now();
        // Nothing was spent so far.
        let next = now.checked_sub(pace.saved).unwrap_or(now);
        Self {
            gait: Mutex::new(Gait { next, rate: rate(calls_per_second, pace.part) }),
            pace,
            listings: AtomicU32::new(0),
            paused_until: watch::Sender::new(now),
            is_news: AtomicBool::new(false),
        }
    }

    /// Takes part in the budget with one listing more; `sharing` listings are under way in all processes.
    pub(crate) fn join(self: &Arc<Self>, calls_per_second: f64, sharing: u32) -> Share {
        let ours = self.listings.fetch_add(1, Ordering::SeqCst) + 1;
        let share = f64::from(ours) / f64::from(sharing.max(ours));
        self.gait.lock().unwrap_or_else(PoisonError::into_inner).rate =
            (rate(calls_per_second, self.pace.part) * share).max(SLOWEST);
        Share(Arc::clone(self))
    }

    /// Keeps a pause that another process was asked for.
    pub fn heed(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        self.paused_until.send_if_modified(|paused| {
            let later = until > *paused;
            if later {
                *paused = until;
            }
            later
        })
    }

    /// How long the pause lasts that the other processes should be told of now.
    pub fn take_news(&self) -> Option<Duration> {
        let left = *self.paused_until.borrow() - Instant::now();
        (self.is_news.swap(false, Ordering::SeqCst) && !left.is_zero()).then_some(left)
    }

    /// Returns once there is a pause that is too long to sit out, with what is left of it.
    pub(crate) async fn long_pause(&self) -> Duration {
        let mut paused = self.paused_until.subscribe();
        loop {
            let left = *paused.borrow_and_update() - Instant::now();
            if left > SITS_OUT {
                return left;
            }
            if paused.changed().await.is_err() {
                // We hold the sender ourselves: it cannot be gone.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes the next place in the row of calls.
    fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut gait = self.gait.lock().unwrap_or_else(PoisonError::into_inner);
        // What was not used may be made up for: two calls at least.
        let window = Duration::from_secs_f64(2.0 / gait.rate).max(self.pace.saved);
        let slot = gait.next.max(now.checked_sub(window).unwrap_or(now));
        gait.next = slot + Duration::from_secs_f64(1.0 / gait.rate);
        slot
    }
}

fn rate(calls_per_second: f64, part: f64) -> f64 {
    // `max` also turns what is not a number into the slowest rate.
    (calls_per_second * part).max(SLOWEST)
}

#[async_trait]
impl Pacer for AccountBudget {
    async fn acquire(&self) {
        sleep_until(self.reserve()).await;
        loop {
            let until = *self.paused_until.borrow();
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }

    fn pause(&self, wait: Duration) {
        if self.heed(wait) {
            self.is_news.store(true, Ordering::SeqCst);
        }
    }
}

/// A listing's part in the budget, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Share(Arc<AccountBudget>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.listings.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The budgets of this process, one an account.
#[derive(Debug)]
pub(crate) struct Budgets {
    pace: Pace,
    known: Mutex<HashMap<AccountId, Arc<AccountBudget>>>,
}

/// Budgets kept before those that nobody uses are looked for.
const KEPT: usize = 1024;

impl Budgets {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, known: Mutex::default() }
    }

    pub(crate) fn of(&self, account: AccountId, calls_per_second: f64) -> Arc<AccountBudget> {
        let mut budgets = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if budgets.len() >= KEPT && !budgets.contains_key(&account) {
            budgets.retain(|_, budget| Arc::strong_count(budget) > 1);
        }
        let budget = budgets
            .entry(account)
            .or_insert_with(|| Arc::new(AccountBudget::new(calls_per_second, self.pace)));
        Arc::clone(budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_keep_to_the_rate_after_a_short_burst() {
        let budget = Arc::new(AccountBudget::new(10.0, Pace::POLLING));
        let _share = budget.join(10.0, 2);
        let start = Instant::now();
        for _ in 0..40 {
            budget.acquire().await;
        }
        let took = start.elapsed().as_secs_f64();
        assert!((8.5..=10.0).contains(&took), "40 calls at half of 8 a second took {took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_and_is_told_once() {
        let budget = AccountBudget::new(1000.0, Pace::POLLING);
        let start = Instant::now();
        budget.pause(Duration::from_secs(30));
        budget.pause(Duration::from_secs(1));
        assert!(budget.take_news().is_some_and(|left| left > Duration::from_secs(29)));
        assert_eq!(budget.take_news(), None);
        assert!(budget.long_pause().await > Duration::from_secs(29));
        budget.acquire().await;
        assert!(start.elapsed() >= Duration::from_secs(30));
    }

    #[test]
    fn a_rate_that_makes_no_sense_is_slow_and_not_endless() {
        for rate in [0.0, -1.0, f64::NAN] {
            assert!(super::rate(rate, FOR_POLLING) >= SLOWEST, "{rate}");
        }
    }
}

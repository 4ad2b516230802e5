//! The call budget of one account in this process.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::driver::Pacer;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::pace::{Pace, SLOWEST};

/// Longest pause that a listing or an operation waits for. A longer one ends it for now, so that it holds no slot.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A leaky bucket: the time of the next free call, and the rate of calls.
#[derive(Debug)]
struct Bucket {
    next: Instant,
    /// The calls per second of all processes together.
    full: f64,
    /// The part of them that this process may make.
    share: f64,
}

impl Bucket {
    fn rate(&self) -> f64 {
        (self.full * self.share).max(SLOWEST)
    }
}

/// The call budget of one account, shared by all its sessions of this process.
#[derive(Debug)]
pub struct AccountBudget {
    bucket: Mutex<Bucket>,
    pace: Pace,
    listings: AtomicU32,
    paused_until: watch::Sender<Instant>,
    /// Set while the other processes do not know of the pause.
    has_unshared_pause: AtomicBool,
}

impl AccountBudget {
    pub(crate) fn new(calls_per_second: f64, pace: Pace) -> Self {
        let now = Instant::now();
        // The first burst is free: no call was made so far.
        let next = now.checked_sub(pace.burst).unwrap_or(now);
        Self {
            bucket: Mutex::new(Bucket { next, full: pace.rate(calls_per_second), share: 1.0 }),
            pace,
            listings: AtomicU32::new(0),
            paused_until: watch::Sender::new(now),
            has_unshared_pause: AtomicBool::new(false),
        }
    }

    /// Adds a listing of this process to the account's listings, and sets the rate to this process's share.
    /// `all_listings` counts those of all processes.
    pub fn join(self: &Arc<Self>, calls_per_second: f64, all_listings: u32) -> ListingShare {
        let own = self.listings.fetch_add(1, Ordering::SeqCst) + 1;
        let share = f64::from(own) / f64::from(all_listings.max(own));
        self.set_rate(calls_per_second);
        self.bucket().share = share;
        ListingShare(Arc::clone(self))
    }

    /// Divides the budget among the processes that work on operations of the account, this one included.
    pub fn divide(&self, processes: u32) {
        self.bucket().share = 1.0 / f64::from(processes.max(1));
    }

    /// Sets the rate of the cloud's registration, which may have changed.
    pub(crate) fn set_rate(&self, calls_per_second: f64) {
        self.bucket().full = self.pace.rate(calls_per_second);
    }

    /// Charges calls that were made already.
    pub(crate) fn charge(&self, calls: u32) {
        for _ in 0..calls {
            self.reserve();
        }
    }

    /// Applies a pause that another process received from the cloud; returns whether it is longer than the
    /// present one.
    pub fn apply_pause(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        self.paused_until.send_if_modified(|paused| {
            let is_longer = until > *paused;
            if is_longer {
                *paused = until;
            }
            is_longer
        })
    }

    /// Returns the rest of a pause that is too long to wait for, if there is one.
    pub fn long_pause_left(&self) -> Option<Duration> {
        let left = self.paused_until.borrow().saturating_duration_since(Instant::now());
        (left > LONGEST_WAIT).then_some(left)
    }

    /// Returns the rest of a pause that the caller must share with the other processes; each pause is returned once.
    pub fn take_unshared_pause(&self) -> Option<Duration> {
        let left = *self.paused_until.borrow() - Instant::now();
        (self.has_unshared_pause.swap(false, Ordering::SeqCst) && !left.is_zero()).then_some(left)
    }

    /// Waits for a pause that is too long for a listing to wait, and returns the rest of it.
    pub async fn long_pause(&self) -> Duration {
        let mut paused = self.paused_until.subscribe();
        loop {
            let left = *paused.borrow_and_update() - Instant::now();
            if left > LONGEST_WAIT {
                return left;
            }
            if paused.changed().await.is_err() {
                // Unreachable: `self` holds the sender.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Reserves the next call and returns its time.
    fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut bucket = self.bucket();
        let rate = bucket.rate();
        // At least two unused calls are saved up.
        let window = Duration::from_secs_f64(2.0 / rate).max(self.pace.burst);
        let reserved = bucket.next.max(now.checked_sub(window).unwrap_or(now));
        bucket.next = reserved + Duration::from_secs_f64(1.0 / rate);
        reserved
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        // Each change is one assignment: a panic cannot leave it half done.
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        if self.apply_pause(wait) {
            self.has_unshared_pause.store(true, Ordering::SeqCst);
        }
    }
}

/// A listing's share of the budget, given back on drop.
#[derive(Debug)]
pub struct ListingShare(Arc<AccountBudget>);

impl Drop for ListingShare {
    fn drop(&mut self) {
        self.0.listings.fetch_sub(1, Ordering::SeqCst);
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
    async fn processes_divide_the_budget() {
        let start = Instant::now();
        let calls = async |processes: u32| {
            let budgets: Vec<_> = (0..processes).map(|_| AccountBudget::new(20.0, Pace::WRITES)).collect();
            budgets.iter().for_each(|budget| budget.divide(processes));
            let made = budgets.iter().map(|budget| async {
                let mut made = 0_u32;
                while tokio::time::timeout_at(start + Duration::from_secs(20), budget.acquire()).await.is_ok()
                {
                    made += 1;
                }
                made
            });
            futures_util::future::join_all(made).await.into_iter().sum::<u32>()
        };
        let (alone, four) = (calls(1).await, calls(4).await);
        // Forty saved up and eighty at four a second.
        assert!((119..=122).contains(&alone), "{alone}");
        assert!(four <= alone + 4, "{four}");
    }

    #[tokio::test(start_paused = true)]
    async fn pause_delays_all_calls_and_is_shared_once() {
        let budget = AccountBudget::new(1000.0, Pace::POLLING);
        let start = Instant::now();
        budget.pause(Duration::from_secs(30));
        budget.pause(Duration::from_secs(1));
        assert!(budget.take_unshared_pause().is_some_and(|left| left > Duration::from_secs(29)));
        assert_eq!(budget.take_unshared_pause(), None);
        assert!(budget.long_pause().await > Duration::from_secs(29));
        budget.acquire().await;
        assert!(start.elapsed() >= Duration::from_secs(30));
    }
}

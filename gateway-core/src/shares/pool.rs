//! A pool of slots that is divided among share keys.

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::breaker::Breakers;
use super::call::CallKey;
use super::held::Held;
use super::instruments::PoolSeries;
use super::waiting::{Refused, Waiting};

/// Returns whether a share key is on probation.
type Probation<K> = Arc<dyn Fn(&K) -> bool + Send + Sync>;

/// A pool of slots of one process, shared by all clones.
pub struct Pool<K: Clone + Eq + Hash> {
    state: Arc<Mutex<State<K>>>,
    is_on_probation: Probation<K>,
}

struct State<K> {
    held: Held<K>,
    waiting: Waiting<K>,
    series: PoolSeries,
}

impl<K: Clone + Eq + Hash> State<K> {
    fn take(&mut self, path: &[K]) {
        self.held.take(path);
        self.series.taken();
    }

    fn give_back(&mut self, path: &[K], is_on_probation: impl Fn(&K) -> bool) {
        self.held.give_back(path);
        self.series.given_back();
        for _ in 0..self.waiting.grant(&mut self.held, is_on_probation) {
            self.series.ended_to_wait();
            self.series.taken();
        }
    }

    fn join(&mut self, path: &[K]) -> Result<(u64, oneshot::Receiver<()>), Refused> {
        let joined = self.waiting.join(path);
        match joined {
            Ok(_) => self.series.began_to_wait(),
            Err(Refused) => self.series.refused(),
        }
        joined
    }

    /// Removes a request that waits; returns whether it still waited.
    fn leave(&mut self, number: u64) -> bool {
        let is_waiting = self.waiting.leave(number);
        if is_waiting {
            self.series.ended_to_wait();
        }
        is_waiting
    }
}

/// A taken slot, given back on drop.
#[derive(Debug)]
pub struct Slot<K: Clone + Eq + Hash> {
    pool: Pool<K>,
    path: Vec<K>,
}

impl<K: Clone + Eq + Hash> Clone for Pool<K> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), is_on_probation: Arc::clone(&self.is_on_probation) }
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for Pool<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (taken, waiting) = self.use_now();
        f.debug_struct("Pool").field("taken", &taken).field("waiting", &waiting).finish_non_exhaustive()
    }
}

impl Pool<CallKey> {
    /// Creates a pool of slots for calls to clouds, in which keys with an open breaker are on probation.
    pub fn of_calls(name: &'static str, total: usize, queue: usize, breakers: Arc<Breakers>) -> Self {
        Self::with_probation(name, total, queue, Arc::new(move |key| breakers.is_open(key)))
    }
}

impl<K: Clone + Eq + Hash> Pool<K> {
    /// Creates a pool with the name that its metrics carry. `queue` requests may wait for a slot; as with slots, one key
    /// may have half of them.
    pub fn new(name: &'static str, total: usize, queue: usize) -> Self {
        Self::with_probation(name, total, queue, Arc::new(|_| false))
    }

    fn with_probation(name: &'static str, total: usize, queue: usize, is_on_probation: Probation<K>) -> Self {
        let total = total.max(1);
        let (held, waiting) = (Held::new(total), Waiting::new(queue));
        let state = State { held, waiting, series: PoolSeries::new(name, total) };
        Self { state: Arc::new(Mutex::new(state)), is_on_probation }
    }

    /// Takes a slot under a path of keys, if one is free for all of them.
    pub fn try_take(&self, path: &[K]) -> Option<Slot<K>> {
        let mut state = self.state();
        if !state.held.allows(path, &*self.is_on_probation) {
            state.series.refused();
            return None;
        }
        state.take(path);
        drop(state);
        Some(self.slot(path))
    }

    /// Takes a slot under a path of keys, without a look at the shares: the caller has asked [`Held::allows`] before.
    pub fn take_allowed(&self, path: &[K]) -> Slot<K> {
        self.state().take(path);
        self.slot(path)
    }

    /// Waits up to `time` for a slot under a path of keys. Slots that become free go to the keys by turns, however many
    /// requests of a key wait. A request of a key on probation does not wait.
    ///
    /// # Errors
    /// [`Refused`] if too many wait already, if the time is over, or if a key is on probation and has its slot.
    pub async fn take(&self, path: &[K], time: Duration) -> Result<Slot<K>, Refused> {
        let (number, granted) = {
            let mut state = self.state();
            if state.held.allows(path, &*self.is_on_probation) {
                state.take(path);
                drop(state);
                return Ok(self.slot(path));
            }
            if path.iter().any(|key| (self.is_on_probation)(key)) {
                state.series.refused();
                return Err(Refused);
            }
            state.join(path)?
        };
        let since = Instant::now();
        // Removes the entry, or gives the slot back, if this future is dropped.
        let mut turn = Turn { pool: self, number, path, is_over: false };
        let outcome = tokio::time::timeout(time, granted).await;
        if let Ok(Ok(())) = outcome {
            turn.is_over = true;
            self.state().series.waited(since.elapsed());
            return Ok(self.slot(path));
        }
        self.state().series.refused();
        Err(Refused)
    }

    /// Returns the slots and their shares at this moment.
    pub fn held(&self) -> Held<K> {
        self.state().held.clone()
    }

    /// Returns the number of slots that are taken, and of requests that wait.
    pub fn use_now(&self) -> (usize, usize) {
        let state = self.state();
        (state.held.taken(), state.waiting.len())
    }

    fn slot(&self, path: &[K]) -> Slot<K> {
        Slot { pool: self.clone(), path: path.to_vec() }
    }

    fn give_back(&self, path: &[K]) {
        self.state().give_back(path, &*self.is_on_probation);
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // Nothing panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        self.pool.give_back(&self.path);
    }
}

/// A request that waits for its turn.
struct Turn<'a, K: Clone + Eq + Hash> {
    pool: &'a Pool<K>,
    number: u64,
    path: &'a [K],
    is_over: bool,
}

impl<K: Clone + Eq + Hash> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let is_waiting = self.pool.state().leave(self.number);
        if !is_waiting {
            // It was granted a slot that nobody took.
            self.pool.give_back(self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    type Key = &'static str;

    /// Takes slots by turns of some paths until none may take more; returns the slots of each.
    fn take_all(pool: &Pool<Key>, paths: &[&[Key]]) -> (Vec<Slot<Key>>, Vec<usize>) {
        let (mut slots, mut counts) = (Vec::new(), vec![0; paths.len()]);
        loop {
            let before = slots.len();
            for (path, count) in paths.iter().zip(&mut counts) {
                let slot = pool.try_take(path);
                *count += usize::from(slot.is_some());
                slots.extend(slot);
            }
            if slots.len() == before {
                return (slots, counts);
            }
        }
    }

    #[test]
    fn one_key_gets_half_and_several_leave_a_free_slot() {
        let keys: [&[Key]; 4] = [&["a"], &["b"], &["c"], &["d"]];
        for (count, expected) in [(1, vec![8]), (2, vec![6, 5]), (4, vec![4, 3, 3, 3])] {
            let pool = Pool::new("test", 16, 0);
            let (_slots, counts) = take_all(&pool, &keys[..count]);
            assert_eq!(counts, expected);
            assert!(pool.try_take(&["another"]).is_some(), "beside {count}");
        }
    }

    #[test]
    fn all_accounts_of_an_endpoint_share_half() {
        let pool = Pool::new("test", 32, 0);
        let (_slots, counts) = take_all(&pool, &[&["hung", "a1"]]);
        assert_eq!(counts, [8]);
        let (_more, counts) = take_all(&pool, &[&["hung", "a2"], &["hung", "a3"], &["hung", "a4"]]);
        assert!(counts.iter().all(|count| *count >= 1), "{counts:?}");
        assert!(pool.held().of(&"hung") <= 16);
        let (_others, counts) = take_all(&pool, &[&["healthy", "b1"]]);
        assert!(counts[0] >= 4, "{counts:?}");
    }

    #[test]
    fn single_slot_can_be_taken_and_is_given_back() {
        let pool = Pool::new("test", 1, 0);
        let slot = pool.try_take(&["e", "a"]).unwrap();
        assert!(pool.try_take(&["f", "b"]).is_none());
        drop(slot);
        assert!(pool.try_take(&["f", "b"]).is_some());
        assert_eq!((pool.use_now(), pool.held().keys().count()), ((0, 0), 0));
    }

    #[test]
    fn keys_on_probation_hold_one_slot_each_and_a_quarter_together() {
        let pool = Pool::with_probation("test", 8, 0, Arc::new(|_| true));
        let probe = |key: Key| pool.try_take(&[key]);
        let first = probe("a");
        assert!(first.is_some() && probe("a").is_none());
        let second = probe("b");
        assert!(second.is_some() && probe("c").is_none());
        drop(first);
        assert!(probe("c").is_some());
    }

    #[test]
    fn probe_counts_once_although_its_account_is_on_probation_too() {
        let pool = Pool::with_probation("test", 8, 0, Arc::new(|key: &Key| !key.starts_with("healthy")));
        let probes = [pool.try_take(&["e1", "a1"]), pool.try_take(&["e2", "a2"])];
        assert!(probes.iter().all(Option::is_some));
        assert!(pool.try_take(&["e3", "a3"]).is_none(), "a quarter of the pool");
        drop(probes);
        let accounts = [pool.try_take(&["healthy", "a1"]), pool.try_take(&["healthy", "a2"])];
        assert!(accounts.iter().all(Option::is_some) && pool.try_take(&["healthy", "a3"]).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn request_of_a_key_on_probation_does_not_wait() {
        let pool = Pool::with_probation("test", 8, 8, Arc::new(|key: &Key| *key == "hung"));
        let _probe = pool.try_take(&["hung"]).unwrap();
        let refused = pool.take(&["hung"], Duration::from_secs(9)).now_or_never();
        assert_eq!(refused.unwrap().unwrap_err(), Refused);
        assert!(pool.try_take(&["healthy"]).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn slots_go_to_keys_by_turns() {
        let pool = Pool::new("test", 4, 64);
        let (slots, _) = take_all(&pool, &[&["flood"]]);
        let wait = |key: &'static [Key]| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.take(key, Duration::from_secs(9)).await })
        };
        let mut flood: Vec<_> = (0..8).map(|_| wait(&["flood"])).collect();
        tokio::task::yield_now().await;
        let (one, two) = (pool.try_take(&["calm"]).unwrap(), pool.take(&["calm"], Duration::from_secs(9)));
        assert!(two.now_or_never().is_none(), "held 1, free 1");
        drop(slots);
        let granted = flood.remove(0).await.unwrap();
        assert!(granted.is_ok());
        assert!(pool.held().of(&"flood") <= 2);
        drop(one);
        assert!(pool.take(&["calm"], Duration::from_secs(9)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn full_queue_and_late_slot_are_refused_and_lose_no_slot() {
        let pool = Pool::new("test", 2, 2);
        let slot = pool.try_take(&["a"]).unwrap();
        let late = pool.take(&["a"], Duration::from_secs(1));
        let other = pool.clone();
        let waits = tokio::spawn(async move { other.take(&["a"], Duration::from_secs(5)).await.map(drop) });
        tokio::task::yield_now().await;
        assert_eq!(late.await.unwrap_err(), Refused, "one key may have half of the queue");
        drop(slot);
        assert_eq!(waits.await.unwrap(), Ok(()));
        let slot = pool.try_take(&["a"]).unwrap();
        assert_eq!(pool.take(&["a"], Duration::from_secs(1)).await.unwrap_err(), Refused);
        drop(slot);
        assert_eq!(pool.use_now(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_gives_up_when_it_is_granted_gives_its_slot_back() {
        let pool = Pool::new("test", 2, 4);
        let slot = pool.try_take(&["a"]).unwrap();
        let mut waits = Box::pin(pool.take(&["a"], Duration::from_secs(5)));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(slot);
        assert_eq!(pool.use_now(), (1, 0));
        drop(waits);
        assert_eq!(pool.use_now(), (0, 0));
    }
}

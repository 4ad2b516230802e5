//! A pool of slots that is divided among share keys.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::waiting::{Refused, Waiting};

/// Part of a pool that all keys on probation hold together, as a divisor. A higher one keeps more slots for keys that
/// answer; a lower one finds sooner which of many keys answer again.
const PROBATION_DIVISOR: usize = 4;

/// The slots of a pool, and the number that each share key holds.
#[derive(Clone, Debug)]
pub struct Held<K> {
    total: usize,
    taken: usize,
    by_key: HashMap<K, usize>,
}

impl<K: Clone + Eq + Hash> Held<K> {
    /// Returns a pool without a taken slot.
    pub fn new(total: usize) -> Self {
        Self { total, taken: 0, by_key: HashMap::new() }
    }

    /// Returns the slots that a key holds.
    pub fn of(&self, key: &K) -> usize {
        self.by_key.get(key).copied().unwrap_or(0)
    }

    /// Returns the slots that are taken.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Returns all keys that hold slots.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.by_key.keys()
    }

    /// Returns whether one more slot may be taken under a path of keys, the widest first. Each key must hold fewer slots
    /// than are free for it: a single key gets half of the pool, and some slots stay free however many keys there are. A
    /// key below another one has the half of that one for its pool.
    pub fn allows(&self, path: &[K]) -> bool {
        let mut free = self.total.saturating_sub(self.taken);
        let mut share = self.total;
        for key in path {
            let held = self.of(key);
            if held >= free {
                return false;
            }
            share = share.div_ceil(2);
            // At least one, so that a key that holds a single slot of a small pool is judged by the pool.
            free = share.saturating_sub(held).max(1);
        }
        free > 0
    }

    /// Returns whether a key on probation may take a slot: it holds none, and those on probation hold less than a quarter
    /// of the pool.
    pub fn allows_probe(&self, key: &K, is_on_probation: impl Fn(&K) -> bool) -> bool {
        let probes = self.by_key.keys().filter(|key| is_on_probation(key)).count();
        self.of(key) == 0 && self.taken < self.total && probes < (self.total / PROBATION_DIVISOR).max(1)
    }

    /// Takes a slot under a path of keys, without a look at the shares.
    pub fn take(&mut self, path: &[K]) {
        self.taken += 1;
        for key in path {
            *self.by_key.entry(key.clone()).or_default() += 1;
        }
    }

    /// Gives a slot back.
    pub fn give_back(&mut self, path: &[K]) {
        self.taken = self.taken.saturating_sub(1);
        for key in path {
            if let Some(count) = self.by_key.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    self.by_key.remove(key);
                }
            }
        }
    }
}

/// A pool of slots of one process, shared by all clones.
#[derive(Debug)]
pub struct Pool<K: Clone + Eq + Hash>(Arc<Mutex<State<K>>>);

#[derive(Debug)]
struct State<K> {
    held: Held<K>,
    waiting: Waiting<K>,
}

/// A taken slot, given back on drop.
#[derive(Debug)]
pub struct Slot<K: Clone + Eq + Hash> {
    pool: Pool<K>,
    path: Vec<K>,
}

impl<K: Clone + Eq + Hash> Clone for Pool<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Pool<K> {
    /// Creates a pool. `queue` requests may wait for a slot; as with slots, one key may have half of them.
    pub fn new(total: usize, queue: usize) -> Self {
        let total = total.max(1);
        Self(Arc::new(Mutex::new(State { held: Held::new(total), waiting: Waiting::new(queue) })))
    }

    /// Takes a slot under a path of keys, if one is free for all of them.
    pub fn try_take(&self, path: &[K]) -> Option<Slot<K>> {
        let mut state = self.state();
        if !state.held.allows(path) {
            return None;
        }
        state.held.take(path);
        drop(state);
        Some(self.slot(path))
    }

    /// Takes a slot under a path of keys, without a look at the shares: the caller has asked [`Held::allows`] before.
    pub fn take_allowed(&self, path: &[K]) -> Slot<K> {
        self.state().held.take(path);
        self.slot(path)
    }

    /// Takes a slot for a key that is on probation, such as an endpoint whose breaker is open; `path` begins with it.
    pub fn try_probe(&self, path: &[K], is_on_probation: impl Fn(&K) -> bool) -> Option<Slot<K>> {
        let mut state = self.state();
        let allowed = path.first().is_none_or(|key| state.held.allows_probe(key, is_on_probation));
        if !allowed {
            return None;
        }
        state.held.take(path);
        drop(state);
        Some(self.slot(path))
    }

    /// Waits up to `time` for a slot under a path of keys. Those that wait get slots by turns of their keys, not by their
    /// number.
    ///
    /// # Errors
    /// [`Refused`] if too many wait already, or if the time is over.
    pub async fn take(&self, path: &[K], time: Duration) -> Result<Slot<K>, Refused> {
        let (number, granted) = {
            let mut state = self.state();
            let State { held, waiting } = &mut *state;
            if held.allows(path) {
                held.take(path);
                drop(state);
                return Ok(self.slot(path));
            }
            waiting.join(path)?
        };
        // Removes the entry, or gives the slot back, if this future is dropped.
        let mut turn = Turn { pool: self, number, path, is_over: false };
        let outcome = tokio::time::timeout(time, granted).await;
        if let Ok(Ok(())) = outcome {
            turn.is_over = true;
            return Ok(self.slot(path));
        }
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
        let mut state = self.state();
        let State { held, waiting } = &mut *state;
        held.give_back(path);
        waiting.grant(held);
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let is_waiting = self.pool.state().waiting.leave(self.number);
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
            let pool = Pool::new(16, 0);
            let (_slots, counts) = take_all(&pool, &keys[..count]);
            assert_eq!(counts, expected);
            assert!(pool.try_take(&["another"]).is_some(), "beside {count}");
        }
    }

    #[test]
    fn all_accounts_of_an_endpoint_share_half() {
        let pool = Pool::new(32, 0);
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
        let pool = Pool::new(1, 0);
        let slot = pool.try_take(&["e", "a"]).unwrap();
        assert!(pool.try_take(&["f", "b"]).is_none());
        drop(slot);
        assert!(pool.try_take(&["f", "b"]).is_some());
        assert_eq!((pool.use_now(), pool.held().keys().count()), ((0, 0), 0));
    }

    #[test]
    fn keys_on_probation_hold_one_slot_each_and_a_quarter_together() {
        let pool = Pool::new(8, 0);
        let probe = |key: Key| pool.try_probe(&[key], |_| true);
        let first = probe("a");
        assert!(first.is_some() && probe("a").is_none());
        let second = probe("b");
        assert!(second.is_some() && probe("c").is_none());
        drop(first);
        assert!(probe("c").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn slots_go_to_keys_by_turns() {
        let pool = Pool::new(4, 64);
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
        let pool = Pool::new(2, 2);
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
        let pool = Pool::new(2, 4);
        let slot = pool.try_take(&["a"]).unwrap();
        let mut waits = Box::pin(pool.take(&["a"], Duration::from_secs(5)));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(slot);
        assert_eq!(pool.use_now(), (1, 0));
        drop(waits);
        assert_eq!(pool.use_now(), (0, 0));
    }
}

//! The slots that share keys hold of a pool, and the rule that decides who may take one more.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Part of a pool that all keys on probation hold together, as a divisor. A higher one keeps more slots for keys that
/// answer; a lower one finds sooner which of many keys answer again.
const PROBATION_DIVISOR: usize = 4;

/// The slots of a pool, and the number that each share key holds.
#[derive(Clone, Debug)]
pub struct Held<K> {
    total: usize,
    taken: usize,
    by_key: HashMap<K, usize>,
    /// The slots of each path.
    by_path: HashMap<Vec<K>, usize>,
}

impl<K: Clone + Eq + Hash> Held<K> {
    /// Returns a pool without a taken slot.
    pub fn new(total: usize) -> Self {
        Self { total, taken: 0, by_key: HashMap::new(), by_path: HashMap::new() }
    }

    /// Returns the slots that a key holds.
    pub fn of(&self, key: &K) -> usize {
        self.by_key.get(key).copied().unwrap_or(0)
    }

    /// Returns the slots that are taken.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Returns the slots of the pool.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Returns the slots that are free, if some of those that are taken do not count.
    pub fn free_beside(&self, uncounted: usize) -> usize {
        self.total.saturating_add(uncounted).saturating_sub(self.taken)
    }

    /// Returns all keys that hold slots.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.by_key.keys()
    }

    /// Returns whether one more slot may be taken under a path of keys, the widest first. Each key must hold fewer slots
    /// than are free for it: a single key gets half of the pool, and some slots stay free however many keys there are. A
    /// key below another one has the half of that one for its pool.
    ///
    /// A key on probation, such as one with an open breaker, may hold a single slot, and all of them together a quarter of
    /// the pool.
    pub fn allows(&self, path: &[K], is_on_probation: impl Fn(&K) -> bool) -> bool {
        self.allows_beside(0, path, is_on_probation)
    }

    /// Returns the answer of [`Self::allows`] if some of the taken slots do not count.
    pub fn allows_beside(&self, uncounted: usize, path: &[K], is_on_probation: impl Fn(&K) -> bool) -> bool {
        let mut free = self.free_beside(uncounted);
        let mut share = self.total;
        for key in path {
            let held = self.of(key);
            if held >= free || (is_on_probation(key) && !self.allows_probe(key, &is_on_probation)) {
                return false;
            }
            share = share.div_ceil(2);
            // At least one, so that a key that holds a single slot of a small pool is judged by the pool.
            free = share.saturating_sub(held).max(1);
        }
        free > 0
    }

    fn allows_probe(&self, key: &K, is_on_probation: impl Fn(&K) -> bool) -> bool {
        // A path counts once, however many of its keys are on probation.
        let probed = self.by_path.keys().filter_map(|path| path.iter().find(|key| is_on_probation(key)));
        let probes = probed.collect::<HashSet<_>>().len();
        self.of(key) == 0 && probes < (self.total / PROBATION_DIVISOR).max(1)
    }

    /// Takes a slot under a path of keys, without a look at the shares.
    pub fn take(&mut self, path: &[K]) {
        self.taken += 1;
        for key in path {
            *self.by_key.entry(key.clone()).or_default() += 1;
        }
        *self.by_path.entry(path.to_vec()).or_default() += 1;
    }

    /// Gives a slot back.
    pub fn give_back(&mut self, path: &[K]) {
        self.taken = self.taken.saturating_sub(1);
        path.iter().for_each(|key| decrement(&mut self.by_key, key));
        decrement(&mut self.by_path, path);
    }
}

/// Decrements a count, and removes it at zero.
fn decrement<K: Eq + Hash + Borrow<Q>, Q: Eq + Hash + ?Sized>(counts: &mut HashMap<K, usize>, key: &Q) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

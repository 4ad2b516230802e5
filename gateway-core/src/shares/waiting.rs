//! The requests that wait for a slot of a pool.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;

use tokio::sync::oneshot;

use super::held::Held;

/// No slot: too many wait already, or none became free in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no slot was free in time")
    }
}

impl std::error::Error for Refused {}

/// The queue of a pool, in order of arrival.
#[derive(Debug)]
pub(super) struct Waiting<K> {
    queued: Held<K>,
    next: u64,
    entries: BTreeMap<u64, Entry<K>>,
}

#[derive(Debug)]
struct Entry<K> {
    path: Vec<K>,
    granted: oneshot::Sender<()>,
}

impl<K: Clone + Eq + Hash> Waiting<K> {
    pub(super) fn new(length: usize) -> Self {
        Self { queued: Held::new(length), next: 0, entries: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a request, unless the queue is full for one of its keys.
    pub(super) fn join(&mut self, path: &[K]) -> Result<(u64, oneshot::Receiver<()>), Refused> {
        if !self.queued.allows(path, |_| false) {
            return Err(Refused);
        }
        self.queued.take(path);
        let (granted, grant) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, Entry { path: path.to_vec(), granted });
        Ok((number, grant))
    }

    /// Removes a request; returns whether it still waited.
    pub(super) fn leave(&mut self, number: u64) -> bool {
        let entry = self.entries.remove(&number);
        if let Some(entry) = &entry {
            self.queued.give_back(&entry.path);
        }
        entry.is_some()
    }

    /// Grants free slots: each to the request whose keys hold the fewest slots, the oldest of those first. Returns the
    /// number of slots.
    pub(super) fn grant(&mut self, held: &mut Held<K>, is_on_probation: impl Fn(&K) -> bool) -> usize {
        let mut count = 0;
        while let Some(number) = self.next_turn(held, &is_on_probation) {
            let Some(entry) = self.entries.remove(&number) else { break };
            self.queued.give_back(&entry.path);
            held.take(&entry.path);
            // A request that has just given up gives the slot back.
            let _ = entry.granted.send(());
            count += 1;
        }
        count
    }

    /// Returns the request that gets the next free slot. Of each narrowest key only the oldest request is looked at.
    fn next_turn(&self, held: &Held<K>, is_on_probation: impl Fn(&K) -> bool) -> Option<u64> {
        let mut oldest = HashMap::<&K, (u64, &[K])>::new();
        for (number, entry) in &self.entries {
            if let Some(last) = entry.path.last() {
                oldest.entry(last).or_insert((*number, &entry.path));
            }
        }
        let allowed = oldest.into_values().filter(|(_, path)| held.allows(path, &is_on_probation));
        let shares = |path: &[K]| path.iter().map(|key| held.of(key)).collect::<Vec<_>>();
        allowed.min_by_key(|(number, path)| (shares(path), *number)).map(|(number, _)| number)
    }
}

//! Who may list now: no account takes every slot, nor do several whose clouds hang.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::id::TargetId;
use gateway_store::{Capacity, Claim, Fence, ShareKey};

/// How many slots there are, and who holds how many.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: usize,
    held: HashMap<ShareKey, usize>,
}

impl Places {
    /// A party may have one more as long as it holds fewer than are free: alone it comes to half of all, and however
    /// many wait for clouds that hang, a part stays for the others (with two of them a third).
    fn allow(&self, share_key: &ShareKey) -> bool {
        let held = self.held.get(share_key).copied().unwrap_or(0);
        held < self.all.saturating_sub(self.held.values().sum())
    }
}

impl Capacity for Places {
    fn full(&self) -> Vec<ShareKey> {
        self.held.keys().filter(|share_key| !self.allow(share_key)).copied().collect()
    }

    fn take(&mut self, share_key: ShareKey) -> bool {
        let allowed = self.allow(&share_key);
        if allowed {
            *self.held.entry(share_key).or_default() += 1;
        }
        allowed
    }
}

/// The slots of this process.
#[derive(Clone)]
pub(crate) struct Seats(Arc<Mutex<Taken>>);

struct Taken {
    places: Places,
    fences: HashMap<TargetId, Fence>,
}

/// A slot, for as long as it lives.
pub(crate) struct Seat {
    seats: Seats,
    share_key: ShareKey,
    target: TargetId,
}

impl Seats {
    pub(crate) fn new(all: usize) -> Self {
        let places = Places { all, held: HashMap::new() };
        Self(Arc::new(Mutex::new(Taken { places, fences: HashMap::new() })))
    }

    /// As they are now: what a claim asks for, since by then only more can be free.
    pub(crate) fn places(&self) -> Places {
        self.taken().places.clone()
    }

    /// The slot of a claim, for which there was a place.
    pub(crate) fn take(&self, claim: &Claim) -> Seat {
        let scope = &claim.target.scope;
        let (share_key, target) = ((scope.cloud, scope.holder), claim.target.id);
        let mut taken = self.taken();
        *taken.places.held.entry(share_key).or_default() += 1;
        taken.fences.insert(target, claim.fence);
        drop(taken);
        Seat { seats: self.clone(), share_key, target }
    }

    /// The leases under which somebody lists now.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        self.taken().fences.values().copied().collect()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Both maps are changed by single calls: a panic cannot leave them half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.fences.remove(&self.target);
        if let Some(count) = taken.places.held.get_mut(&self.share_key) {
            *count -= 1;
            if *count == 0 {
                taken.places.held.remove(&self.share_key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::id::{AccountId, CloudId, Holder};

    use super::*;

    /// Lets each of so many parties take in turns what it may have; tells how many each got.
    fn take_all(places: &mut Places, parties: usize) -> Vec<usize> {
        let cloud = CloudId::generate();
        let share_key = |n: usize| (cloud, Holder::Account(AccountId::derive(cloud, &n.to_string())));
        let mut counts = vec![0; parties];
        loop {
            let before: usize = counts.iter().sum();
            for (n, count) in counts.iter_mut().enumerate() {
                *count += usize::from(places.take(share_key(n)));
            }
            if counts.iter().sum::<usize>() == before {
                return counts;
            }
        }
    }

    #[test]
    fn a_party_alone_has_half_and_several_that_hang_leave_room() {
        for (parties, expected) in [(1, vec![8]), (2, vec![6, 5]), (4, vec![4, 3, 3, 3])] {
            let mut places = Places { all: 16, held: HashMap::new() };
            assert_eq!(take_all(&mut places, parties), expected);
            assert_eq!(places.full().len(), parties);
            // Another is served all the same.
            assert!(take_all(&mut places, 1)[0] >= 1, "beside {parties}");
        }
    }

    #[test]
    fn one_slot_is_enough_to_work_with() {
        let mut places = Places { all: 1, held: HashMap::new() };
        assert_eq!(take_all(&mut places, 3), [1, 0, 0]);
    }
}

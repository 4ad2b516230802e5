//! Who may list now: no account takes every slot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::id::{CloudId, TargetId};
use gateway_core::scope::Holder;
use gateway_store::{Claim, Fence};

/// Whose slots are counted together.
type Party = (CloudId, Holder);

#[derive(Default)]
struct Taken {
    by_party: HashMap<Party, usize>,
    fences: HashMap<TargetId, Fence>,
}

/// The slots of this process.
#[derive(Clone)]
pub(crate) struct Seats {
    each: usize,
    taken: Arc<Mutex<Taken>>,
}

/// A slot, for as long as it lives.
pub(crate) struct Seat {
    seats: Seats,
    party: Party,
    target: TargetId,
}

impl Seats {
    pub(crate) fn new(concurrency: usize) -> Self {
        Self { each: (concurrency / 2).max(2), taken: Arc::default() }
    }

    /// Those who have all that one party may have.
    pub(crate) fn full(&self) -> Vec<Party> {
        let taken = self.taken();
        taken.by_party.iter().filter(|(_, count)| **count >= self.each).map(|(party, _)| *party).collect()
    }

    /// A slot for this claim, if its party may have one more.
    pub(crate) fn take(&self, claim: &Claim) -> Option<Seat> {
        let party = (claim.target.scope.cloud, claim.target.scope.holder);
        let mut taken = self.taken();
        let count = taken.by_party.entry(party).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        taken.fences.insert(claim.target.id, claim.fence);
        drop(taken);
        Some(Seat { seats: self.clone(), party, target: claim.target.id })
    }

    /// The leases under which somebody lists now.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        self.taken().fences.values().copied().collect()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Both maps are changed by single calls: a panic cannot leave them half done.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.fences.remove(&self.target);
        if let Some(count) = taken.by_party.get_mut(&self.party) {
            *count -= 1;
            if *count == 0 {
                taken.by_party.remove(&self.party);
            }
        }
    }
}

//! The slots of this process for listings, by endpoint and holder, and the leases that are held in them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::id::TargetId;
use gateway_core::shares::{Breakers, CallCapacity, CallSlot, CallSlots, Endpoint};
use gateway_store::{Claim, Fence};

/// All slots of this process.
#[derive(Clone)]
pub(crate) struct ListingSlots {
    calls: CallSlots,
    fences: Arc<Mutex<HashMap<TargetId, Fence>>>,
}

/// A taken slot, given back on drop.
pub(crate) struct ListingSlot {
    slots: ListingSlots,
    target: TargetId,
    _slot: CallSlot,
}

impl ListingSlots {
    pub(crate) fn new(total: usize, breakers: Arc<Breakers>) -> Self {
        Self { calls: CallSlots::new("listings", total, breakers), fences: Arc::default() }
    }

    /// Returns the present capacity, for a claim: until the claim returns, slots can only be given back.
    pub(crate) fn capacity(&self) -> CallCapacity {
        self.calls.capacity()
    }

    /// Returns the number of slots that are free for a cloud that has none.
    pub(crate) fn free(&self) -> usize {
        self.calls.free()
    }

    /// Takes the slot of a claim that was made within the capacity.
    pub(crate) fn take(&self, claim: &Claim) -> ListingSlot {
        let (scope, target) = (&claim.target.scope, claim.target.id);
        let slot = self.calls.take(Endpoint::of_scope(scope), scope.holder);
        self.held().insert(target, claim.fence);
        ListingSlot { slots: self.clone(), target, _slot: slot }
    }

    /// Returns the leases of all listings under way.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        self.held().values().copied().collect()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<TargetId, Fence>> {
        // The map is changed by single calls: a panic cannot leave it half changed.
        self.fences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ListingSlot {
    fn drop(&mut self) {
        self.slots.held().remove(&self.target);
    }
}

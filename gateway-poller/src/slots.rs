//! The slots of this process for listings, and the fair shares of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::id::TargetId;
use gateway_store::{Capacity, Claim, Fence, ShareKey};

/// The number of slots, and the number that each share key holds.
#[derive(Clone, Debug)]
pub(crate) struct SlotCapacity {
    total: usize,
    held: HashMap<ShareKey, usize>,
}

impl SlotCapacity {
    /// Returns whether a share key may take one more slot: it must hold fewer slots than are free. A single key gets
    /// half of all slots; some slots stay free however many keys wait for a hung cloud.
    fn allows(&self, share_key: &ShareKey) -> bool {
        let held = self.held.get(share_key).copied().unwrap_or(0);
        held < self.total.saturating_sub(self.held.values().sum())
    }
}

impl Capacity for SlotCapacity {
    fn full(&self) -> Vec<ShareKey> {
        self.held.keys().filter(|share_key| !self.allows(share_key)).copied().collect()
    }

    fn take(&mut self, share_key: ShareKey) -> bool {
        let allowed = self.allows(&share_key);
        if allowed {
            *self.held.entry(share_key).or_default() += 1;
        }
        allowed
    }
}

/// All slots of this process.
#[derive(Clone)]
pub(crate) struct Slots(Arc<Mutex<Taken>>);

struct Taken {
    capacity: SlotCapacity,
    fences: HashMap<TargetId, Fence>,
}

/// A taken slot, given back on drop.
pub(crate) struct Slot {
    slots: Slots,
    share_key: ShareKey,
    target: TargetId,
}

impl Slots {
    pub(crate) fn new(total: usize) -> Self {
        let capacity = SlotCapacity { total, held: HashMap::new() };
        Self(Arc::new(Mutex::new(Taken { capacity, fences: HashMap::new() })))
    }

    /// Returns the present capacity, for a claim: until the claim returns, slots can only be given back.
    pub(crate) fn capacity(&self) -> SlotCapacity {
        self.taken().capacity.clone()
    }

    /// Takes the slot of a claim that was made within the capacity.
    pub(crate) fn take(&self, claim: &Claim) -> Slot {
        let scope = &claim.target.scope;
        let (share_key, target) = ((scope.cloud, scope.holder), claim.target.id);
        let mut taken = self.taken();
        *taken.capacity.held.entry(share_key).or_default() += 1;
        taken.fences.insert(target, claim.fence);
        drop(taken);
        Slot { slots: self.clone(), share_key, target }
    }

    /// Returns the leases of all listings under way.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        self.taken().fences.values().copied().collect()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Both maps are changed by single calls: a panic cannot leave them half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.fences.remove(&self.target);
        if let Some(count) = taken.capacity.held.get_mut(&self.share_key) {
            *count -= 1;
            if *count == 0 {
                taken.capacity.held.remove(&self.share_key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::id::{AccountId, CloudId, Holder};

    use super::*;

    /// Lets `keys` share keys take slots in turns until none may take more; returns the slots of each.
    fn take_all(capacity: &mut SlotCapacity, keys: usize) -> Vec<usize> {
        let cloud = CloudId::generate();
        let share_key = |n: usize| (cloud, Holder::Account(AccountId::derive(cloud, &n.to_string())));
        let mut counts = vec![0; keys];
        loop {
            let before: usize = counts.iter().sum();
            for (n, count) in counts.iter_mut().enumerate() {
                *count += usize::from(capacity.take(share_key(n)));
            }
            if counts.iter().sum::<usize>() == before {
                return counts;
            }
        }
    }

    #[test]
    fn one_share_key_gets_half_and_several_leave_a_free_slot() {
        for (keys, expected) in [(1, vec![8]), (2, vec![6, 5]), (4, vec![4, 3, 3, 3])] {
            let mut capacity = SlotCapacity { total: 16, held: HashMap::new() };
            assert_eq!(take_all(&mut capacity, keys), expected);
            assert_eq!(capacity.full().len(), keys);
            // Another share key still gets a slot.
            assert!(take_all(&mut capacity, 1)[0] >= 1, "beside {keys}");
        }
    }

    #[test]
    fn single_slot_can_be_taken() {
        let mut capacity = SlotCapacity { total: 1, held: HashMap::new() };
        assert_eq!(take_all(&mut capacity, 3), [1, 0, 0]);
    }
}

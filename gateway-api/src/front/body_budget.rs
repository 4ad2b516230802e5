//! The memory for bodies of requests that arrive or are in flight, divided among principals and peers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::slots::{ShareKey, overloaded};
use crate::http::problem::Problem;

/// The bytes of bodies that one front holds at once.
#[derive(Clone, Debug)]
pub(super) struct BodyBudget {
    total: usize,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    sum: usize,
    by_key: HashMap<ShareKey, usize>,
}

/// The bytes of one body, given back on drop.
#[derive(Debug)]
pub(super) struct Charge {
    budget: BodyBudget,
    key: ShareKey,
    bytes: usize,
}

impl BodyBudget {
    pub(super) fn new(total: usize) -> Self {
        Self { total, used: Arc::default() }
    }

    /// Begins to charge the bytes of a body to a share key.
    pub(super) fn charge(&self, key: ShareKey) -> Charge {
        Charge { budget: self.clone(), key, bytes: 0 }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        // Nothing panics between two changes that belong together.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Charge {
    /// Charges bytes that have arrived. Refuses them if the share key would hold more than remains free: one key gets half
    /// of the budget, and several leave some of it to others.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), Problem> {
        let mut used = self.budget.used();
        let held = used.by_key.get(&self.key).copied().unwrap_or(0) + bytes;
        if held + used.sum + bytes > self.budget.total {
            return Err(overloaded(
                "no memory is free for the bodies of your requests; wait for those in flight, or send it again later",
            ));
        }
        used.sum += bytes;
        used.by_key.insert(self.key, held);
        drop(used);
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut used = self.budget.used();
        used.sum -= self.bytes;
        if let Some(held) = used.by_key.get_mut(&self.key) {
            *held -= self.bytes;
            if *held == 0 {
                used.by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::id::PrincipalId;

    use super::*;

    #[test]
    fn one_key_gets_half_and_leaves_the_rest_to_others() {
        let budget = BodyBudget::new(1000);
        let keys = [(); 3].map(|()| ShareKey::Principal(PrincipalId::generate()));
        let mut flood = budget.charge(keys[0]);
        assert!(flood.add(500).is_ok());
        assert!(flood.add(1).is_err());
        let mut other = budget.charge(keys[1]);
        assert!(other.add(250).is_ok());
        assert!(other.add(1).is_err());
        assert!(budget.charge(keys[2]).add(100).is_ok(), "a third one is served, too");
    }

    #[test]
    fn charge_is_given_back() {
        let budget = BodyBudget::new(1000);
        let key = ShareKey::Principal(PrincipalId::generate());
        let (mut first, mut second) = (budget.charge(key), budget.charge(key));
        assert!(first.add(300).is_ok() && second.add(200).is_ok());
        assert!(second.add(1).is_err());
        drop(first);
        assert!(second.add(300).is_ok());
        drop(second);
        let used = budget.used();
        assert_eq!((used.sum, used.by_key.len()), (0, 0));
    }
}

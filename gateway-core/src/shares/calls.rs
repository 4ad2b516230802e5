//! The slots of one part of a process for calls to clouds, by endpoint and holder.

use std::sync::Arc;

use super::breaker::Breakers;
use super::call::{CallKey, Endpoint};
use super::capacity::CallCapacity;
use super::pool::{Pool, Slot};
use crate::id::Holder;

/// The slots of one part of a process for work that it finds by itself and that calls clouds.
#[derive(Clone, Debug)]
pub struct CallSlots {
    pool: Pool<CallKey>,
    breakers: Arc<Breakers>,
}

impl CallSlots {
    /// Creates slots with the name that their metrics carry. The breakers are those of the whole process.
    pub fn new(name: &'static str, total: usize, breakers: Arc<Breakers>) -> Self {
        Self { pool: Pool::of_calls(name, total, 0, Arc::clone(&breakers)), breakers }
    }

    /// Returns the capacity at this moment, for a search for due work. Until the work is started, slots can only be given
    /// back.
    pub fn capacity(&self) -> CallCapacity {
        CallCapacity::new(self.pool.held(), Arc::clone(&self.breakers))
    }

    /// Takes the slot of work that was found within the capacity.
    pub fn take(&self, endpoint: Endpoint, holder: Holder) -> Slot<CallKey> {
        self.pool.take_allowed(&CallKey::for_holder(endpoint, holder))
    }

    /// Returns the number of taken slots.
    pub fn taken(&self) -> usize {
        self.pool.use_now().0
    }
}

//! The slots of one part of a process for calls to clouds, by endpoint and holder.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use super::breaker::Breakers;
use super::call::{CallKey, Endpoint};
use super::capacity::CallCapacity;
use super::pool::{Pool, Slot};
use super::silence::Silence;
use crate::id::Holder;

/// Time without an answer of an endpoint after which a call to it is silent. Longer lets clouds that hang at once keep their
/// slots for longer; shorter makes the slots of slow clouds more than they are.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// The slots of one part of a process for work that it finds by itself and that calls clouds.
#[derive(Clone, Debug)]
pub struct CallSlots {
    pool: Pool<CallKey>,
    breakers: Arc<Breakers>,
    begun: Arc<Mutex<Begun>>,
}

/// The work under way.
#[derive(Debug, Default)]
struct Begun {
    next: u64,
    by_number: HashMap<u64, (Endpoint, Instant)>,
}

/// The slot of work that calls a cloud, given back on drop.
#[derive(Debug)]
pub struct CallSlot {
    begun: Arc<Mutex<Begun>>,
    number: u64,
    _slot: Slot<CallKey>,
}

impl CallSlots {
    /// Creates slots with the name that their metrics carry. The breakers are those of the whole process.
    pub fn new(name: &'static str, total: usize, breakers: Arc<Breakers>) -> Self {
        let pool = Pool::of_calls(name, total, 0, Arc::clone(&breakers));
        Self { pool, breakers, begun: Arc::default() }
    }

    /// Returns the capacity at this moment, for a search for due work. Until the work is started, slots can only be given
    /// back.
    pub fn capacity(&self) -> CallCapacity {
        let held = self.pool.held();
        let silence = self.silence(held.total());
        CallCapacity::new(held, silence, Arc::clone(&self.breakers))
    }

    /// Takes the slot of work that was found within the capacity.
    pub fn take(&self, endpoint: Endpoint, holder: Holder) -> CallSlot {
        let slot = self.pool.take_allowed(&CallKey::for_holder(endpoint.clone(), holder));
        let mut begun = lock(&self.begun);
        let number = begun.next;
        begun.next += 1;
        begun.by_number.insert(number, (endpoint, Instant::now()));
        CallSlot { begun: Arc::clone(&self.begun), number, _slot: slot }
    }

    /// Returns the number of taken slots, with those of silent calls.
    pub fn taken(&self) -> usize {
        self.pool.use_now().0
    }

    /// Returns the number of slots that are free for a cloud that has none.
    pub fn free(&self) -> usize {
        let held = self.pool.held();
        held.free_beside(self.silence(held.total()).beside(None))
    }

    /// Finds the calls whose endpoint has not answered since they began.
    fn silence(&self, slots: usize) -> Silence {
        let mut silence = Silence::new(slots);
        for (endpoint, since) in lock(&self.begun).by_number.values() {
            let key = CallKey::Endpoint(endpoint.clone());
            if since.elapsed() >= SILENT_AFTER && !self.breakers.was_answered_after(&key, *since) {
                silence.add(endpoint.cloud);
            }
        }
        silence
    }
}

impl Drop for CallSlot {
    fn drop(&mut self) {
        lock(&self.begun).by_number.remove(&self.number);
    }
}

fn lock(begun: &Mutex<Begun>) -> MutexGuard<'_, Begun> {
    // The map is changed by single calls: a panic cannot leave it half changed.
    begun.lock().unwrap_or_else(PoisonError::into_inner)
}

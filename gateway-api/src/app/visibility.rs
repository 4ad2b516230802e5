//! What principals may see, remembered for a moment and read once however many ask at the same time.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::PrincipalId;
use gateway_store::{Authority, Store};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Principals that are remembered. More costs memory, each as much as its targets; fewer costs queries.
const CAPACITY: usize = 10_000;

/// A reading, and when it was taken.
type Reading = Option<(Instant, Option<Arc<Authority>>)>;

/// One principal's place. Who holds the lock reads for all who wait for it.
type Slot = Arc<Mutex<Reading>>;

pub(crate) struct Authorities {
    store: Store,
    remember: Duration,
    slots: Cache<PrincipalId, Slot>,
}

impl Authorities {
    pub(crate) fn new(store: Store, remember: Duration) -> Self {
        Self { store, remember, slots: Cache::new(CAPACITY) }
    }

    /// What the principal may see; `None` when there is no such principal.
    pub(crate) async fn of(&self, principal: PrincipalId) -> Result<Option<Arc<Authority>>> {
        self.read(principal, |_| true).await
    }

    /// What the principal may see, as it stood when events had come at least as far as `position`.
    pub(crate) async fn covering(
        &self,
        principal: PrincipalId,
        position: i64,
    ) -> Result<Option<Arc<Authority>>> {
        self.read(principal, |known| known.position >= position).await
    }

    /// What the principal may see, as it stood at a moment of the database's clock or later.
    pub(crate) async fn read_since(
        &self,
        principal: PrincipalId,
        moment: Timestamp,
    ) -> Result<Option<Arc<Authority>>> {
        self.read(principal, |known| known.read_at >= moment).await
    }

    async fn read(
        &self,
        principal: PrincipalId,
        will_do: impl Fn(&Authority) -> bool,
    ) -> Result<Option<Arc<Authority>>> {
        let slot =
            self.slots.get_or_insert_with(&principal, || Ok::<_, gateway_core::Error>(Slot::default()))?;
        let mut reading = slot.lock().await;
        if let Some((taken, authority)) = &*reading
            && taken.elapsed() < self.remember
            && authority.as_deref().is_none_or(will_do)
        {
            return Ok(authority.clone());
        }
        // Age counts from before the reading: what changes while it runs is not missed for longer.
        let begun = Instant::now();
        let authority = self.store.authority(principal).await?.map(Arc::new);
        *reading = Some((begun, authority.clone()));
        Ok(authority)
    }

    /// The next request reads again. A reading under way ends in a slot that nobody will look at.
    pub(crate) fn forget(&self, principal: PrincipalId) {
        self.slots.remove(&principal);
    }

    pub(crate) fn forget_all(&self) {
        self.slots.clear();
    }
}

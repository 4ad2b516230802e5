//! A short-lived cache of what principals may see. Concurrent requests of one principal share one reading.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::PrincipalId;
use gateway_store::{Authority, Store};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Principals in the cache. A higher value costs memory, in proportion to the targets of each; a lower one costs
/// queries.
const CAPACITY: usize = 10_000;

/// A reading and the moment at which it began; the authority is none if there is no such principal.
type Reading = Option<(Instant, Option<Arc<Authority>>)>;

/// The entry of one principal. The holder of the lock reads the store for all that wait for it.
type Entry = Arc<Mutex<Reading>>;

/// A cache of the access of principals.
pub(crate) struct AuthorityCache {
    store: Store,
    life: Duration,
    entries: Cache<PrincipalId, Entry>,
}

impl AuthorityCache {
    /// Creates an empty cache that keeps each reading for `life`.
    pub(crate) fn new(store: Store, life: Duration) -> Self {
        Self { store, life, entries: Cache::new(CAPACITY) }
    }

    /// Returns the access of a principal; `None` if there is no such principal.
    pub(crate) async fn of(&self, principal: PrincipalId) -> Result<Option<Arc<Authority>>> {
        self.read(principal, |_| true).await
    }

    /// Returns the access of a principal, read when the log had reached at least `position`.
    pub(crate) async fn covering(
        &self,
        principal: PrincipalId,
        position: i64,
    ) -> Result<Option<Arc<Authority>>> {
        self.read(principal, |known| known.position >= position).await
    }

    /// Returns the access of a principal, read at a moment of the database's clock or later.
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
        is_sufficient: impl Fn(&Authority) -> bool,
    ) -> Result<Option<Arc<Authority>>> {
        let entry =
            self.entries.get_or_insert_with(&principal, || Ok::<_, gateway_core::Error>(Entry::default()))?;
        let mut reading = entry.lock().await;
        if let Some((begun, authority)) = &*reading
            && begun.elapsed() < self.life
            && authority.as_deref().is_none_or(is_sufficient)
        {
            return Ok(authority.clone());
        }
        // The age counts from before the reading, which may miss a change that is made while it runs.
        let begun = Instant::now();
        let authority = self.store.authority(principal).await?.map(Arc::new);
        *reading = Some((begun, authority.clone()));
        Ok(authority)
    }

    /// Drops the entry of a principal. A reading under way ends in an entry that no later request finds.
    pub(crate) fn forget(&self, principal: PrincipalId) {
        self.entries.remove(&principal);
    }

    /// Drops all entries.
    pub(crate) fn forget_all(&self) {
        self.entries.clear();
    }
}

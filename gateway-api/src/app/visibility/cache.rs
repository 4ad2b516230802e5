//! A cache of what principals may see. Concurrent requests of one principal share one reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::PrincipalId;
use gateway_store::{Store, Visibility};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::authority::Authority;

/// Principals in the cache. A higher value costs memory, in proportion to the accounts of each; a lower one costs
/// queries.
const CAPACITY: usize = 10_000;

/// The longest life of a visibility whose generation stays the same. It bounds the effect of a change of grants that did
/// not raise the generation, as a process of an earlier release makes it during an upgrade. A higher value delays such
/// a change; a lower one reads the grants of large principals more often.
const LONGEST_LIFE: Duration = Duration::from_secs(300);

/// The last readings of one principal. The holder of the lock reads the store for all that wait for it.
#[derive(Default)]
struct Entry {
    /// How often the reading was dropped. A reading counts for requests of the same number only.
    forgotten: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reading: Option<Reading>,
    /// Outlives the readings, as long as they show its generation.
    visibility: Option<(Instant, Arc<Visibility>)>,
}

/// A reading, the moment at which it began, and the number of drops before it.
struct Reading {
    begun: Instant,
    drops: u64,
    /// None if there is no such principal.
    authority: Option<Arc<Authority>>,
}

/// A cache of the access of principals.
///
/// The identity of a principal, which is small, is read again after `life` or a notice. It shows the generation of the
/// principal's visibility, which is read again only if that has changed.
pub(crate) struct AuthorityCache {
    store: Store,
    life: Duration,
    entries: Cache<PrincipalId, Arc<Entry>>,
    /// How often all readings were dropped.
    forgotten: AtomicU64,
}

impl AuthorityCache {
    /// Creates an empty cache that keeps each reading for `life`.
    pub(crate) fn new(store: Store, life: Duration) -> Self {
        Self { store, life, entries: Cache::new(CAPACITY), forgotten: AtomicU64::new(0) }
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
        self.read(principal, |known| known.position() >= position).await
    }

    /// Returns the access of a principal, read at a moment of the database's clock or later.
    pub(crate) async fn read_since(
        &self,
        principal: PrincipalId,
        moment: Timestamp,
    ) -> Result<Option<Arc<Authority>>> {
        self.read(principal, |known| known.identity.read_at >= moment).await
    }

    async fn read(
        &self,
        principal: PrincipalId,
        is_sufficient: impl Fn(&Authority) -> bool,
    ) -> Result<Option<Arc<Authority>>> {
        let entry = self
            .entries
            .get_or_insert_with(&principal, || Ok::<_, gateway_core::Error>(Arc::<Entry>::default()))?;
        let mut state = entry.state.lock().await;
        let drops = self.drops(&entry);
        if let Some(reading) = &state.reading
            && reading.drops == drops
            && reading.begun.elapsed() < self.life
            && reading.authority.as_deref().is_none_or(is_sufficient)
        {
            return Ok(reading.authority.clone());
        }
        // Age and drops count from before the reading, which may miss a change that is made while it runs.
        let begun = Instant::now();
        let authority = match self.store.identity(principal).await? {
            None => None,
            Some(identity) => {
                let visibility = self.visibility(&mut state, principal, identity.generation).await?;
                Some(Arc::new(Authority::new(identity, visibility, begun)))
            }
        };
        state.reading = Some(Reading { begun, drops, authority: authority.clone() });
        Ok(authority)
    }

    /// Returns the visibility of a generation that has just been read, or of a later one.
    async fn visibility(
        &self,
        state: &mut State,
        principal: PrincipalId,
        generation: i64,
    ) -> Result<Arc<Visibility>> {
        if let Some((read, known)) = &state.visibility
            && known.generation >= generation
            && read.elapsed() < LONGEST_LIFE
        {
            return Ok(Arc::clone(known));
        }
        let begun = Instant::now();
        let visibility = Arc::new(self.store.visibility(principal).await?);
        state.visibility = Some((begun, Arc::clone(&visibility)));
        Ok(visibility)
    }

    fn drops(&self, entry: &Entry) -> u64 {
        self.forgotten.load(Ordering::Acquire) + entry.forgotten.load(Ordering::Acquire)
    }

    /// Drops the reading of a principal. One under way answers no later request.
    pub(crate) fn forget(&self, principal: PrincipalId) {
        if let Some(entry) = self.entries.peek(&principal) {
            entry.forgotten.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Drops all readings.
    pub(crate) fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
    }
}

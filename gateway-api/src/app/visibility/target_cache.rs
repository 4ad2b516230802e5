//! A cache of the states of poll targets, one for all principals. It reads the targets of a holder once, and then only
//! what changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::error::{Error, Result};
use gateway_core::id::{CloudId, Holder, TargetId};
use gateway_store::{Store, TargetChange, TargetState};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::authority::Authority;
use super::scope_filter::ScopeFilter;
use super::targets::Targets;

/// Targets in the cache, which is emptied when it has more. A higher value costs memory, about 200 bytes each; a lower
/// one lets principals with many accounts read all their targets again.
const CAPACITY: usize = 500_000;

/// Time since the last reading after which the cache is emptied instead of brought up to date. A higher value lets the
/// first request after a pause read more changes; a lower one lets it read unchanged targets again.
const IDLE: Duration = Duration::from_secs(30);

/// How far each reading of changes looks back before the last one, because a change shows its time from before its
/// commit. Longer than a transaction takes from there to its commit: it may wait for three locks, for 10 s each, and
/// MariaDB ends it when it idles for 5 s. A higher value reads more changes twice, along an index.
const OVERLAP: Duration = Duration::from_secs(40);

/// Holders that are read at once. A higher value takes fewer statements; a lower one lets other requests in between.
const HOLDERS: usize = 500;

/// Attempts to find all holders of a request in the cache, which others may empty meanwhile.
const ATTEMPTS: usize = 5;

/// A holder at a cloud.
type Key = (CloudId, Holder);

/// The cache.
pub(crate) struct TargetCache {
    store: Store,
    life: Duration,
    /// The moment of the last reading of changes, and the database's time then. The holder of the lock is the only one
    /// that reads targets, so that no older reading replaces a later one.
    read: Mutex<Option<(Instant, Timestamp)>>,
    known: RwLock<Known>,
}

/// The targets of some holders.
#[derive(Default)]
struct Known {
    held: HashMap<Key, Vec<Arc<TargetState>>>,
    /// Holders of `held`, of whatever cloud.
    holders: HashSet<Holder>,
    /// The time of the change that each known target shows.
    changes: HashMap<TargetId, Timestamp>,
    /// Targets with a holder of `holders` at a cloud where it is not known: published ones of other clouds.
    others: HashSet<TargetId>,
}

impl TargetCache {
    /// Creates an empty cache that reads changes again after `life`.
    pub(crate) fn new(store: Store, life: Duration) -> Self {
        Self { store, life, read: Mutex::new(None), known: RwLock::default() }
    }

    /// Returns the targets of a filter that a caller may see, with their states of `since` or later.
    pub(crate) async fn select(
        &self,
        authority: &Authority,
        filter: &ScopeFilter,
        since: Option<Timestamp>,
    ) -> Result<Targets> {
        // Targets of a new grant were written before its generation.
        let since = since.max(Some(authority.visibility.read_at)).unwrap_or_default();
        for _ in 0..ATTEMPTS {
            self.read_changes(since).await?;
            let missing = match self.find(authority, filter) {
                Ok(targets) => return Ok(targets),
                Err(missing) => missing,
            };
            self.load(missing).await?;
        }
        Err(Error::unavailable("the states of the targets do not stay in memory"))
    }

    /// Returns the targets of a filter, or the holders whose targets are not known.
    fn find(&self, authority: &Authority, filter: &ScopeFilter) -> Result<Targets, Vec<Key>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (mut targets, mut missing) = (Vec::new(), Vec::new());
        for holder in filter.holders(&authority.visibility) {
            match known.held.get(&holder.key()) {
                None => missing.push(holder.key()),
                Some(held) => {
                    let shown = held.iter().filter(|target| filter.matches(target) && holder.shows(target));
                    targets.extend(shown.cloned());
                }
            }
        }
        if missing.is_empty() { Ok(Targets::new(targets)) } else { Err(missing) }
    }

    /// Reads the changes of known targets, unless that was done at `since` or later and not long ago.
    async fn read_changes(&self, since: Timestamp) -> Result<()> {
        let mut read = self.read.lock().await;
        let begun = Instant::now();
        let Some((at, before)) = *read else {
            *read = Some((begun, self.store.now().await?));
            return Ok(());
        };
        if at.elapsed() < self.life && before >= since {
            return Ok(());
        }
        if at.elapsed() > IDLE {
            self.clear();
            *read = Some((begun, self.store.now().await?));
            return Ok(());
        }
        let (now, changes) = self.store.target_changes(before.minus(OVERLAP)).await?;
        if now < before {
            // The database's clock was set back: what changes now shows times that were read before.
            self.clear();
            *read = Some((begun, now));
            return Ok(());
        }
        let news: Vec<_> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            changes.iter().filter(|change| known.lacks(change)).map(|change| change.id).collect()
        };
        if !news.is_empty() {
            let states = self.store.target_states(news).await?;
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            states.into_iter().for_each(|state| known.put(state));
        }
        *read = Some((begun, now));
        Ok(())
    }

    /// Reads the targets of holders that are not known.
    async fn load(&self, missing: Vec<Key>) -> Result<()> {
        let targets = self.known.read().unwrap_or_else(PoisonError::into_inner).changes.len();
        if targets >= CAPACITY {
            self.clear();
        }
        for holders in missing.chunks(HOLDERS) {
            let _read = self.read.lock().await;
            let states = self.store.target_states_of(holders.to_vec()).await?;
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.others.clear();
            for key in holders {
                known.held.insert(*key, Vec::new());
                known.holders.insert(key.1);
            }
            states.into_iter().for_each(|state| known.put(state));
        }
        Ok(())
    }

    fn clear(&self) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }
}

impl Known {
    /// Returns whether a change is to be read.
    fn lacks(&self, change: &TargetChange) -> bool {
        self.holders.contains(&change.holder)
            && !self.others.contains(&change.id)
            && self.changes.get(&change.id) != Some(&change.changed_at)
    }

    /// Adds or replaces a target, if its holder is known.
    fn put(&mut self, state: TargetState) {
        let Some(held) = self.held.get_mut(&(state.cloud, state.holder)) else {
            self.others.insert(state.id);
            return;
        };
        self.changes.insert(state.id, state.changed_at);
        match held.iter_mut().find(|known| known.id == state.id) {
            Some(known) => *known = Arc::new(state),
            None => held.push(Arc::new(state)),
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::id::Region;
    use gateway_store::TargetStatus;

    use super::*;

    fn published(id: i64, cloud: CloudId) -> TargetState {
        TargetState {
            id: TargetId(id),
            cloud,
            region: Region::new("r1"),
            holder: Holder::Global,
            kind: Kind::Image,
            as_of: None,
            status: TargetStatus::Fresh,
            reason: None,
            interval_ms: 0,
            changed_at: Timestamp(id),
        }
    }

    #[test]
    fn changes_of_what_other_clouds_publish_are_read_once() {
        let (mine, other) = (CloudId::generate(), CloudId::generate());
        let mut known = Known::default();
        known.held.insert((mine, Holder::Global), Vec::new());
        known.holders.insert(Holder::Global);
        let change =
            |id, at| TargetChange { id: TargetId(id), holder: Holder::Global, changed_at: Timestamp(at) };
        for (id, cloud) in [(1, mine), (2, other)] {
            assert!(known.lacks(&change(id, id)));
            known.put(published(id, cloud));
            assert!(!known.lacks(&change(id, id)));
        }
        assert!(known.lacks(&change(1, 3)));
        assert!(!known.lacks(&change(2, 3)));
    }
}

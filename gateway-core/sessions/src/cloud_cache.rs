//! The registered clouds, cached for a short time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::CloudId;
use gateway_store::{Cloud, Store};
use tokio::time::Instant;

/// Wait between two reads of the list for clouds that are not in it. Longer saves queries; shorter finds a new cloud
/// sooner.
const REREAD: Duration = Duration::from_secs(1);

/// Time after which the list is read again, so that a changed registration is noticed. Longer saves queries; shorter notices
/// a change sooner.
const LIFE: Duration = Duration::from_secs(30);

/// A registered cloud and the name of its driver.
#[derive(Clone, Debug)]
pub struct RegisteredCloud {
    /// The registration.
    pub spec: Arc<CloudSpec>,
    /// The name of the driver.
    pub driver: Arc<str>,
}

#[derive(Default)]
struct Cached {
    clouds: HashMap<CloudId, RegisteredCloud>,
    read_at: Option<Instant>,
}

/// Registered clouds by id. The list is read again when an unknown id is asked for, and when it is old.
pub struct CloudCache {
    store: Store,
    cached: Mutex<Cached>,
}

impl std::fmt::Debug for CloudCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudCache").field("clouds", &self.cached().clouds.len()).finish_non_exhaustive()
    }
}

impl CloudCache {
    /// Returns an empty cache.
    pub fn new(store: Store) -> Self {
        Self { store, cached: Mutex::default() }
    }

    /// Returns the cloud of that id. The registration is the same `Arc` for as long as it does not change.
    ///
    /// # Errors
    /// `NotFound` for an id that is not registered; Unavailable without a database, for an id that is not cached.
    pub async fn get(&self, id: CloudId) -> Result<RegisteredCloud> {
        let unknown = || Error::new(ErrorKind::NotFound, "the cloud is not registered").with("cloud", id);
        let known = {
            let mut cached = self.cached();
            let known = cached.clouds.get(&id).cloned();
            let life = if known.is_some() { LIFE } else { REREAD };
            if cached.read_at.is_some_and(|at| at.elapsed() < life) {
                return known.ok_or_else(unknown);
            }
            if known.is_some() {
                // One caller reads the list; the others go on with what is known.
                cached.read_at = Some(Instant::now());
            }
            known
        };
        match (self.read().await, known) {
            (Ok(()), _) => self.cached().clouds.get(&id).cloned().ok_or_else(unknown),
            (Err(error), Some(known)) => {
                tracing::debug!(cloud = %id, error = error.chain(), "registrations of clouds were not read again");
                Ok(known)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Reads the list.
    async fn read(&self) -> Result<()> {
        let list = self.store.cloud_list().await?;
        let mut cached = self.cached();
        let mut clouds = HashMap::with_capacity(list.len());
        for Cloud { spec, driver, .. } in list {
            let same = |known: &&RegisteredCloud| *known.spec == spec && *known.driver == *driver;
            let known = cached.clouds.get(&spec.id).filter(same).cloned();
            let id = spec.id;
            let read = || RegisteredCloud { driver: driver.into(), spec: Arc::new(spec) };
            clouds.insert(id, known.unwrap_or_else(read));
        }
        *cached = Cached { clouds, read_at: Some(Instant::now()) };
        Ok(())
    }

    /// Returns the name of a cloud that was read before, for metrics.
    pub fn name(&self, id: CloudId) -> String {
        self.cached().clouds.get(&id).map_or_else(|| "unknown".to_owned(), |cloud| cloud.spec.name.clone())
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        // The map is replaced as a whole: a panic cannot leave it half changed.
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

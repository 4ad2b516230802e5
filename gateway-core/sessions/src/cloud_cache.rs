//! The registered clouds, cached for the life of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::CloudId;
use gateway_store::Store;
use tokio::time::Instant;

/// Wait between two reads of the list for clouds that are not in it. Longer saves queries; shorter finds a new cloud
/// sooner.
const REREAD: Duration = Duration::from_secs(1);

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

/// Registered clouds by id. The list is read again when an unknown id is asked for.
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

    /// Returns the cloud of that id.
    ///
    /// # Errors
    /// `NotFound` for an id that is not registered; Unavailable without a database.
    pub async fn get(&self, id: CloudId) -> Result<RegisteredCloud> {
        let unknown = || Error::new(ErrorKind::NotFound, "the cloud is not registered").with("cloud", id);
        {
            let cached = self.cached();
            if let Some(cloud) = cached.clouds.get(&id) {
                return Ok(cloud.clone());
            }
            if cached.read_at.is_some_and(|at| at.elapsed() < REREAD) {
                return Err(unknown());
            }
        }
        let list = self.store.cloud_list().await?;
        let mut cached = self.cached();
        cached.read_at = Some(Instant::now());
        cached.clouds = list
            .into_iter()
            .map(|cloud| {
                (cloud.spec.id, RegisteredCloud { driver: cloud.driver.into(), spec: Arc::new(cloud.spec) })
            })
            .collect();
        cached.clouds.get(&id).cloned().ok_or_else(unknown)
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

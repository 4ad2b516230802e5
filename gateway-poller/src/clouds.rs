//! The registered clouds, remembered for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::CloudId;
use gateway_store::Store;
use tokio::time::Instant;

/// How long a cloud that is not known is not asked for again. Longer spares queries; shorter finds a new
/// cloud sooner.
const PATIENCE: Duration = Duration::from_secs(1);

/// A cloud and the name of the driver that it needs.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) spec: Arc<CloudSpec>,
    pub(crate) driver: Arc<str>,
}

#[derive(Default)]
struct Known {
    clouds: HashMap<CloudId, Registered>,
    read_at: Option<Instant>,
}

/// Clouds by id; read again when one is asked for that is not known yet.
pub(crate) struct Clouds {
    store: Store,
    known: Mutex<Known>,
}

impl Clouds {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The cloud of that id.
    pub(crate) async fn get(&self, id: CloudId) -> Result<Registered> {
        let unknown = || Error::new(ErrorKind::NotFound, "the cloud is not registered").with("cloud", id);
        {
            let known = self.known();
            if let Some(cloud) = known.clouds.get(&id) {
                return Ok(cloud.clone());
            }
            if known.read_at.is_some_and(|at| at.elapsed() < PATIENCE) {
                return Err(unknown());
            }
        }
        let list = self.store.cloud_list().await?;
        let mut known = self.known();
        known.read_at = Some(Instant::now());
        known.clouds = list
            .into_iter()
            .map(|cloud| {
                (cloud.spec.id, Registered { driver: cloud.driver.into(), spec: Arc::new(cloud.spec) })
            })
            .collect();
        known.clouds.get(&id).cloned().ok_or_else(unknown)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // It is replaced whole: a panic cannot leave it half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

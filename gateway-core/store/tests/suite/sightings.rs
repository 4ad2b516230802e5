//! Sightings of instances.

use gateway_core::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::id::{AccountId, CloudId, Holder, ResourceId, Scope, TargetId};
use gateway_core::kind::{Instance, InstanceState};
use gateway_store::{Applied, Observation, Sighting, Store, WriteGuard};
use serde_json::json;

use crate::fixtures::{INSTANCE, region};

pub use InstanceState::{Running, Stopped};

/// Instances of one target without a row: a direct write guard needs none.
#[derive(Clone)]
pub struct Instances {
    pub store: Store,
    pub target: TargetId,
    pub scope: Scope,
}

impl Instances {
    pub fn new(store: &Store, target: i64) -> Self {
        let cloud = CloudId(uuid::Uuid::from_u128(1));
        let holder = Holder::Account(AccountId::derive(cloud, "demo"));
        Self {
            store: store.clone(),
            target: TargetId(target),
            scope: Scope { cloud, region: region("r1"), holder },
        }
    }

    pub fn id(&self, key: &str) -> ResourceId {
        ResourceId::derive(self.scope.cloud, &self.scope.region, INSTANCE, key)
    }

    /// Returns an observation as of `at`.
    pub fn seen(&self, at: i64, sightings: Vec<Sighting>) -> Observation {
        let (target, scope) = (self.target, self.scope.clone());
        Observation { target, scope, kind: INSTANCE, as_of: Timestamp(at), sightings }
    }

    pub async fn apply(&self, at: i64, sightings: Vec<Sighting>) -> Applied {
        self.store.apply(WriteGuard::Direct, self.seen(at, sightings)).await.unwrap()
    }

    /// Applies running instances, named by their keys.
    pub async fn fill(&self, keys: impl IntoIterator<Item = String>) {
        self.apply(1, keys.into_iter().map(|key| present(&key, Running)).collect()).await;
    }

    pub fn gone(&self, key: &str) -> Sighting {
        Sighting::Gone(self.id(key))
    }
}

/// Returns an instance as a cloud showed it; its name is its key.
pub fn instance(key: &str, state: InstanceState) -> Observed {
    let raw = json!({"id": key, "status": format!("{state:?}")});
    Observed::new(key, key, &Instance::default(), raw).unwrap().with_state(state, format!("{state:?}"))
}

pub fn present(key: &str, state: InstanceState) -> Sighting {
    Sighting::Present(Box::new(instance(key, state)))
}

/// Returns a running instance with a note among its tags.
pub fn noted(key: &str, note: &str) -> Sighting {
    let mut seen = instance(key, Running);
    seen.tags.insert("note".to_owned(), note.to_owned());
    Sighting::Present(Box::new(seen))
}

pub fn applied(created: usize, changed: usize, deleted: usize, unchanged: usize, refused: usize) -> Applied {
    Applied { created, changed, deleted, unchanged, refused }
}

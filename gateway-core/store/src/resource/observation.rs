//! Observations of resources, and the right to apply them.

use gateway_core::document::observation::Observed;
use gateway_core::id::{ResourceId, Scope, TargetId};
use gateway_core::{Kind, Timestamp};

use crate::target::{Fence, Target};

/// The right to apply an observation.
#[derive(Clone, Copy, Debug)]
pub enum WriteGuard {
    /// A lease on the target; refused once another process has it.
    Lease(Fence),
    /// A single read or write that was done just now.
    Direct,
}

/// A record as a cloud showed it.
#[derive(Clone, Debug)]
pub enum Sighting {
    /// The resource exists.
    Present(Box<Observed>),
    /// The resource is proven gone.
    Gone(ResourceId),
}

/// A batch of sightings of one target.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Target.
    pub target: TargetId,
    /// Scope of the target.
    pub scope: Scope,
    /// Kind of the target.
    pub kind: Kind,
    /// Database time before the cloud was asked. Later observations win.
    pub as_of: Timestamp,
    /// Sightings; a few hundred at most, since all are applied in one transaction.
    pub sightings: Vec<Sighting>,
}

impl Observation {
    /// Creates an observation of a target.
    pub fn of(target: &Target, as_of: Timestamp, sightings: Vec<Sighting>) -> Self {
        Self { target: target.id, scope: target.scope.clone(), kind: target.kind, as_of, sightings }
    }

    /// Returns the id of a sighted resource.
    pub(super) fn id_of(&self, sighting: &Sighting) -> ResourceId {
        match sighting {
            Sighting::Gone(id) => *id,
            Sighting::Present(seen) => {
                ResourceId::derive(self.scope.cloud, &self.scope.region, self.kind, &seen.native_key)
            }
        }
    }
}

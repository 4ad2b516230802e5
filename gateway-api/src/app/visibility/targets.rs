//! The visible poll targets of a request.

use std::sync::Arc;

use gateway_core::id::TargetId;
use gateway_store::TargetState;

/// Targets in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets(Vec<Arc<TargetState>>);

impl Targets {
    pub(super) fn new(mut targets: Vec<Arc<TargetState>>) -> Self {
        targets.sort_unstable_by_key(|target| target.id);
        Self(targets)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &TargetState> + Clone {
        self.0.iter().map(|target| &**target)
    }

    /// Returns the numbers of the targets, in ascending order.
    pub(crate) fn ids(&self) -> Vec<TargetId> {
        self.iter().map(|target| target.id).collect()
    }

    /// Returns the target with a number.
    pub(crate) fn get(&self, id: TargetId) -> Option<&TargetState> {
        let index = self.0.binary_search_by_key(&id, |target| target.id).ok()?;
        self.0.get(index).map(|target| &**target)
    }
}

//! The calls of a pool whose clouds are silent.

use std::collections::HashMap;

use crate::id::CloudId;

/// Silent calls that take no slot of other clouds, as a multiple of the slots. Higher lets more clouds hang at once without
/// delaying others; each such call costs a task and a connection.
const OF_SLOTS: usize = 2;

/// The calls that have waited for some time for an endpoint that has answered no call since. They only wait, so that they
/// count as held for their own cloud, and not for others, up to a limit.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    limit: usize,
    total: usize,
    of_clouds: HashMap<CloudId, usize>,
}

impl Silence {
    /// Returns the silence of a pool of so many slots, without a silent call.
    pub(super) fn new(slots: usize) -> Self {
        Self { limit: slots.saturating_mul(OF_SLOTS), total: 0, of_clouds: HashMap::new() }
    }

    /// Adds a silent call.
    pub(super) fn add(&mut self, cloud: CloudId) {
        self.total += 1;
        *self.of_clouds.entry(cloud).or_default() += 1;
    }

    /// Returns the number of taken slots that do not count for a cloud; for a cloud without any call if there is none.
    pub(super) fn beside(&self, cloud: Option<CloudId>) -> usize {
        let own = cloud.and_then(|cloud| self.of_clouds.get(&cloud)).copied().unwrap_or(0);
        (self.total - own).min(self.limit)
    }
}

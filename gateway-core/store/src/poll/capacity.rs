//! The capacity of a process for listings, divided among share keys.

use gateway_core::id::{CloudId, Holder, Scope};

/// Key of a share of the capacity: one account, or the published resources of one cloud.
pub type ShareKey = (CloudId, Holder);

/// Returns the share key of a scope.
pub(super) fn share_key(scope: &Scope) -> ShareKey {
    (scope.cloud, scope.holder)
}

/// The free slots of a process for listings. A claim takes them from a copy.
pub trait Capacity: Clone + Send + 'static {
    /// Returns the share keys without a free slot; their targets are left out.
    fn full(&self) -> Vec<ShareKey>;

    /// Takes a slot if one is free for the share key. The first call for a key that is not full succeeds.
    fn take(&mut self, share_key: ShareKey) -> bool;
}

/// A capacity without limit.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

impl Capacity for Unlimited {
    fn full(&self) -> Vec<ShareKey> {
        Vec::new()
    }

    fn take(&mut self, _share_key: ShareKey) -> bool {
        true
    }
}

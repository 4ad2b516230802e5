//! The authority of a caller: who it is, and what it may see.

use std::sync::Arc;

use gateway_core::Timestamp;
use gateway_store::{Client, Identity, Visibility};
use tokio::time::Instant;

/// The identity and visibility of a principal, as of one moment. Neither grows with the targets that it may see.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) identity: Identity,
    pub(crate) visibility: Arc<Visibility>,
    /// The moment before the identity was read.
    begun: Instant,
}

impl Authority {
    /// Joins an identity with the visibility of its generation or a later one.
    pub(super) fn new(identity: Identity, visibility: Arc<Visibility>, begun: Instant) -> Self {
        Self { identity, visibility, begun }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.identity.client
    }

    /// Returns the last position of the log when the identity was read.
    pub(crate) fn position(&self) -> i64 {
        self.identity.position
    }

    /// Estimates the database's time by the time since the reading.
    pub(crate) fn now(&self) -> Timestamp {
        self.identity.read_at.plus(self.begun.elapsed())
    }

    /// Returns the name of a cloud with a live grant.
    pub(crate) fn cloud_name(&self, cloud: gateway_core::id::CloudId) -> Option<&str> {
        self.visibility.cloud(cloud).map(|cloud| cloud.name.as_str())
    }
}

//! The state that all parts of one poller share.

use std::sync::Arc;

use gateway_bus::Bus;
use gateway_core::config;
use gateway_core::error::Result;
use gateway_core::id::ProcessId;
use gateway_core::shares::{Breakers, CallCapacity};
use gateway_sessions::Sessions;
use gateway_store::{Claim, Store};

use crate::clock_report::ClockReport;

/// Everything that listings and verifications of this process need.
pub(crate) struct PollerContext {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) config: config::Poller,
    pub(crate) sessions: Sessions,
    pub(crate) clock_report: ClockReport,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) process: ProcessId,
}

impl PollerContext {
    /// Claims due targets, as many as the limit and the capacity allow.
    pub(crate) async fn claim(&self, limit: usize, capacity: CallCapacity) -> Result<Vec<Claim>> {
        self.store.targets_claim_within(self.process, self.config.lease(), limit, capacity).await
    }
}

//! The parts that all requests of a front share.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::{Bus, Envelope, Reply, RequestError, WorkClass};
use gateway_core::access::keyring::Keyring;
use gateway_core::config::Front as Config;
use gateway_core::probe::Probe;
use gateway_core::{Clock, Timestamp};

use super::attempts::Attempts;
use super::body_budget::BodyBudget;
use super::readiness;
use super::refusal_log::RefusalLog;
use super::slots::Slots;
use crate::keyring::KeyringHandle;

/// The bus, the keys, the clock, the shares and the limits of a front.
pub(super) struct FrontContext {
    bus: Arc<dyn Bus>,
    keyring: KeyringHandle,
    clock: Arc<dyn Clock>,
    pub(super) readiness: Probe,
    pub(super) slots: Slots,
    pub(super) bodies: BodyBudget,
    pub(super) attempts: Arc<Attempts>,
    pub(super) refusals: Arc<RefusalLog>,
    pub(super) upload_limit: u64,
    /// The longest time without progress of an upload.
    pub(super) upload_stall: Duration,
    pub(super) max_body: usize,
    pub(super) request_timeout: Duration,
    check_timeout: Duration,
}

impl FrontContext {
    pub(super) fn new(
        config: &Config,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let refusals = Arc::default();
        Self {
            readiness: readiness::probe(Arc::clone(&bus), Arc::clone(&clock)),
            bus,
            keyring,
            clock,
            slots: Slots::new(config),
            bodies: BodyBudget::new(config.max_body_memory_bytes),
            attempts: Attempts::new(&refusals),
            refusals,
            upload_limit: config.upload_limit_bytes,
            upload_stall: Duration::from_secs(config.upload_stall_seconds),
            max_body: config.max_body_bytes,
            request_timeout: Duration::from_secs(config.request_timeout_seconds),
            check_timeout: Duration::from_secs(config.check_timeout_seconds),
        }
    }

    /// Sends a request over the bus and waits for the reply.
    pub(super) async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        self.bus.request(class, envelope).await
    }

    pub(super) fn keyring(&self) -> Arc<Keyring> {
        self.keyring.get()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the time that a request of this class may take.
    pub(super) fn timeout(&self, class: WorkClass) -> Duration {
        match class {
            WorkClass::Read | WorkClass::Write => self.request_timeout,
            WorkClass::Check | WorkClass::Refresh => self.check_timeout,
        }
    }
}

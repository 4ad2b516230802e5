//! What the API works with.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::{Bus, Nudge};
use gateway_core::Clock;
use gateway_core::config::{self, Config};
use gateway_core::driver::{Drivers, SessionContext};
use gateway_core::id::PrincipalId;
use gateway_store::Store;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::authorities::Authorities;
use super::watcher::Watcher;
use crate::keyring::KeyringHandle;
use crate::operations::Operations;

/// What the composition root gives the API.
#[derive(Clone)]
pub struct ApiParts {
    /// The store.
    pub store: Store,
    /// The bus, for nudges.
    pub bus: Arc<dyn Bus>,
    /// The gateway's keys.
    pub keyring: KeyringHandle,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The drivers of this build.
    pub drivers: Drivers,
    /// What sessions that prove credentials work with.
    pub link: SessionContext,
    /// How operations are worked on.
    pub operations: config::Operations,
    /// Life of a token.
    pub token_life: Duration,
    /// How long what a principal may see is remembered.
    pub authority_life: Duration,
    /// After how long a grant is verified again.
    pub verify_after: Duration,
}

impl std::fmt::Debug for ApiParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiParts").field("drivers", &self.drivers).finish_non_exhaustive()
    }
}

impl ApiParts {
    /// The parts, their durations as configured.
    pub fn new(
        config: &Config,
        store: Store,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        clock: Arc<dyn Clock>,
        drivers: Drivers,
        link: SessionContext,
    ) -> Self {
        Self {
            store,
            bus,
            keyring,
            clock,
            drivers,
            link,
            operations: config.operations.clone(),
            token_life: Duration::from_secs(config.handler.token_seconds),
            authority_life: Duration::from_millis(config.handler.authority_milliseconds),
            verify_after: Duration::from_secs(config.poller.verify_seconds),
        }
    }
}

/// What every request of the API shares.
pub struct Api {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) keyring: KeyringHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) drivers: Drivers,
    pub(crate) link: SessionContext,
    pub(crate) authorities: Authorities,
    pub(crate) watcher: Watcher,
    pub(crate) operations: Arc<Operations>,
    pub(crate) keep_operations: Duration,
    pub(crate) token_life: Duration,
    pub(crate) verify_after: Duration,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("drivers", &self.drivers).finish_non_exhaustive()
    }
}

impl Api {
    /// The state for one process.
    pub fn new(parts: ApiParts) -> Arc<Self> {
        Arc::new(Self {
            authorities: Authorities::new(parts.store.clone(), parts.authority_life),
            watcher: Watcher::new(parts.store.clone(), Arc::clone(&parts.bus)),
            operations: Operations::new(
                parts.store.clone(),
                Arc::clone(&parts.bus),
                parts.keyring.clone(),
                Arc::clone(&parts.clock),
                parts.drivers.clone(),
                Arc::clone(&parts.link.skew),
                &parts.operations,
            ),
            keep_operations: Duration::from_secs(parts.operations.keep_days.saturating_mul(86_400)),
            token_life: parts.token_life,
            verify_after: parts.verify_after,
            store: parts.store,
            bus: parts.bus,
            keyring: parts.keyring,
            clock: parts.clock,
            drivers: parts.drivers,
            link: parts.link,
        })
    }

    /// Forgets what others say has changed, until `stop`.
    pub async fn follow_nudges(&self, stop: CancellationToken) {
        let mut nudges = self.bus.nudges();
        while let Some(nudge) = stop.run_until_cancelled(nudges.recv()).await {
            match nudge {
                Ok(Nudge::Authority { principal }) => self.authorities.forget(principal),
                Ok(_) => {}
                // Some were missed: what is remembered is not to be trusted.
                Err(RecvError::Lagged(_)) => self.authorities.forget_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Takes up operations that nobody works on until `stop`, and then waits for those that are worked on here.
    pub async fn reconcile(&self, stop: CancellationToken) {
        self.operations.reconcile(self.keep_operations, stop).await;
        self.operations.drain().await;
    }

    /// What a principal may see has changed: here and in every other process.
    pub(crate) async fn authority_changed(&self, principal: PrincipalId) {
        self.authorities.forget(principal);
        self.bus.nudge(Nudge::Authority { principal }).await;
    }
}

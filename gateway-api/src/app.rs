//! The application layer: the logic behind every API of the gateway. It knows no HTTP; each API dialect turns its
//! types and its [`Error`] into its own documents.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod command;
pub(crate) mod error;
pub(crate) mod health;
pub(crate) mod operation;
pub(crate) mod read;
pub(crate) mod refresh;
pub(crate) mod shares;
pub(crate) mod visibility;

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::sealing::seal_header;
use gateway_bus::{Bus, Nudge};
use gateway_core::Clock;
use gateway_core::config::{self, Config};
use gateway_core::driver::{Drivers, SessionContext};
use gateway_core::id::PrincipalId;
use gateway_core::probe::Probe;
use gateway_core::shares::Breakers;
use gateway_sessions::TokenCache;
use gateway_store::Store;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use error::{Error, Result};

use crate::keyring::KeyringHandle;
pub use operation::AnswerStatus;
use operation::{OperationParts, Operations};
use refresh::Watcher;
use shares::Shares;
use visibility::{AuthorityCache, TargetCache};

/// The ports and settings that the composition root hands to [`App`].
#[derive(Clone)]
pub struct AppParts {
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
    /// The context of the sessions in which credentials are checked.
    pub session_context: SessionContext,
    /// The endpoints that do not answer, known to all roles of the process.
    pub breakers: Arc<Breakers>,
    /// The tokens of the process.
    pub tokens: Arc<TokenCache>,
    /// The status numbers of operations, as the API defines them.
    pub answer_status: AnswerStatus,
    /// Times of the operation engine.
    pub operations: config::Operations,
    /// Requests that the process works on at once.
    pub concurrency: usize,
    /// Life of a token.
    pub token_life: Duration,
    /// Longest time for which the access of a principal is cached.
    pub authority_life: Duration,
    /// Time until a grant is verified again.
    pub verify_after: Duration,
}

impl std::fmt::Debug for AppParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppParts").field("drivers", &self.drivers).finish_non_exhaustive()
    }
}

impl AppParts {
    /// Creates the parts with the durations of the configuration.
    pub fn new(
        config: &Config,
        store: Store,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        drivers: Drivers,
        session_context: SessionContext,
        answer_status: AnswerStatus,
    ) -> Self {
        Self {
            store,
            bus,
            keyring,
            clock: Arc::clone(&session_context.clock),
            drivers,
            session_context,
            breakers: Arc::default(),
            tokens: Arc::default(),
            answer_status,
            concurrency: config.handler.concurrency,
            operations: config.operations.clone(),
            token_life: Duration::from_secs(config.handler.token_seconds),
            authority_life: Duration::from_millis(config.handler.authority_milliseconds),
            verify_after: Duration::from_secs(config.poller.verify_seconds),
        }
    }
}

/// The state that all requests of one process share.
pub struct App {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) keyring: KeyringHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) drivers: Drivers,
    pub(crate) session_context: SessionContext,
    pub(crate) authorities: AuthorityCache,
    pub(crate) targets: TargetCache,
    /// The health of the database.
    pub(crate) database: Probe,
    pub(crate) shares: Shares,
    pub(crate) watcher: Watcher,
    pub(crate) operations: Arc<Operations>,
    pub(crate) keep_operations: Duration,
    pub(crate) token_life: Duration,
    pub(crate) verify_after: Duration,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("drivers", &self.drivers).finish_non_exhaustive()
    }
}

impl App {
    /// Creates the state of one process.
    pub fn new(parts: AppParts) -> Arc<Self> {
        let shares = Shares::new(parts.concurrency, Arc::clone(&parts.breakers));
        Arc::new(Self {
            authorities: AuthorityCache::new(parts.store.clone(), parts.authority_life),
            targets: TargetCache::new(parts.store.clone(), parts.authority_life),
            database: health::database(parts.store.clone()),
            watcher: Watcher::new(parts.store.clone(), Arc::clone(&parts.bus)),
            operations: Operations::new(OperationParts {
                store: parts.store.clone(),
                bus: Arc::clone(&parts.bus),
                keyring: parts.keyring.clone(),
                clock: Arc::clone(&parts.clock),
                drivers: parts.drivers.clone(),
                skew: Arc::clone(&parts.session_context.skew),
                calls: shares.calls.clone(),
                breakers: parts.breakers,
                tokens: parts.tokens,
                config: &parts.operations,
                answer_status: parts.answer_status,
            }),
            shares,
            keep_operations: Duration::from_secs(parts.operations.keep_days.saturating_mul(86_400)),
            token_life: parts.token_life,
            verify_after: parts.verify_after,
            store: parts.store,
            bus: parts.bus,
            keyring: parts.keyring,
            clock: parts.clock,
            drivers: parts.drivers,
            session_context: parts.session_context,
        })
    }

    /// Drops cached access of principals when other processes report a change, until `stop`.
    pub async fn follow_nudges(&self, stop: CancellationToken) {
        let mut nudges = self.bus.nudges();
        while let Some(nudge) = stop.run_until_cancelled(nudges.recv()).await {
            match nudge {
                Ok(Nudge::Authority { principal }) => self.authorities.forget(principal),
                Ok(_) => {}
                // Some nudges were missed, so that any cached access may be stale.
                Err(RecvError::Lagged(_)) => self.authorities.forget_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Takes over abandoned operations until `stop`, then waits for the operations that run in this process.
    pub async fn reconcile(&self, stop: CancellationToken) {
        self.operations.reconcile(self.keep_operations, stop).await;
        self.operations.drain().await;
    }

    /// Seals a text that only a front may read, as the header of the reply to one message.
    pub(crate) fn seal_for_front(&self, text: &str, header: &str, message: Uuid) -> Result<String> {
        Ok(seal_header(text, header, message, &self.keyring.get(), self.clock.now())?)
    }

    /// Drops the cached access of a principal, here and in every other process.
    pub(crate) async fn authority_changed(&self, principal: PrincipalId) {
        self.authorities.forget(principal);
        self.bus.nudge(Nudge::Authority { principal }).await;
    }
}

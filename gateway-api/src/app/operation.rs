//! Operations: each mutating request is journaled before a cloud is asked, runs once, and its result is stored before
//! its answer leaves.
//!
//! The process that works on an operation holds its lease ([`lease`]). If the process dies, another one takes the
//! operation over and first looks for the effect of earlier attempts ([`find`]).

mod answer_status;
mod attempt;
mod budget;
mod call_slot;
mod execute;
mod find;
mod journal;
mod lease;
mod outcome;
mod prepare;
mod reconcile;
mod record;
mod references;
mod retry;
mod scope;
mod sealing;
mod settle;
mod upload;
mod upload_end;

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Bus;
use gateway_core::driver::{CloudSpec, Drivers, KeptToken, OneTimeOutput, SkewWatch};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{AccountId, CloudId, CredentialId, PrincipalId, ProcessId};
use gateway_core::kind::VerbSpec;
use gateway_core::shares::{Breakers, CallKey, Pool};
use gateway_core::{Clock, config};
use gateway_sessions::{OpenSession, Pace, Sessions, TokenCache};
use gateway_store::{OperationLease, Store};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

pub use answer_status::AnswerStatus;
pub(crate) use answer_status::Ending;
pub(crate) use gateway_core::driver::{Forward, OneTimeOutput as Output};
pub(crate) use gateway_store::{Operation, OperationState};
pub(crate) use journal::{OperationQuery, failure};
pub(crate) use references::named_resources;
pub(crate) use scope::AccountScope;
pub(crate) use upload_end::UploadEnd;

use crate::keyring::KeyringHandle;
use outcome::Outcomes;

/// Longest wait for operations at the end of the process. Longer ends more of them here; shorter stops sooner and leaves
/// the operations of slow clouds to other processes.
const DRAIN_TIME: Duration = Duration::from_secs(45);

/// The engine that runs the operations of one process.
pub(crate) struct Operations {
    store: Store,
    bus: Arc<dyn Bus>,
    keyring: KeyringHandle,
    clock: Arc<dyn Clock>,
    sessions: Sessions,
    calls: Pool<CallKey>,
    breakers: Arc<Breakers>,
    process: ProcessId,
    times: Times,
    outcomes: Outcomes,
    tasks: TaskTracker,
}

/// The times of [`config::Operations`].
#[derive(Clone, Copy, Debug)]
struct Times {
    lease: Duration,
    settle: Duration,
    give_up: Duration,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations").field("times", &self.times).finish_non_exhaustive()
    }
}

/// The ports and settings of [`Operations`].
pub(crate) struct OperationParts<'a> {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) keyring: KeyringHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) drivers: Drivers,
    pub(crate) skew: Arc<dyn SkewWatch>,
    /// Slots for calls to clouds.
    pub(crate) calls: Pool<CallKey>,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) tokens: Arc<TokenCache>,
    pub(crate) config: &'a config::Operations,
    pub(crate) answer_status: AnswerStatus,
}

impl Operations {
    /// Creates the engine of one process.
    pub(crate) fn new(parts: OperationParts<'_>) -> Arc<Self> {
        let OperationParts {
            store,
            bus,
            keyring,
            clock,
            drivers,
            skew,
            calls,
            breakers,
            tokens,
            config,
            answer_status,
        } = parts;
        let keys = keyring.clone();
        let sessions = Sessions::new(
            store.clone(),
            drivers,
            Arc::new(move || keys.get()),
            Arc::clone(&clock),
            skew,
            Pace::WRITES,
            tokens,
        );
        let times = Times {
            lease: Duration::from_secs(config.lease_seconds),
            settle: Duration::from_secs(config.settle_seconds),
            give_up: Duration::from_secs(config.give_up_seconds),
        };
        Arc::new(Self {
            store,
            bus,
            keyring,
            clock,
            sessions,
            calls,
            breakers,
            process: ProcessId::generate(),
            times,
            outcomes: Outcomes(answer_status),
            tasks: TaskTracker::new(),
        })
    }

    /// Opens a session with the credential of a principal for an account.
    pub(crate) async fn open(
        &self,
        principal: PrincipalId,
        account: AccountId,
        cloud: CloudId,
    ) -> Result<OpenSession> {
        let credential = self.store.credential_of(principal, account).await?.ok_or_else(|| {
            Error::new(ErrorKind::Forbidden, "the grant for this account has ended").untouched()
        })?;
        self.sessions.get(cloud, &credential).await
    }

    /// Keeps the token with which a credential was just proven, so that its first listing or operation does not log in.
    pub(crate) fn adopt_token(&self, credential: CredentialId, cloud: &Arc<CloudSpec>, token: KeptToken) {
        self.sessions.adopt(credential, cloud, token);
    }

    /// Runs an operation to its end, even if no caller waits for it. Its one-time output goes to the returned task alone.
    pub(crate) fn start(
        self: &Arc<Self>,
        operation: Operation,
        held: OperationLease,
    ) -> JoinHandle<Option<OneTimeOutput>> {
        let this = Arc::clone(self);
        // Below the span of the request that began it, if there is one.
        let span = tracing::error_span!("operation", operation = %operation.id);
        let work = async move { this.under_lease(&operation, held, this.execute(&operation, held)).await };
        self.tasks.spawn(work.instrument(span))
    }

    /// Waits until all operations of this process have ended. Other processes take over those that hang.
    pub(crate) async fn drain(&self) {
        self.tasks.close();
        if tokio::time::timeout(DRAIN_TIME, self.tasks.wait()).await.is_err() {
            tracing::warn!(count = self.tasks.len(), "operations are left to other processes");
        }
    }
}

/// Returns the verb of an operation.
fn spec_of(operation: &Operation) -> Result<&'static VerbSpec> {
    let spec = operation.kind.spec().verb(operation.verb);
    spec.ok_or_else(|| Error::internal("the kind of an operation does not have its verb"))
}

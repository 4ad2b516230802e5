//! Operations: each mutating request is written down, carried out once, and shown at once, whatever happens to
//! those who work on it.
//!
//! Whoever works on an operation holds a lease on it. When that process dies, another takes the operation up: it looks
//! for what was done ([`attempt`]) before it does anything.

mod answer_status;
mod attempt;
mod execute;
mod outcome;
mod reconcile;
mod record;
mod scope;
mod sense;
mod upload;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_bus::Bus;
use gateway_core::access::keyring::Purpose;
use gateway_core::access::seal;
use gateway_core::driver::{Drivers, OneTimeOutput, SkewWatch};
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, ProcessId};
use gateway_core::kind::VerbSpec;
use gateway_core::{Clock, config, fence};
use gateway_sessions::{OpenSession, Pace, Sessions};
use gateway_store::{Operation, OperationLease, Store};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

pub use answer_status::AnswerStatus;
pub(crate) use answer_status::Ending;
use outcome::Outcomes;
pub(crate) use scope::Place;
pub(crate) use sense::{named, spent_quota};

use crate::keyring::KeyringHandle;

/// How long the outcome of a call is kept for a database that is away. Longer outlasts longer outages; shorter lets the
/// process end sooner meanwhile.
const INSIST: Duration = Duration::from_secs(60);

/// How often the database is tried then.
const INSIST_EVERY: Duration = Duration::from_millis(250);

/// Longest wait for operations at the end of the process. Longer ends more of them here; shorter stops sooner, and leaves
/// what a slow cloud does to whoever looks for it next.
const DRAIN: Duration = Duration::from_secs(45);

/// What works on operations in one process.
pub(crate) struct Operations {
    store: Store,
    bus: Arc<dyn Bus>,
    keyring: KeyringHandle,
    clock: Arc<dyn Clock>,
    sessions: Sessions,
    process: ProcessId,
    times: Times,
    outcomes: Outcomes,
    tasks: TaskTracker,
}

/// See [`config::Operations`].
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

impl Operations {
    pub(crate) fn new(
        store: Store,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        clock: Arc<dyn Clock>,
        drivers: Drivers,
        skew: Arc<dyn SkewWatch>,
        config: &config::Operations,
        answer_status: AnswerStatus,
    ) -> Arc<Self> {
        let keys = keyring.clone();
        let sessions = Sessions::new(
            store.clone(),
            drivers,
            Arc::new(move || keys.get()),
            Arc::clone(&clock),
            skew,
            Pace::WRITES,
        );
        let times = Times {
            lease: Duration::from_secs(config.lease_seconds),
            settle: Duration::from_secs(config.settle_seconds),
            give_up: Duration::from_secs(config.give_up_seconds),
        };
        let process = ProcessId::generate();
        Arc::new(Self {
            store,
            bus,
            keyring,
            clock,
            sessions,
            process,
            times,
            outcomes: Outcomes(answer_status),
            tasks: TaskTracker::new(),
        })
    }

    /// This process, as leases know it, and how long its leases last.
    pub(crate) fn lease(&self) -> (ProcessId, Duration) {
        (self.process, self.times.lease)
    }

    /// An order as the store keeps it: for this operation alone.
    pub(crate) fn seal(&self, id: OperationId, order: &Value) -> Result<String> {
        let text = zeroize::Zeroizing::new(order.to_string());
        let place = place_of_order(id);
        seal::seal(&self.keyring.get(), Purpose::Credential, self.clock.now(), &place, text.as_bytes())
    }

    fn unseal(&self, operation: &Operation) -> Result<Value> {
        let place = place_of_order(operation.id);
        let plain = seal::open(&self.keyring.get(), Purpose::Credential, &place, &operation.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Error::internal("a sealed order is no JSON"))
    }

    /// The session of a principal's own credential for an account.
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

    /// Works on an operation to its end, even if nobody waits for that; what it gives is told to no one else.
    pub(crate) fn start(
        self: &Arc<Self>,
        operation: Operation,
        held: OperationLease,
    ) -> JoinHandle<Option<OneTimeOutput>> {
        let this = Arc::clone(self);
        self.tasks
            .spawn(async move { this.holding(operation.id, held, this.carry_out(&operation, held)).await })
    }

    /// Takes up an operation that nobody works on, if that is so.
    pub(crate) async fn take_up(
        self: &Arc<Self>,
        id: OperationId,
    ) -> Result<Option<JoinHandle<Option<OneTimeOutput>>>> {
        let taken = self.store.operation_claim(id, self.process, self.times.lease).await?;
        Ok(taken.map(|(operation, held)| self.start(operation, held)))
    }

    /// Waits until everything that was started has ended; what hangs is left to others.
    pub(crate) async fn drain(&self) {
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!(count = self.tasks.len(), "operations were left to others");
        }
    }

    /// Works on an operation as long as the lease is kept.
    async fn holding(
        &self,
        id: OperationId,
        held: OperationLease,
        work: impl Future<Output = Result<Option<OneTimeOutput>>>,
    ) -> Option<OneTimeOutput> {
        let work = async {
            tokio::select! {
                outcome = work => outcome,
                error = self.keep(held) => Err(error),
            }
        };
        match fence::around(work).await {
            Ok(told) => told,
            Err(error) => {
                // The lease ends by itself, and somebody looks again.
                tracing::warn!(%id, error = error.chain(), "an operation was left to others");
                None
            }
        }
    }

    /// Tries again for a while what the database was not there for: what a cloud did is known here and nowhere else.
    async fn insist<T, F: Future<Output = Result<T>>>(&self, mut call: impl FnMut() -> F) -> Result<T> {
        let until = tokio::time::Instant::now() + INSIST;
        loop {
            match call().await {
                Err(error) if error.status() == Status::Temporary && tokio::time::Instant::now() < until => {
                    tokio::time::sleep(INSIST_EVERY).await;
                }
                ended => return ended,
            }
        }
    }

    /// Renews the lease until it is lost.
    async fn keep(&self, held: OperationLease) -> Error {
        loop {
            tokio::time::sleep(self.times.lease / 3).await;
            let until = Instant::now() + self.times.lease;
            match self.store.operation_renew(held, self.times.lease).await {
                Ok(()) => fence::extend(until),
                Err(error) if error.kind() == ErrorKind::LeaseLost => return error,
                // Without a database the lease may still last until it is back; what comes after is fenced.
                _ => {}
            }
        }
    }
}

/// What an operation does.
fn spec_of(operation: &Operation) -> Result<&'static VerbSpec> {
    let spec = operation.kind.spec().verb(operation.verb);
    spec.ok_or_else(|| Error::internal("an operation has a verb that its kind has not"))
}

fn place_of_order(id: OperationId) -> String {
    format!("operation|{id}")
}

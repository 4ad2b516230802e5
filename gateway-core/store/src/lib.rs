//! The store: what the gateway knows, on MySQL or SQLite.
//!
//! One file per table or concern; what differs between the two databases is in `connection` and behind
//! `for_update!` and `insert_all!`. Every method is one short transaction at most, and is tried again when
//! the database says deadlock.

mod account;
mod apply;
mod audit;
mod authority;
mod claim;
mod clock;
mod cloud;
mod connection;
mod error;
mod event;
mod grant;
mod migration;
mod missing;
mod operation;
mod principal;
mod relay;
mod resource;
mod schema;
mod selection;
mod sorted;
mod target;
mod terms;
mod wish;

pub use account::{Account, SealedCredential, StoredCredential};
pub use apply::{Applied, Observation, Sighting, WriteGuard};
pub use audit::{AuditFilter, AuditLine};
pub use authority::{Authority, Granted, VisibleTarget};
pub use claim::{Capacity, Claim, ShareKey, Unlimited};
pub use clock::CloudClock;
pub use cloud::{Cloud, NewCloud};
pub use connection::Backend;
pub use event::{EventFilter, EventPage, StoredEvent};
pub use grant::{Access, DueGrant, Grant, GrantChange};
pub use migration::Migrations;
pub use operation::{
    CompletedStep, NewOperation, Operation, OperationLease, OperationOutcome, OperationStart, OperationState,
    Settlement,
};
pub use principal::Client;
pub use relay::{Leadership, Numbered};
pub use resource::{Listing, ResourceRow};
pub use selection::{Cursor, ResourceFilter, ResourceQuery, SortKey, SortOrder, SortValue};
pub use target::{Fence, KnownRecord, PollOutcome, Target, TargetStatus};
pub use wish::RefreshProgress;

use std::sync::Arc;
use std::time::Duration;

use gateway_core::config::Database;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::{Clock, Timestamp};
use tokio::sync::Semaphore;

use connection::{Connection, Pool};

/// The store. Clones share one pool.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    /// One permit a connection: waiting happens here, where it costs no thread.
    permits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    backend: Backend,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.backend)
    }
}

/// How often a transaction that met a deadlock or a duplicate key is tried again. With more, a busy table
/// makes callers wait longer; with fewer, they see errors under contention that would have passed.
const ATTEMPTS: u32 = 8;

impl Store {
    /// Opens the store; connects when first used. The schema is [`Store::migrate`]'s concern.
    ///
    /// # Errors
    /// Invalid for a URL that is neither `mysql:` nor `sqlite:`, or a SQLite folder that cannot be made.
    pub fn open(config: &Database, clock: Arc<dyn Clock>) -> Result<Self> {
        let (pool, backend) = connection::pool(config)?;
        Ok(Self { pool, permits: Arc::new(Semaphore::new(config.connections as usize)), clock, backend })
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The database's clock: what leases and ages are measured by, so that processes agree.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn now(&self) -> Result<Timestamp> {
        self.read(|session| session.now()).await
    }

    /// Runs queries outside a transaction.
    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T> + Send + 'static,
    {
        self.run(work, false).await
    }

    /// Runs one transaction, again from its start when the database lost it to contention.
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T> + Send + 'static,
    {
        self.run(work, true).await
    }

    async fn run<T, F>(&self, work: F, transaction: bool) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        let attempts = move || {
            let _permit = permit;
            for attempt in 1.. {
                let mut slot = pool.get().map_err(error::no_connection)?;
                let begun = if transaction { connection::begin(&mut slot.connection) } else { Ok(()) };
                // Nothing was asked for yet that doing twice would do twice.
                let repeatable = !transaction || begun.is_err();
                let mut session = Session { connection: &mut slot.connection, clock: &*clock };
                let outcome = begun.and_then(|()| match transaction {
                    true => session.transaction(&work),
                    false => work(&mut session),
                });
                match outcome {
                    Err(error) if error::is_contention(&error) && attempt < ATTEMPTS => {
                        drop(slot);
                        // Spread by the clock, so that two losers do not meet again.
                        let jitter = clock.now().0.unsigned_abs() % 10;
                        std::thread::sleep(Duration::from_millis(u64::from(attempt) * 5 + jitter));
                    }
                    // The server closed a connection that lay idle: the next one is fresh. A transaction that
                    // had begun is left to the caller, who knows whether doing it twice is right.
                    Err(error) if error.kind() == ErrorKind::Unavailable && repeatable && attempt == 1 => {
                        slot.discard_all();
                    }
                    Err(error) => {
                        match error.kind() {
                            ErrorKind::Unavailable => slot.discard_all(),
                            ErrorKind::Internal => slot.discard(),
                            _ => {}
                        }
                        return Err(error);
                    }
                    outcome => return outcome,
                }
            }
            Err(Error::internal("no attempt was made"))
        };
        tokio::task::spawn_blocking(attempts).await.map_err(Error::internal)?
    }
}

/// One connection at work.
struct Session<'a> {
    connection: &'a mut Connection,
    clock: &'a dyn Clock,
}

impl Session<'_> {
    fn now(&mut self) -> Result<Timestamp> {
        connection::now(self.connection, self.clock)
    }

    /// Works in the transaction that has begun, and ends it.
    fn transaction<T>(&mut self, work: impl Fn(&mut Session<'_>) -> Result<T>) -> Result<T> {
        let outcome = work(&mut Session { connection: self.connection, clock: self.clock });
        match outcome {
            Ok(value) => connection::commit(self.connection).map(|()| value),
            Err(error) => {
                // The first error says more than a failed rollback, after which the pool drops the connection.
                let _ = connection::rollback(self.connection);
                Err(error)
            }
        }
    }
}

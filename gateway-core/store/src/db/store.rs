//! The handle of the store.

use std::sync::Arc;
use std::time::Instant;

use gateway_core::config::Database;
use gateway_core::error::{Error, Result};
use gateway_core::time_limit::TimeLimit;
use gateway_core::{Clock, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::call::Call;
use super::connection::Backend;
use super::error::{silent, too_slow};
use super::health::Health;
use super::instruments;
use super::pool::Pool;
use super::retry;
use super::session::Session;

/// Threads that may be given up for each connection. More outlast more outages of a network that never reports the loss
/// of a connection; each costs a thread and a connection meanwhile.
const GIVEN_UP: usize = 4;

/// The store. Clones share one pool of connections.
#[derive(Clone)]
pub struct Store {
    pool: Arc<Pool>,
    /// Permits, one for each connection. Callers wait here, where waiting costs no thread.
    permits: Arc<Semaphore>,
    /// Permits for threads that were given up.
    given_up: Arc<Semaphore>,
    health: Arc<Health>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.pool.backend())
    }
}

impl Store {
    /// Opens the store; connects when first used and leaves the schema to [`Store::migrate`].
    ///
    /// # Errors
    /// `Invalid` for a URL that is neither `mysql:` nor `sqlite:`, or a SQLite folder that cannot be created.
    pub fn open(config: &Database, clock: Arc<dyn Clock>) -> Result<Self> {
        let pool = Arc::new(Pool::new(config)?);
        let connections = config.connections as usize;
        Ok(Self {
            health: Health::new(Arc::clone(&pool)),
            pool,
            permits: Arc::new(Semaphore::new(connections)),
            given_up: Arc::new(Semaphore::new(connections * GIVEN_UP)),
            clock,
        })
    }

    /// Returns the kind of database.
    pub fn backend(&self) -> Backend {
        self.pool.backend()
    }

    /// Asks the database for a sign of life, and waits a few seconds for it. Callers at the same time share one question,
    /// which needs no permit of the pool: a busy database is healthy.
    ///
    /// # Errors
    /// `Unavailable` if the database refuses, or does not answer.
    pub async fn check_health(&self) -> Result<()> {
        if self.health.answers().await { Ok(()) } else { Err(silent()) }
    }

    /// Returns the database's time, by which leases and ages are measured, so that processes agree.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn now(&self) -> Result<Timestamp> {
        self.read(|session| session.now()).await
    }

    /// Runs queries outside a transaction.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T> + Send + 'static,
    {
        self.run(work, false).await
    }

    /// Runs one transaction, again from its start if it lost a race.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
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
        let limit = TimeLimit::current();
        self.health.expect_answers().await?;
        let asked = Instant::now();
        let permit = self.permit(limit).await?;
        instruments::waited(asked.elapsed());
        // The permit may be from a call that found the database silent.
        self.health.expect_answers().await?;
        let (pool, clock) = (Arc::clone(&self.pool), Arc::clone(&self.clock));
        let attempts = move || retry::run(&pool, limit.statement, &*clock, transaction, work);
        let begun = Instant::now();
        let (given_up, health) = (Arc::clone(&self.given_up), Arc::clone(&self.health));
        let outcome = Call::start(permit, limit, given_up, health, attempts).outcome().await;
        instruments::ended(transaction, begun.elapsed(), &outcome);
        outcome
    }

    /// Waits for a connection to be free, until the deadline or until the database is known to be silent.
    async fn permit(&self, limit: TimeLimit) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let deadline = async {
            match limit.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            permit = Arc::clone(&self.permits).acquire_owned() => permit.map_err(Error::internal),
            silent = self.health.silence() => Err(silent),
            () = deadline => Err(too_slow("no connection was free")),
        }
    }
}

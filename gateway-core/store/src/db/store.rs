//! The handle of the store.

use std::sync::Arc;
use std::time::Instant;

use gateway_core::config::Database;
use gateway_core::error::{Error, Result};
use gateway_core::{Clock, Timestamp};
use tokio::sync::Semaphore;

use super::connection::Backend;
use super::instruments;
use super::pool::{self, Pool};
use super::retry;
use super::session::Session;

/// The store. Clones share one pool of connections.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    /// Permits, one for each connection. Callers wait here, where waiting costs no thread.
    permits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    backend: Backend,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.backend)
    }
}

impl Store {
    /// Opens the store; connects when first used and leaves the schema to [`Store::migrate`].
    ///
    /// # Errors
    /// `Invalid` for a URL that is neither `mysql:` nor `sqlite:`, or a SQLite folder that cannot be created.
    pub fn open(config: &Database, clock: Arc<dyn Clock>) -> Result<Self> {
        let (pool, backend) = pool::build(config)?;
        Ok(Self { pool, permits: Arc::new(Semaphore::new(config.connections as usize)), clock, backend })
    }

    /// Returns the kind of database.
    pub fn backend(&self) -> Backend {
        self.backend
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
        let asked = Instant::now();
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        instruments::waited(asked.elapsed());
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        let attempts = move || {
            let _permit = permit;
            let begun = Instant::now();
            let outcome = retry::run(&pool, &*clock, transaction, work);
            instruments::ended(transaction, begun.elapsed(), &outcome);
            outcome
        };
        tokio::task::spawn_blocking(attempts).await.map_err(Error::internal)?
    }
}

//! The pool of connections.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel::prelude::*;
use gateway_core::config::Database as DatabaseConfig;
use gateway_core::error::{Error, Result};

use super::connection::{Backend, Connection, connect, limit_statements, select_one};
use super::error::no_connection;

/// Longest time of attempts to connect. Longer outlasts the restart of a server; shorter fails sooner without one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Wait between two of these attempts.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

/// Time after which an unused connection is closed. Longer spares logins; shorter leaves the server fewer connections.
const IDLE: Duration = Duration::from_secs(300);

/// The maker and keeper of connections. Callers limit how many are in use.
pub(super) struct Pool {
    url: String,
    backend: Backend,
    idle: Mutex<Vec<PooledConnection>>,
    /// Count of outages. Connections from before the present one are dead; each would fail one more call.
    outages: AtomicU64,
}

/// A connection, and what its next user must know.
pub(super) struct PooledConnection {
    pub(super) connection: Connection,
    /// Count of outages when the connection was made.
    made_after: u64,
    /// The longest time of a statement, as the connection has it.
    statement_limit: Duration,
    unused_since: Instant,
}

impl Pool {
    /// Makes the pool for a configured URL; connects when first used.
    pub(super) fn new(config: &DatabaseConfig) -> Result<Self> {
        let (url, backend) = match config.url.strip_prefix("sqlite:") {
            Some(file) => {
                create_parent_folder(file)?;
                (file.to_owned(), Backend::Sqlite)
            }
            None if config.url.starts_with("mysql:") => (config.url.clone(), Backend::MySql),
            None => return Err(Error::invalid("database.url must start with mysql: or sqlite:")),
        };
        Ok(Self { url, backend, idle: Mutex::default(), outages: AtomicU64::default() })
    }

    pub(super) fn backend(&self) -> Backend {
        self.backend
    }

    /// Returns an unused connection or a new one. Tries for some seconds to connect. Blocks.
    pub(super) fn take(&self, statement_limit: Duration) -> Result<PooledConnection> {
        let start = Instant::now();
        loop {
            match self.try_take(statement_limit) {
                Ok(pooled) => return Ok(pooled),
                Err(error) if start.elapsed() > CONNECT_TIMEOUT => return Err(no_connection(error)),
                Err(_) => std::thread::sleep(CONNECT_PAUSE),
            }
        }
    }

    /// Asks the server for a sign of life, on an unused connection or a new one. Blocks.
    pub(super) fn ping(&self) -> ConnectionResult<()> {
        while let Some(mut pooled) = self.unused(Duration::MAX) {
            if select_one(&mut pooled.connection).is_ok() {
                self.give_back(pooled);
                return Ok(());
            }
            self.discard_all(&pooled);
        }
        let mut pooled = match self.connect(Duration::ZERO) {
            Ok(pooled) => pooled,
            // Too many connections: the server answers, and those in use go on.
            Err(error) if error.to_string().to_lowercase().contains("connections") => return Ok(()),
            Err(error) => return Err(error),
        };
        select_one(&mut pooled.connection)?;
        self.give_back(pooled);
        Ok(())
    }

    /// Takes a connection back, unless it is from before an outage, or inside a transaction that could not be ended.
    pub(super) fn give_back(&self, mut pooled: PooledConnection) {
        let stuck = match &mut pooled.connection {
            Connection::Mysql(connection) => {
                AnsiTransactionManager::is_broken_transaction_manager(connection)
            }
            Connection::Sqlite(connection) => {
                AnsiTransactionManager::is_broken_transaction_manager(connection)
            }
        };
        if !stuck && self.is_current(&pooled) {
            pooled.unused_since = Instant::now();
            self.lock().push(pooled);
        }
    }

    /// Keeps all connections from being used again that were made before the outage that this one found.
    pub(super) fn discard_all(&self, found_by: &PooledConnection) {
        self.outages.fetch_max(found_by.made_after + 1, Ordering::Relaxed);
    }

    /// Keeps all present connections from being used again.
    pub(super) fn discard_present(&self) {
        self.outages.fetch_add(1, Ordering::Relaxed);
    }

    fn try_take(&self, statement_limit: Duration) -> ConnectionResult<PooledConnection> {
        while let Some(mut pooled) = self.unused(statement_limit) {
            if pooled.statement_limit == statement_limit {
                return Ok(pooled);
            }
            if limit_statements(&mut pooled.connection, statement_limit).is_ok() {
                pooled.statement_limit = statement_limit;
                return Ok(pooled);
            }
            self.discard_all(&pooled);
        }
        self.connect(statement_limit)
    }

    /// Returns the connection that was used last, preferably one with this limit, and closes those that are too old.
    fn unused(&self, statement_limit: Duration) -> Option<PooledConnection> {
        let mut idle = self.lock();
        let is_usable =
            |pooled: &PooledConnection| self.is_current(pooled) && pooled.unused_since.elapsed() < IDLE;
        let closed: Vec<_> = idle.extract_if(.., |pooled| !is_usable(pooled)).collect();
        let index = idle.iter().rposition(|pooled| pooled.statement_limit == statement_limit);
        let found = match index {
            Some(index) => Some(idle.remove(index)),
            None => idle.pop(),
        };
        drop(idle);
        // A close says goodbye to the server, which may take a moment.
        drop(closed);
        found
    }

    fn connect(&self, statement_limit: Duration) -> ConnectionResult<PooledConnection> {
        let made_after = self.outages.load(Ordering::Relaxed);
        let connection = connect(self.backend, &self.url, statement_limit)?;
        Ok(PooledConnection { connection, made_after, statement_limit, unused_since: Instant::now() })
    }

    fn is_current(&self, pooled: &PooledConnection) -> bool {
        pooled.made_after >= self.outages.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PooledConnection>> {
        // Each change of the list is one call, so that a panic cannot leave it incomplete.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn create_parent_folder(file: &str) -> Result<()> {
    match Path::new(file).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder).map_err(|error| {
            Error::invalid(format!("cannot create the folder `{}`: {error}", folder.display()))
        }),
        _ => Ok(()),
    }
}

//! The pool of connections.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel::prelude::*;
use diesel::r2d2::ManageConnection;
use gateway_core::config::Database as DatabaseConfig;
use gateway_core::error::{Error, Result};

use super::connection::{Backend, Connection, connect};

/// Longest wait of a caller for a connection to the server. Longer hangs requests on a dead database; shorter gives up
/// on a slow one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) type Pool = diesel::r2d2::Pool<Manager>;

/// A connection of the pool, with its fitness for further use.
pub(super) struct TrackedConnection {
    pub(super) connection: Connection,
    broken: bool,
    /// Count of outages when the connection was made.
    made_after: u64,
    outages: Arc<AtomicU64>,
}

impl TrackedConnection {
    /// Keeps the connection from being used again.
    pub(super) fn discard(&mut self) {
        self.broken = true;
    }

    /// Keeps all connections from being used again that were made before the present outage.
    ///
    /// They are all dead; each would fail one more call before the pool noticed.
    pub(super) fn discard_all(&mut self) {
        self.broken = true;
        self.outages.fetch_max(self.made_after + 1, Ordering::Relaxed);
    }
}

/// The maker of the pool's connections.
#[derive(Debug)]
pub(super) struct Manager {
    url: String,
    backend: Backend,
    outages: Arc<AtomicU64>,
}

impl ManageConnection for Manager {
    type Connection = TrackedConnection;
    type Error = ConnectionError;

    fn connect(&self) -> ConnectionResult<TrackedConnection> {
        let made_after = self.outages.load(Ordering::Relaxed);
        let connection = connect(self.backend, &self.url)?;
        Ok(TrackedConnection { connection, broken: false, made_after, outages: Arc::clone(&self.outages) })
    }

    /// Compares outages only: a question to the server before each use would double the round trips.
    fn is_valid(&self, tracked: &mut TrackedConnection) -> ConnectionResult<()> {
        if tracked.made_after < self.outages.load(Ordering::Relaxed) {
            return Err(ConnectionError::BadConnection("the server went away since it was made".to_owned()));
        }
        Ok(())
    }

    /// Refuses a connection on which work panicked or a rollback failed: it may be inside a transaction.
    fn has_broken(&self, tracked: &mut TrackedConnection) -> bool {
        let stuck = match &mut tracked.connection {
            Connection::Mysql(connection) => {
                AnsiTransactionManager::is_broken_transaction_manager(connection)
            }
            Connection::Sqlite(connection) => {
                AnsiTransactionManager::is_broken_transaction_manager(connection)
            }
        };
        std::thread::panicking() || tracked.broken || stuck
    }
}

/// Builds the pool for a configured URL; connects when first used.
pub(super) fn build(config: &DatabaseConfig) -> Result<(Pool, Backend)> {
    let (url, backend) = match config.url.strip_prefix("sqlite:") {
        Some(file) => {
            create_parent_folder(file)?;
            (file.to_owned(), Backend::Sqlite)
        }
        None if config.url.starts_with("mysql:") => (config.url.clone(), Backend::MySql),
        None => return Err(Error::invalid("database.url must start with mysql: or sqlite:")),
    };
    let pool = diesel::r2d2::Pool::builder()
        .max_size(config.connections)
        .min_idle(Some(0))
        .idle_timeout(Some(Duration::from_secs(300)))
        .connection_timeout(CONNECT_TIMEOUT)
        .error_handler(Box::new(Silent))
        .build_unchecked(Manager { url, backend, outages: Arc::default() });
    Ok((pool, backend))
}

fn create_parent_folder(file: &str) -> Result<()> {
    match Path::new(file).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder).map_err(|error| {
            Error::invalid(format!("cannot create the folder `{}`: {error}", folder.display()))
        }),
        _ => Ok(()),
    }
}

/// A handler that drops errors: r2d2 would log each by another crate, and callers get them anyway.
#[derive(Debug)]
struct Silent;

impl<E> diesel::r2d2::HandleError<E> for Silent {
    fn handle_error(&self, _: E) {}
}

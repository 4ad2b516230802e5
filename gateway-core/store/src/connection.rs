//! Two databases behind one connection type, and the little SQL in which they differ.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, Connection as _, SimpleConnection as _, TransactionManager as _,
};
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection;
use diesel::sqlite::SqliteConnection;
use gateway_core::config::Database as DatabaseConfig;
use gateway_core::error::{Error, Result};
use gateway_core::{Clock, Timestamp};

pub(crate) use multi::Database as Connection;

/// Which database a store is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// MySQL or MariaDB: the product.
    MySql,
    /// SQLite: one process only.
    Sqlite,
}

/// How long a caller waits for a connection to the server to be made. Longer hangs requests on a dead
/// database; shorter gives up on a slow one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

mod multi {
    //! Apart, because the derive makes items that our lints do not like.
    #![allow(missing_docs, unreachable_pub, unused_qualifications)]

    use diesel::prelude::*;

    #[derive(diesel::MultiConnection)]
    pub enum Database {
        Mysql(diesel::mysql::MysqlConnection),
        Sqlite(diesel::sqlite::SqliteConnection),
    }
}

pub(crate) type Pool = diesel::r2d2::Pool<Manager>;

/// A pooled connection, and whether it is still good for anything.
pub(crate) struct Slot {
    pub(crate) connection: Connection,
    broken: bool,
    /// Outages that had been met when it was made.
    made_after: u64,
    outages: Arc<AtomicU64>,
}

impl Slot {
    /// Keeps it from being used again.
    pub(crate) fn discard(&mut self) {
        self.broken = true;
    }

    /// The server went away: no connection that was made before is any good, and finding that out one call
    /// after the other would fail as many calls.
    pub(crate) fn discard_all(&mut self) {
        self.broken = true;
        self.outages.fetch_max(self.made_after + 1, Ordering::Relaxed);
    }
}

/// Makes connections by the URL's scheme. (The derive's own `establish` tries one after the other, and
/// hides why the first failed.)
#[derive(Debug)]
pub(crate) struct Manager {
    url: String,
    backend: Backend,
    outages: Arc<AtomicU64>,
}

impl Manager {
    fn establish(&self) -> ConnectionResult<Connection> {
        match self.backend {
            Backend::MySql => {
                let mut connection = MysqlConnection::establish(&self.url)?;
                // A process that froze, or was cut off, inside a transaction holds its locks for as long as
                // the server keeps the connection: eight hours if nobody says otherwise, in which nobody else
                // could take its leases. MariaDB ends such a transaction after 5 s, before those who wait for
                // its locks give up; MySQL reads a comment there and ends the connection, a minute after the
                // pool would have closed an idle one itself.
                let set_up = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
                              SET SESSION innodb_lock_wait_timeout = 10; \
                              SET SESSION wait_timeout = 360 /*M! , SESSION idle_transaction_timeout = 5 */; \
                              SET SESSION time_zone = '+00:00'; \
                              SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'";
                for statement in set_up.split("; ") {
                    diesel::sql_query(statement)
                        .execute(&mut connection)
                        .map_err(ConnectionError::CouldntSetupConfiguration)?;
                }
                Ok(Connection::Mysql(connection))
            }
            Backend::Sqlite => {
                let mut connection = SqliteConnection::establish(&self.url)?;
                connection
                    .batch_execute(
                        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                         PRAGMA cache_size = -2000; PRAGMA foreign_keys = ON;",
                    )
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Connection::Sqlite(connection))
            }
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Slot;
    type Error = ConnectionError;

    fn connect(&self) -> ConnectionResult<Slot> {
        let made_after = self.outages.load(Ordering::Relaxed);
        let connection = self.establish()?;
        Ok(Slot { connection, broken: false, made_after, outages: Arc::clone(&self.outages) })
    }

    /// Asking the server before each use would double the round trips: a dead connection is met when it is
    /// used, and thrown away then.
    fn is_valid(&self, slot: &mut Slot) -> ConnectionResult<()> {
        if slot.made_after < self.outages.load(Ordering::Relaxed) {
            return Err(ConnectionError::BadConnection("the server went away since it was made".to_owned()));
        }
        Ok(())
    }

    /// A connection on which work panicked, or a rollback failed, may be inside a transaction.
    fn has_broken(&self, slot: &mut Slot) -> bool {
        let stuck = match &mut slot.connection {
            Connection::Mysql(connection) => {
                AnsiTransactionManager::is_broken_transaction_manager(connection)
            }
            Connection::Sqlite(connection) => {
                AnsiTransactionManager::is_broken_transaction_manager(connection)
            }
        };
        std::thread::panicking() || slot.broken || stuck
    }
}

pub(crate) fn pool(config: &DatabaseConfig) -> Result<(Pool, Backend)> {
    let (url, backend) = match config.url.strip_prefix("sqlite:") {
        Some(file) => {
            make_folder(file)?;
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
        .error_handler(Box::new(Quiet))
        .build_unchecked(Manager { url, backend, outages: Arc::default() });
    Ok((pool, backend))
}

fn make_folder(file: &str) -> Result<()> {
    match Path::new(file).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|error| Error::invalid(format!("cannot make the folder {}: {error}", folder.display()))),
        _ => Ok(()),
    }
}

/// r2d2 would log each failed attempt through another logging crate; callers get the error anyway.
#[derive(Debug)]
struct Quiet;

impl<E> diesel::r2d2::HandleError<E> for Quiet {
    fn handle_error(&self, _: E) {}
}

#[derive(QueryableByName)]
struct Micros {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    micros: i64,
}

/// Database time: the server's clock on MySQL, ours on SQLite, where there is only one process.
pub(crate) fn now(connection: &mut Connection, clock: &dyn Clock) -> Result<Timestamp> {
    match connection {
        Connection::Mysql(connection) => {
            diesel::sql_query("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) AS micros")
                .get_result::<Micros>(connection)
                .map(|row| Timestamp(row.micros))
                .map_err(crate::error::database)
        }
        Connection::Sqlite(_) => Ok(clock.now()),
    }
}

/// Takes SQLite's write lock at once: a transaction that reads first and then writes would fail instead of wait.
///
/// Told to diesel's transaction manager, not to the database alone: diesel opens one of its own for several
/// rows on SQLite, and must know that there is one already.
pub(crate) fn begin(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Mysql(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, "START TRANSACTION")
        }
        Connection::Sqlite(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
        }
    }
    .map_err(crate::error::database)
}

pub(crate) fn commit(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Mysql(connection) => AnsiTransactionManager::commit_transaction(connection),
        Connection::Sqlite(connection) => AnsiTransactionManager::commit_transaction(connection),
    }
    .map_err(crate::error::database)
}

pub(crate) fn rollback(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Mysql(connection) => AnsiTransactionManager::rollback_transaction(connection),
        Connection::Sqlite(connection) => AnsiTransactionManager::rollback_transaction(connection),
    }
    .map_err(crate::error::database)
}

/// Loads rows and locks them until the transaction ends. SQLite's writer holds the whole database already.
macro_rules! for_update {
    ($session:expr, $query:expr, $row:ty) => {
        match &mut *$session.connection {
            $crate::connection::Connection::Mysql(connection) => {
                diesel::RunQueryDsl::load::<$row>($query.for_update(), connection)
            }
            $crate::connection::Connection::Sqlite(connection) => {
                diesel::RunQueryDsl::load::<$row>($query, connection)
            }
        }
        .map_err($crate::error::database)
    };
}

/// Inserts rows in one statement, which diesel offers only on a concrete connection.
macro_rules! insert_all {
    ($session:expr, $table:expr, $rows:expr) => {
        match &mut *$session.connection {
            $crate::connection::Connection::Mysql(connection) => {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values($rows), connection)
            }
            $crate::connection::Connection::Sqlite(connection) => {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values($rows), connection)
            }
        }
        .map_err($crate::error::database)
    };
}

pub(crate) use {for_update, insert_all};

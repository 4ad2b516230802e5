//! The connection type over two databases, and the settings of each.

use std::time::Duration;

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

pub(crate) use multi::Database as Connection;

/// The database that a store is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// MySQL or MariaDB: the product.
    MySql,
    /// SQLite: one process only.
    Sqlite,
}

mod multi {
    //! A module of its own, because the derive makes items that our lints refuse.
    #![allow(missing_docs, unreachable_pub, unused_qualifications)]

    use diesel::prelude::*;

    #[derive(diesel::MultiConnection)]
    pub enum Database {
        Mysql(diesel::mysql::MysqlConnection),
        Sqlite(diesel::sqlite::SqliteConnection),
    }
}

/// Seconds after which the server ends an unused connection: a minute after the pool would have closed it.
const WAIT_TIMEOUT: u32 = 360;

/// Longest wait for SQLite's write lock, in milliseconds. Longer outlasts longer transactions; shorter gives up sooner.
const SQLITE_LONGEST_WAIT: u128 = 10_000;

/// Settings of a MySQL session.
///
/// A process that freezes or is cut off inside a transaction holds its locks as long as the server keeps the
/// connection, by default eight hours, and no other process could take its leases. MariaDB ends such a transaction
/// after 5 s, before the waits for its locks time out. MySQL reads a comment there and ends the connection
/// instead, a minute after the pool would have closed an idle one.
const MYSQL_SETTINGS: [&str; 5] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 10",
    "SET SESSION wait_timeout = 360 /*M! , SESSION idle_transaction_timeout = 5 */",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];

/// Settings of a SQLite connection.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                               PRAGMA cache_size = -2000; PRAGMA foreign_keys = ON;";

/// Opens and sets up a connection.
///
/// The derive's own `establish` tries one database after the other and hides why the first failed.
pub(super) fn connect(
    backend: Backend,
    url: &str,
    statement_limit: Duration,
) -> ConnectionResult<Connection> {
    let mut connection = match backend {
        Backend::MySql => {
            let mut connection = MysqlConnection::establish(url)?;
            for statement in MYSQL_SETTINGS {
                diesel::sql_query(statement)
                    .execute(&mut connection)
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
            }
            Connection::Mysql(connection)
        }
        Backend::Sqlite => {
            let mut connection = SqliteConnection::establish(url)?;
            connection.batch_execute(SQLITE_SETTINGS).map_err(ConnectionError::CouldntSetupConfiguration)?;
            Connection::Sqlite(connection)
        }
    };
    limit_statements(&mut connection, statement_limit)?;
    Ok(connection)
}

/// Limits the time of each statement; zero is no limit. MySQL limits reads only, and MariaDB ignores its setting; SQLite
/// limits the wait for the write lock, which is all that a statement waits for in one process.
pub(super) fn limit_statements(connection: &mut Connection, limit: Duration) -> ConnectionResult<()> {
    let milliseconds = limit.as_millis();
    match connection {
        Connection::Mysql(connection) => diesel::sql_query(format!(
            "SET SESSION wait_timeout = {WAIT_TIMEOUT} /*M! , SESSION max_statement_time = {} */ \
             /*!50708 , SESSION max_execution_time = {milliseconds} */",
            limit.as_secs_f64()
        ))
        .execute(connection)
        .map(drop),
        Connection::Sqlite(connection) => {
            let wait =
                if limit.is_zero() { SQLITE_LONGEST_WAIT } else { milliseconds.min(SQLITE_LONGEST_WAIT) };
            connection.batch_execute(&format!("PRAGMA busy_timeout = {wait}"))
        }
    }
    .map_err(ConnectionError::CouldntSetupConfiguration)
}

/// Runs the cheapest of all queries.
pub(super) fn select_one(connection: &mut Connection) -> ConnectionResult<()> {
    match connection {
        Connection::Mysql(connection) => diesel::sql_query("SELECT 1").execute(connection).map(drop),
        Connection::Sqlite(connection) => connection.batch_execute("SELECT 1"),
    }
    .map_err(ConnectionError::CouldntSetupConfiguration)
}

//! The connection type over two databases, and the settings of each.

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
pub(super) fn connect(backend: Backend, url: &str) -> ConnectionResult<Connection> {
    match backend {
        Backend::MySql => {
            let mut connection = MysqlConnection::establish(url)?;
            for statement in MYSQL_SETTINGS {
                diesel::sql_query(statement)
                    .execute(&mut connection)
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
            }
            Ok(Connection::Mysql(connection))
        }
        Backend::Sqlite => {
            let mut connection = SqliteConnection::establish(url)?;
            connection.batch_execute(SQLITE_SETTINGS).map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(Connection::Sqlite(connection))
        }
    }
}

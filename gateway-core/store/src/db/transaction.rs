//! The begin and the end of transactions.

use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use gateway_core::error::Result;

use super::connection::Connection;
use super::error::database;

/// Begins a transaction. On SQLite it takes the write lock at once, since a transaction that first reads and then
/// writes would fail instead of wait.
///
/// The begin goes through diesel's transaction manager: diesel opens a transaction of its own to insert several rows
/// on SQLite, and must know about this one.
pub(super) fn begin(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Mysql(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, "START TRANSACTION")
        }
        Connection::Sqlite(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
        }
    }
    .map_err(database)
}

pub(super) fn commit(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Mysql(connection) => AnsiTransactionManager::commit_transaction(connection),
        Connection::Sqlite(connection) => AnsiTransactionManager::commit_transaction(connection),
    }
    .map_err(database)
}

pub(super) fn rollback(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Mysql(connection) => AnsiTransactionManager::rollback_transaction(connection),
        Connection::Sqlite(connection) => AnsiTransactionManager::rollback_transaction(connection),
    }
    .map_err(database)
}

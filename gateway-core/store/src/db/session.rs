//! The use of one connection.

use gateway_core::error::Result;
use gateway_core::{Clock, Timestamp};

use super::clock;
use super::connection::{Backend, Connection};
use super::transaction::{commit, rollback};

/// A borrowed connection, on which every query of the store is a method.
pub(crate) struct Session<'a> {
    pub(crate) connection: &'a mut Connection,
    pub(super) clock: &'a dyn Clock,
}

impl Session<'_> {
    /// Returns database time.
    pub(crate) fn now(&mut self) -> Result<Timestamp> {
        clock::now(self.connection, self.clock)
    }

    /// Returns the kind of database.
    pub(crate) fn backend(&self) -> Backend {
        match self.connection {
            Connection::Mysql(_) => Backend::MySql,
            Connection::Sqlite(_) => Backend::Sqlite,
        }
    }

    /// Runs work in the transaction that has begun, then commits it or rolls it back.
    pub(super) fn transaction<T>(&mut self, work: impl Fn(&mut Session<'_>) -> Result<T>) -> Result<T> {
        let outcome = work(&mut Session { connection: self.connection, clock: self.clock });
        match outcome {
            Ok(value) => commit(self.connection).map(|()| value),
            Err(error) => {
                // The first error says more than a failed rollback, after which the pool drops the connection.
                let _ = rollback(self.connection);
                Err(error)
            }
        }
    }
}

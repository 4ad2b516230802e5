//! Domain errors for the errors of diesel.

use diesel::result::{DatabaseErrorKind, Error as Diesel};
use gateway_core::error::{Error, ErrorKind, Status};

/// The source of errors from a lost race: a deadlock, a lock that timed out, two inserts of one key.
#[derive(Debug, thiserror::Error)]
#[error("lost to contention: {0}")]
struct Contention(String);

/// Texts of lost races: diesel passes MySQL's errors 1205 and 1213 and SQLite's BUSY on as text alone.
const CONTENTION: [&str; 4] =
    ["deadlock", "lock wait timeout", "database is locked", "try restarting transaction"];

/// Texts of a server that is gone.
const GONE: [&str; 6] =
    ["gone away", "lost connection", "server has", "can't connect", "shutdown", "connection was killed"];

/// Returns the domain error for an error of diesel.
pub(crate) fn database(error: Diesel) -> Error {
    match error {
        // Of a commit that failed, the first error says why.
        Diesel::RollbackErrorOnCommit { commit_error, .. } => database(*commit_error),
        Diesel::NotFound => Error::new(ErrorKind::NotFound, "the record does not exist"),
        Diesel::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
            info,
        ) => contention(info.message()),
        Diesel::DatabaseError(kind, info) => {
            let text = info.message().to_owned();
            let lower = text.to_lowercase();
            let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
            if says(&TIME_EXCEEDED) {
                return too_slow(&text);
            }
            if says(&CONTENTION) {
                return contention(&text);
            }
            if matches!(kind, DatabaseErrorKind::ClosedConnection) || says(&GONE) {
                return unavailable().with_source(text);
            }
            Error::internal(format!("database: {text}"))
        }
        error => Error::internal(error),
    }
}

/// The source of errors from a limit of time, after which the connection is intact.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct TimeExceeded(String);

/// Texts of a statement that the server ended: MariaDB's `max_statement_time`, MySQL's `max_execution_time`.
const TIME_EXCEEDED: [&str; 2] = ["max_statement_time exceeded", "maximum statement execution time exceeded"];

/// Returns the error of a pool that cannot connect.
pub(super) fn no_connection(error: diesel::ConnectionError) -> Error {
    unavailable().with_source(error)
}

/// Returns the error of calls to a server that gives no sign of life.
pub(super) fn silent() -> Error {
    Error::unavailable("the gateway's database does not answer")
}

/// Returns the error of a call that reached a limit of time.
pub(super) fn too_slow(reason: &str) -> Error {
    Error::unavailable("the gateway's database is too busy").with_source(TimeExceeded(reason.to_owned()))
}

/// Returns whether the server is gone, rather than slow.
pub(super) fn is_gone(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    error.kind() == ErrorKind::Unavailable && !source.is_some_and(|source| source.is::<TimeExceeded>())
}

/// Returns whether the same transaction may succeed if it runs again.
pub(super) fn is_contention(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Contention>())
}

fn unavailable() -> Error {
    Error::unavailable("the gateway's database cannot be reached")
}

/// Returns the error of a lost race, after which the transaction is tried again.
pub(crate) fn contention(message: &str) -> Error {
    Error::new(ErrorKind::Conflict, "another writer changed the same rows at the same time; try again")
        .with_status(Status::Temporary)
        .with_source(Contention(message.to_owned()))
}

/// Returns the error of a column whose content this build cannot read.
pub(crate) fn corrupt(column: &'static str) -> Error {
    Error::internal(format!("the store holds an unreadable {column}"))
}

/// Returns the error of a holder whose lease went to another process.
pub(crate) fn lease_lost(of: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::LeaseLost, format!("the lease on {of} is lost: another process took it"))
}

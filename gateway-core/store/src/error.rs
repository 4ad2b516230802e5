//! What diesel reports, as domain errors.

use diesel::result::{DatabaseErrorKind, Error as Diesel};
use gateway_core::error::{Error, ErrorKind, Status};

/// The error of a lost race: a deadlock, a lock that was not to be had, two inserts of one key.
#[derive(Debug, thiserror::Error)]
#[error("lost to contention: {0}")]
struct Contention(String);

pub(crate) fn database(error: Diesel) -> Error {
    match error {
        // Of a commit that failed, what came first says why.
        Diesel::RollbackErrorOnCommit { commit_error, .. } => database(*commit_error),
        Diesel::NotFound => Error::new(ErrorKind::NotFound, "there is no such record"),
        Diesel::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
            info,
        ) => contention(info.message()),
        Diesel::DatabaseError(kind, info) => {
            let text = info.message().to_owned();
            let lower = text.to_lowercase();
            // diesel passes MySQL's errors 1205 and 1213 and SQLite's BUSY on as text alone.
            if ["deadlock", "lock wait timeout", "database is locked", "try restarting transaction"]
                .iter()
                .any(|word| lower.contains(word))
            {
                return contention(&text);
            }
            let gone = [
                "gone away",
                "lost connection",
                "server has",
                "can't connect",
                "shutdown",
                "connection was killed",
            ];
            if matches!(kind, DatabaseErrorKind::ClosedConnection)
                || gone.iter().any(|word| lower.contains(word))
            {
                return unavailable().with_source(text);
            }
            Error::internal(format!("database: {text}"))
        }
        error => Error::internal(error),
    }
}

pub(crate) fn no_connection(error: diesel::r2d2::PoolError) -> Error {
    unavailable().with_source(error)
}

/// Whether running the same transaction again may work.
pub(crate) fn is_contention(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Contention>())
}

fn unavailable() -> Error {
    Error::unavailable("the gateway's database cannot be reached")
}

/// A race that was lost: see [`is_contention`].
pub(crate) fn contention(message: &str) -> Error {
    Error::new(ErrorKind::Conflict, "somebody else changed the same thing at the same time")
        .with_status(Status::Temporary)
        .with_source(Contention(message.to_owned()))
}

/// Something in a row that this build never writes there.
pub(crate) fn corrupt(what: &'static str) -> Error {
    Error::internal(format!("the store holds an unreadable {what}"))
}

//! Repetition of work that lost a race or met a dead connection.

use std::time::Duration;

use gateway_core::Clock;
use gateway_core::error::{Error, ErrorKind, Result};

use super::error::{is_contention, is_gone};
use super::instruments;
use super::pool::Pool;
use super::session::Session;
use super::transaction::begin;

/// Attempts at a transaction that meets deadlocks or duplicate keys. With more, callers of a busy table wait longer;
/// with fewer, they see errors that another attempt would have avoided.
const ATTEMPTS: u32 = 8;

/// Runs work on a connection of the pool, in a transaction or without, and again if that is safe.
pub(super) fn run<T>(
    pool: &Pool,
    statement_limit: Duration,
    clock: &dyn Clock,
    transaction: bool,
    work: impl Fn(&mut Session<'_>) -> Result<T>,
) -> Result<T> {
    for attempt in 1.. {
        let mut pooled = pool.take(statement_limit)?;
        let begun = if transaction { begin(&mut pooled.connection) } else { Ok(()) };
        // Nothing has been written yet that a second attempt would write twice.
        let repeatable = !transaction || begun.is_err();
        let mut session = Session { connection: &mut pooled.connection, clock };
        let outcome = begun.and_then(|()| match transaction {
            true => session.transaction(&work),
            false => work(&mut session),
        });
        match outcome {
            Err(error) if is_contention(&error) && attempt < ATTEMPTS => {
                instruments::lost_a_race();
                pool.give_back(pooled);
                // The clock spreads the waits, so that two losers do not meet again.
                let jitter = clock.now().0.unsigned_abs() % 10;
                std::thread::sleep(Duration::from_millis(u64::from(attempt) * 5 + jitter));
            }
            Err(error) if is_gone(&error) => {
                pool.discard_all(&pooled);
                // The server closed an idle connection; the next one is new. After a transaction has begun, only the
                // caller knows whether a repetition is right.
                if !repeatable || attempt > 1 {
                    return Err(error);
                }
                instruments::lost_its_connection();
            }
            // The connection may be the cause.
            Err(error) if error.kind() == ErrorKind::Internal => return Err(error),
            outcome => {
                pool.give_back(pooled);
                return outcome;
            }
        }
    }
    Err(Error::internal("no attempt was made"))
}

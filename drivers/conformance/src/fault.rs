//! Faults that an environment can inject into the answers of a cloud.

use std::time::Duration;

use async_trait::async_trait;

/// A fault of every answer until it is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every answer is 401.
    Unauthorized,
    /// Every answer is 403.
    Forbidden,
    /// Every answer is 429 with `Retry-After`.
    RateLimited {
        /// Value of `Retry-After`.
        retry_after: Duration,
    },
    /// Every answer is 500.
    ServerError,
    /// Bodies end in the middle, and the connection is closed.
    HalfBody,
    /// Every answer is 200 with a document of another type.
    WrongDocument,
    /// `Date` is shifted.
    Skew {
        /// Shift; positive is ahead.
        seconds: i64,
    },
    /// Answers have no `Date`.
    NoDate,
    /// Answers are delayed.
    Latency(Duration),
}

/// Environment that can inject faults into the cloud under test, or into the connection to it.
#[async_trait]
pub trait FaultInjector: Send + Sync {
    /// Injects a fault in place of the one before.
    ///
    /// # Errors
    /// The reason why this environment cannot inject the fault; the check is skipped.
    async fn inject(&self, fault: Fault) -> Result<(), String>;

    /// Clears the fault.
    async fn clear(&self);
}

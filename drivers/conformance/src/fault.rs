//! What an environment can be asked to break.

use std::time::Duration;

use async_trait::async_trait;

/// One thing that goes wrong with every answer until it is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 401 to everything.
    Unauthorized,
    /// 403 to everything.
    Forbidden,
    /// 429 with `Retry-After`.
    RateLimited {
        /// What `Retry-After` says.
        retry_after: Duration,
    },
    /// 500 to everything.
    ServerError,
    /// Bodies end in their middle, and the connection with them.
    HalfBody,
    /// 200 with a document of another type.
    WrongDocument,
    /// `Date` is off.
    Skew {
        /// By how much; positive is ahead.
        seconds: i64,
    },
    /// No `Date`.
    NoDate,
    /// Answers come late.
    Latency(Duration),
}

/// Who can break the cloud that is being tested, or the line to it.
#[async_trait]
pub trait Faults: Send + Sync {
    /// Breaks it, instead of what was broken before; an error says why this environment cannot.
    async fn inject(&self, fault: Fault) -> Result<(), String>;

    /// Makes it whole.
    async fn clear(&self);
}

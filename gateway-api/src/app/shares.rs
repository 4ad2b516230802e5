//! The shares of one process in the work that waits for clouds.
//!
//! The bus lets more requests of a class in than can wait here, so that no request stands in a queue behind one that waits
//! for a cloud: it waits under its own share keys, or it is refused.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::id::PrincipalId;
use gateway_core::shares::{Breakers, CallKey, Pool};

/// Requests that wait, for each request that is worked on. More absorb longer bursts of one cloud's clients; fewer are
/// refused sooner, and hold less memory.
pub(crate) const WAITING: usize = 4;

/// The wait that a refused request is asked to keep. Longer spares a busy gateway; shorter notices sooner that a slot is free.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The pools of one process.
pub(crate) struct Shares {
    /// The endpoints and parties whose calls time out, for all pools of the process.
    pub(crate) breakers: Arc<Breakers>,
    /// Credential checks that call a cloud, by identity endpoint and principal.
    pub(crate) checks: Pool<CallKey>,
    /// Calls of operations, by region and account.
    pub(crate) calls: Pool<CallKey>,
    /// Mutating requests that wait for their operations, by region and account. They call no cloud themselves.
    pub(crate) commands: Pool<CallKey>,
    /// Refresh requests that wait for listings, by principal. They call no cloud themselves.
    pub(crate) refreshes: Pool<PrincipalId>,
}

impl Shares {
    /// Creates the pools of a process that works on so many requests at once.
    pub(crate) fn new(concurrency: usize, breakers: Arc<Breakers>) -> Self {
        let waiting = concurrency * WAITING;
        let calls = |name| Pool::of_calls(name, concurrency, waiting, Arc::clone(&breakers));
        Self {
            checks: calls("handler_checks"),
            calls: calls("handler_calls"),
            commands: Pool::new("handler_commands", waiting, 0),
            refreshes: Pool::new("handler_refreshes", waiting, 0),
            breakers,
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_bus::{ServeOptions, WorkClass};

    use super::*;

    #[test]
    fn bus_lets_in_more_requests_than_can_wait() {
        for concurrency in [1, 8, 64] {
            let options = ServeOptions { prefetch: 1, concurrency };
            let waiting = concurrency + concurrency * WAITING;
            for class in [WorkClass::Check, WorkClass::Write, WorkClass::Refresh] {
                assert!(options.in_progress(class) > waiting, "{class:?} {concurrency}");
            }
        }
    }
}

//! Until when a cloud may be asked to change something: no longer than the lease of who asks.
//!
//! A process that was frozen between its journal and its call would send the call when it wakes, long after somebody else
//! has taken the work up. [`check`] stands right before each write leaves. What is left open is the moment between that
//! check and the socket, and a machine whose clock stands still while it sleeps.

use std::cell::Cell;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};

tokio::task_local! {
    /// When the lease ends, as its holder knows it; none before there is one.
    static END: Cell<Option<Instant>>;
}

/// Does work that changes nothing without a lease, as far as it stays in one task.
pub async fn around<T>(work: impl Future<Output = T>) -> T {
    END.scope(Cell::new(None), work).await
}

/// Says within [`around`] that the lease lasts until then. That is counted from before it was asked for, and so ends no
/// later than the lease.
pub fn extend(until: Instant) {
    // Where there is no fence, none has to be moved.
    let _ = END.try_with(|end| end.set(end.get().max(Some(until))));
}

/// Whether the work that asks may still change something; outside of [`around`] it may.
///
/// # Errors
/// `LeaseLost`, and then nothing was sent.
pub fn check() -> Result<()> {
    match END.try_with(Cell::get) {
        Ok(end) if end.is_none_or(|end| end <= Instant::now()) => {
            Err(Error::new(ErrorKind::LeaseLost, "somebody else may be at it by now").untouched())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_is_open_as_long_as_the_lease_and_only_within_it() {
        let now = Instant::now();
        around(async {
            assert!(check().is_err(), "nothing was leased yet");
            extend(now);
            let error = check().unwrap_err();
            assert!(error.kind() == ErrorKind::LeaseLost && error.changed_nothing());
            extend(now + Duration::from_secs(60));
            assert!(check().is_ok());
            extend(now);
            assert!(check().is_ok(), "an earlier end takes nothing back");
        })
        .await;
        extend(now);
        assert!(check().is_ok(), "what needs no lease is not asked for one");
    }
}

//! The write fence: no write leaves the process after its lease has ended.
//!
//! A process that freezes between its journal and its call would send the call when it resumes, after another process has
//! taken the work over. [`check`] runs right before each write leaves. Two gaps remain: the moment between that check and
//! the socket, and a machine whose clock stops while it sleeps.

use std::cell::Cell;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};

tokio::task_local! {
    /// The end of the lease, as its holder knows it; none before there is one.
    static END: Cell<Option<Instant>>;
}

/// Runs work that must not write without a lease. The fence covers the current task only.
pub async fn around<T>(work: impl Future<Output = T>) -> T {
    END.scope(Cell::new(None), work).await
}

/// Sets the end of the lease within [`around`]. Callers count it from before they asked for the lease, so that it is never
/// too late.
pub fn extend(until: Instant) {
    // Outside of `around` there is no fence to move.
    let _ = END.try_with(|end| end.set(end.get().max(Some(until))));
}

/// Checks that the lease still holds. Outside of [`around`] every write is allowed.
///
/// # Errors
/// `LeaseLost`; nothing was sent.
pub fn check() -> Result<()> {
    match END.try_with(Cell::get) {
        Ok(end) if end.is_none_or(|end| end <= Instant::now()) => Err(Error::new(
            ErrorKind::LeaseLost,
            "the lease has ended; another process may have taken the work over",
        )
        .untouched()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn fence_is_open_only_while_the_lease_lasts() {
        let now = Instant::now();
        around(async {
            assert!(check().is_err(), "there is no lease yet");
            extend(now);
            let error = check().unwrap_err();
            assert!(error.kind() == ErrorKind::LeaseLost && error.changed_nothing());
            extend(now + Duration::from_secs(60));
            assert!(check().is_ok());
            extend(now);
            assert!(check().is_ok(), "an earlier end does not shorten the lease");
        })
        .await;
        extend(now);
        assert!(check().is_ok(), "work outside of the fence needs no lease");
    }
}

//! The slots of requests in flight.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use gateway_core::config::Front as Config;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::http::problem::Problem;

/// The divisor for the part of the slots that requests with `max_age` may hold. A higher value keeps more slots for
/// requests that do not wait; a lower one lets more callers wait.
const WAITING_DIVISOR: usize = 2;

/// The slots of one front.
#[derive(Debug)]
pub(super) struct Slots {
    in_flight: Semaphore,
    /// The part of them that requests with `max_age` may hold.
    waiting: Semaphore,
    /// The slots of uploads, which are held for as long as content moves.
    uploads: Arc<Semaphore>,
}

impl Slots {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            in_flight: Semaphore::new(config.max_in_flight),
            waiting: Semaphore::new((config.max_in_flight / WAITING_DIVISOR).max(1)),
            uploads: Arc::new(Semaphore::new(config.max_uploads)),
        }
    }

    /// Waits for a slot.
    pub(super) async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.in_flight.acquire().await.ok()
    }

    /// Takes a slot, if there is one.
    pub(super) fn take(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.in_flight.try_acquire().map_err(|_| overloaded())
    }

    /// Takes a slot of those for requests with `max_age`, if there is one.
    pub(super) fn take_waiting(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.waiting.try_acquire().map_err(|_| overloaded())
    }

    /// Takes a slot for an upload, if there is one.
    pub(super) fn take_upload(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.uploads).try_acquire_owned().map_err(|_| overloaded())
    }
}

fn overloaded() -> Problem {
    let detail = "too many requests are in flight here; send it again later";
    Problem::new("overloaded", "Too many requests", StatusCode::SERVICE_UNAVAILABLE, detail)
        .with_retry_after(Duration::from_secs(1))
}

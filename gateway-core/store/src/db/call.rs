//! A call of the database, on a thread of its own and watched from outside.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_core::error::{Error, Result};
use gateway_core::time_limit::TimeLimit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::error::{silent, too_slow};
use super::health::Health;

/// Time after which a call is slow, and the server is asked whether it answers. Longer asks less often; shorter detects a
/// silent server sooner.
const PATIENCE: Duration = Duration::from_secs(2);

/// Longest time of a call without a deadline. Longer tolerates larger batches on a slow server; shorter gives up sooner on
/// a single connection that was cut off.
const LONGEST_CALL: Duration = Duration::from_secs(120);

/// A call under way. If its caller gives up first, it is watched until its thread ends or is given up.
pub(super) struct Call<T: Send + 'static> {
    thread: Option<JoinHandle<Result<T>>>,
    /// The permit of the thread: for a connection, or for a thread that was given up.
    permit: Arc<Mutex<OwnedSemaphorePermit>>,
    limit: TimeLimit,
    ends_at: Instant,
    /// Permits for threads that were given up, whose connections are replaced meanwhile.
    given_up: Arc<Semaphore>,
    health: Arc<Health>,
    has_caller: bool,
}

impl<T: Send + 'static> Call<T> {
    /// Starts work on a thread, which keeps the permit until it ends.
    pub(super) fn start(
        permit: OwnedSemaphorePermit,
        limit: TimeLimit,
        given_up: Arc<Semaphore>,
        health: Arc<Health>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Self {
        let permit = Arc::new(Mutex::new(permit));
        let held = Arc::clone(&permit);
        let thread = tokio::task::spawn_blocking(move || {
            let _held = held;
            work()
        });
        let ends_at = limit.deadline.unwrap_or_else(|| Instant::now() + LONGEST_CALL);
        Self { thread: Some(thread), permit, limit, ends_at, given_up, health, has_caller: true }
    }

    /// Waits for the outcome while the server answers and the call may last.
    pub(super) async fn outcome(&mut self) -> Result<T> {
        let Some(thread) = &mut self.thread else { return Err(Error::internal("a call was awaited twice")) };
        // A change of the schema takes as long as it takes.
        let is_limited = self.limit.deadline.is_some() || !self.limit.statement.is_zero();
        let failure = loop {
            let left = self.ends_at.saturating_duration_since(Instant::now());
            let patience = if is_limited { PATIENCE.min(left) } else { PATIENCE };
            if let Ok(done) = timeout(patience, &mut *thread).await {
                self.thread = None;
                return done.map_err(Error::internal)?;
            }
            if is_limited && Instant::now() >= self.ends_at {
                break too_slow("the call exceeded its time");
            }
            tokio::select! {
                done = &mut *thread => {
                    self.thread = None;
                    return done.map_err(Error::internal)?;
                }
                answers = self.health.answers() => if !answers {
                    break silent();
                }
            }
        };
        self.give_up();
        Err(failure)
    }

    /// Leaves the thread to itself. A few connections are replaced so; with more, callers wait for those that are left.
    fn give_up(&mut self) {
        self.thread = None;
        if let Ok(other) = Arc::clone(&self.given_up).try_acquire_owned() {
            *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = other;
        }
    }
}

impl<T: Send + 'static> Drop for Call<T> {
    fn drop(&mut self) {
        let thread = self.thread.take().filter(|thread| self.has_caller && !thread.is_finished());
        let (Some(thread), Ok(runtime)) = (thread, tokio::runtime::Handle::try_current()) else { return };
        let mut rest = Self {
            thread: Some(thread),
            permit: Arc::clone(&self.permit),
            limit: self.limit,
            ends_at: self.ends_at,
            given_up: Arc::clone(&self.given_up),
            health: Arc::clone(&self.health),
            has_caller: false,
        };
        runtime.spawn(async move { rest.outcome().await.map(drop) });
    }
}

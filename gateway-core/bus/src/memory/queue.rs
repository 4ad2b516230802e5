//! The waiting requests of one work class.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::envelope::{Envelope, WorkClass};
use crate::error::RequestError;
use crate::reply::Reply;

/// The most requests that may wait. A higher number absorbs longer bursts; a lower one refuses requests sooner that would
/// time out anyway.
const CAPACITY: usize = 4096;

/// A request that waits for a handler.
pub(super) struct Job {
    pub(super) envelope: Envelope,
    pub(super) answer: oneshot::Sender<Reply>,
    /// The number of attempts.
    pub(super) attempts: u32,
}

/// A bounded queue that knows whether a server exists.
#[derive(Default)]
pub(super) struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    arrived: Notify,
    servers: AtomicUsize,
}

/// A server of the queue. The queue accepts requests while one exists.
pub(super) struct Server<'a>(&'a Queue);

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.0.servers.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Queue {
    pub(super) fn serve(&self) -> Server<'_> {
        self.servers.fetch_add(1, Ordering::SeqCst);
        Server(self)
    }

    pub(super) fn push(&self, job: Job) -> Result<(), RequestError> {
        if self.servers.load(Ordering::SeqCst) == 0 {
            return Err(RequestError::Unroutable);
        }
        let mut jobs = self.lock();
        if jobs.len() >= CAPACITY {
            return Err(RequestError::Unroutable);
        }
        jobs.push_back(job);
        drop(jobs);
        self.arrived.notify_one();
        Ok(())
    }

    /// Puts a request back in front of those that were never attempted.
    pub(super) fn put_back(&self, job: Job) {
        self.lock().push_front(job);
        self.arrived.notify_one();
    }

    pub(super) async fn pop(&self) -> Job {
        loop {
            if let Some(job) = self.lock().pop_front() {
                return job;
            }
            self.arrived.notified().await;
        }
    }

    /// Drops every waiting request.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        // Each change of the queue is one call, so that a panic cannot leave it incomplete.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the most attempts at a request: two for reads and four for writes, as with the queues of RabbitMQ.
pub(super) fn most_attempts(class: WorkClass) -> u32 {
    match class {
        WorkClass::Read | WorkClass::Check | WorkClass::Refresh => 2,
        WorkClass::Write => 4,
    }
}

//! The waiting requests of one work class.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::envelope::{Envelope, WorkClass};
use crate::error::RequestError;
use crate::reply::Reply;

/// Requests that may wait. Higher rides out longer bursts; lower refuses sooner what would time out anyway.
const CAPACITY: usize = 4096;

/// A request on its way to a handler.
pub(super) struct Job {
    pub(super) envelope: Envelope,
    pub(super) answer: oneshot::Sender<Reply>,
    /// How often a handler has begun with it.
    pub(super) begun: u32,
}

/// A bounded queue that knows whether anybody serves it.
#[derive(Default)]
pub(super) struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    arrived: Notify,
    servers: AtomicUsize,
}

/// While it lives, the queue takes requests.
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

    /// Puts one back in front: what was begun is as old as a request gets.
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

    /// Forgets all that wait.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        // Each change of the queue is one call: a panic cannot leave it half done.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a handler may begin with one request: once more for reads, three times more for writes, as the
/// queues of RabbitMQ have it.
pub(super) fn most_tries(class: WorkClass) -> u32 {
    match class {
        WorkClass::Read | WorkClass::Check | WorkClass::Refresh => 2,
        WorkClass::Write => 4,
    }
}

//! Workers that serve the queues.

use std::sync::Arc;

use gateway_core::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::queue::{Job, Queue, most_attempts};
use crate::admission::{Admission, Slot};
use crate::envelope::WorkClass;
use crate::instruments;
use crate::intake;
use crate::limit::{self, MAX_REPLY};
use crate::port::{Delivery, RequestService};

/// A server of one work class.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) class: WorkClass,
    pub(super) queue: Arc<Queue>,
    pub(super) service: Arc<dyn RequestService>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) admission: Admission,
    pub(super) tasks: TaskTracker,
}

impl Worker {
    /// Starts work on requests until `stop`; the tracker has those in progress.
    pub(super) async fn run(self, stop: CancellationToken) {
        let _server = self.queue.serve();
        loop {
            let Some(job) = stop.run_until_cancelled(self.queue.pop()).await else { return };
            let Some(slot) = stop.run_until_cancelled(self.admission.enter(self.class)).await else {
                self.queue.put_back(job);
                return;
            };
            self.tasks.spawn(self.clone().work(job, slot));
        }
    }

    async fn work(self, mut job: Job, _slot: Slot) {
        if let Err(detail) = intake::check_version(job.envelope.v) {
            let _ = job.answer.send(intake::refusal(job.envelope.message_id, &detail));
            return;
        }
        if intake::is_late(job.envelope.deadline, &*self.clock) {
            instruments::dropped_late(self.class);
            return;
        }
        let delivery = Delivery { class: self.class, redelivered: job.attempts > 0, reply_owner: None };
        job.attempts += 1;
        match intake::call(&*self.service, job.envelope.clone(), delivery).await {
            // The caller may have gone; then nobody needs the answer.
            Some(reply) => {
                let bytes = limit::reply_bytes(&reply);
                let fits = bytes <= MAX_REPLY;
                let _ =
                    job.answer.send(if fits { reply } else { limit::too_large(&reply, bytes, MAX_REPLY) });
            }
            None if job.attempts < most_attempts(self.class) => self.queue.put_back(job),
            None => {}
        }
    }
}

//! What serves the queues.

use std::sync::Arc;

use gateway_core::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::queue::{Job, Queue, most_tries};
use crate::admission::{Admission, Place};
use crate::envelope::WorkClass;
use crate::intake;
use crate::port::{Delivery, RequestService};

/// Works on the requests of one class.
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
    /// Begins with requests until `stop`; those in hand are in the tracker.
    pub(super) async fn run(self, stop: CancellationToken) {
        let _server = self.queue.serve();
        loop {
            let Some(job) = stop.run_until_cancelled(self.queue.pop()).await else { return };
            let Some(place) = stop.run_until_cancelled(self.admission.enter(self.class)).await else {
                self.queue.put_back(job);
                return;
            };
            self.tasks.spawn(self.clone().work(job, place));
        }
    }

    async fn work(self, mut job: Job, _place: Place) {
        if let Err(detail) = intake::check_version(job.envelope.v) {
            let _ = job.answer.send(intake::refusal(job.envelope.message_id, &detail));
            return;
        }
        if intake::is_late(job.envelope.deadline, &*self.clock) {
            return;
        }
        let delivery = Delivery { class: self.class, redelivered: job.begun > 0, reply_owner: None };
        job.begun += 1;
        match intake::call(&*self.service, job.envelope.clone(), delivery).await {
            // Who asked may have gone; then nobody wants the answer.
            Some(reply) => drop(job.answer.send(reply)),
            None if job.begun < most_tries(self.class) => self.queue.put_back(job),
            None => {}
        }
    }
}

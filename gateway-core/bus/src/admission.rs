//! Admission of requests: the number of each work class that one consumer has in progress.
//!
//! Reads take the time of the store alone. All other requests may wait for a cloud. The service itself divides what they
//! wait for by shares and refuses requests beyond that; here they are only bounded, so that none of them stays in the queue
//! behind others that wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::envelope::WorkClass;
use crate::port::ServeOptions;

/// The requests in progress of one consumer.
#[derive(Clone)]
pub(crate) struct Admission([Arc<Semaphore>; WorkClass::ALL.len()]);

/// A slot, freed on drop.
pub(crate) struct Slot {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub(crate) fn new(options: ServeOptions) -> Self {
        Self(WorkClass::ALL.map(|class| Arc::new(Semaphore::new(options.in_progress(class)))))
    }

    /// Waits for a slot of a class.
    pub(crate) async fn enter(&self, class: WorkClass) -> Slot {
        // The semaphores are never closed.
        Slot { _permit: Arc::clone(&self.0[class as usize]).acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn admission(concurrency: usize) -> Admission {
        Admission::new(ServeOptions { prefetch: 1, concurrency })
    }

    #[tokio::test]
    async fn requests_that_wait_for_clouds_leave_all_slots_for_reads() {
        let admission = admission(2);
        let waiting: Vec<_> = (0..9)
            .flat_map(|_| [WorkClass::Write, WorkClass::Check, WorkClass::Refresh])
            .map_while(|class| admission.enter(class).now_or_never())
            .collect();
        assert_eq!(waiting.len(), 27);
        let reads: Vec<_> = (0..9).map_while(|_| admission.enter(WorkClass::Read).now_or_never()).collect();
        assert_eq!(reads.len(), 2);
    }

    #[tokio::test]
    async fn dropped_slot_is_free_again() {
        let admission = admission(1);
        drop(admission.enter(WorkClass::Read).await);
        assert!(admission.enter(WorkClass::Read).now_or_never().is_some());
    }
}

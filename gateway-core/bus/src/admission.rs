//! Admission of requests: slots of one consumer, divided so that slow work classes leave slots for fast ones.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::envelope::WorkClass;

/// The divisor of all slots that gives the limit of writes, and the limit of checks. A higher divisor keeps more slots for
/// reads while clouds are slow; a lower one lets more slow work run at once.
const SLOW_SHARE: usize = 4;

/// The refreshes that may wait at once, for each slot. They only wait and take no slot. A higher number costs memory; with
/// a lower one, refreshes that one listing could answer queue behind each other.
const WAITING: usize = 4;

/// The slots of one consumer, shared by all work classes.
#[derive(Clone)]
pub(crate) struct Admission {
    all: Arc<Semaphore>,
    write: Arc<Semaphore>,
    check: Arc<Semaphore>,
    refresh: Arc<Semaphore>,
}

/// A slot, freed on drop.
pub(crate) struct Slot {
    _class: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub(crate) fn new(concurrency: usize) -> Self {
        let slow = (concurrency / SLOW_SHARE).max(1);
        Self {
            all: Arc::new(Semaphore::new(concurrency.max(1))),
            write: Arc::new(Semaphore::new(slow)),
            check: Arc::new(Semaphore::new(slow)),
            refresh: Arc::new(Semaphore::new(concurrency.max(1) * WAITING)),
        }
    }

    /// Waits for a slot. The limit of the class comes first, so that a request that waits for it holds no slot.
    pub(crate) async fn enter(&self, class: WorkClass) -> Slot {
        let class = match class {
            WorkClass::Read => None,
            WorkClass::Write => Some(&self.write),
            WorkClass::Check => Some(&self.check),
            WorkClass::Refresh => {
                let waiting = Arc::clone(&self.refresh).acquire_owned().await.ok();
                return Slot { _class: waiting, _all: None };
            }
        };
        // The semaphores are never closed, so that `None` means that the class has no limit.
        let class = match class {
            Some(semaphore) => Arc::clone(semaphore).acquire_owned().await.ok(),
            None => None,
        };
        Slot { _class: class, _all: Arc::clone(&self.all).acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn checks_leave_slots_for_reads() {
        let admission = Admission::new(4);
        let _check = admission.enter(WorkClass::Check).await;
        assert!(admission.enter(WorkClass::Check).now_or_never().is_none());
        let reads: Vec<_> = (0..4).map_while(|_| admission.enter(WorkClass::Read).now_or_never()).collect();
        assert_eq!(reads.len(), 3);
    }

    #[tokio::test]
    async fn waiting_refreshes_take_no_slots() {
        let admission = Admission::new(1);
        let waiting: Vec<_> =
            (0..9).map_while(|_| admission.enter(WorkClass::Refresh).now_or_never()).collect();
        assert_eq!(waiting.len(), WAITING);
        assert!(admission.enter(WorkClass::Read).now_or_never().is_some());
    }

    #[tokio::test]
    async fn dropped_slot_is_free_again() {
        let admission = Admission::new(1);
        drop(admission.enter(WorkClass::Write).await);
        assert!(admission.enter(WorkClass::Read).now_or_never().is_some());
    }
}

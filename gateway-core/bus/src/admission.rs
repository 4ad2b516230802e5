//! How many requests one consumer works on at once, so that slow classes leave room for fast ones.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::envelope::WorkClass;

/// The part of the places that writes may fill, and checks too: one in so many. Higher keeps more places
/// for reads while clouds are slow; lower lets more slow work run at once.
const SLOW_SHARE: usize = 4;

/// Refreshes that may wait at once, for each place to work in: they wait and do nothing, and take no such place.
/// More costs memory for each; with fewer, those that could be answered by one listing queue behind each other.
const WAITING: usize = 4;

/// Places to work in, shared by all work classes of one consumer.
#[derive(Clone)]
pub(crate) struct Admission {
    all: Arc<Semaphore>,
    write: Arc<Semaphore>,
    check: Arc<Semaphore>,
    refresh: Arc<Semaphore>,
}

/// A place; dropping it frees it.
pub(crate) struct Place {
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

    /// Waits for a place. The class's own limit comes first, so that who waits for it holds no other place.
    pub(crate) async fn enter(&self, class: WorkClass) -> Place {
        let class = match class {
            WorkClass::Read => None,
            WorkClass::Write => Some(&self.write),
            WorkClass::Check => Some(&self.check),
            WorkClass::Refresh => {
                let waiting = Arc::clone(&self.refresh).acquire_owned().await.ok();
                return Place { _class: waiting, _all: None };
            }
        };
        // The semaphores are never closed, so that each `None` means "no limit here".
        let class = match class {
            Some(semaphore) => Arc::clone(semaphore).acquire_owned().await.ok(),
            None => None,
        };
        Place { _class: class, _all: Arc::clone(&self.all).acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn checks_cannot_take_the_places_of_reads() {
        let admission = Admission::new(4);
        let _check = admission.enter(WorkClass::Check).await;
        assert!(admission.enter(WorkClass::Check).now_or_never().is_none());
        let reads: Vec<_> = (0..4).map_while(|_| admission.enter(WorkClass::Read).now_or_never()).collect();
        assert_eq!(reads.len(), 3);
    }

    #[tokio::test]
    async fn who_waits_for_a_listing_takes_no_place_of_others() {
        let admission = Admission::new(1);
        let waiting: Vec<_> =
            (0..9).map_while(|_| admission.enter(WorkClass::Refresh).now_or_never()).collect();
        assert_eq!(waiting.len(), WAITING);
        assert!(admission.enter(WorkClass::Read).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_it_is_dropped() {
        let admission = Admission::new(1);
        drop(admission.enter(WorkClass::Write).await);
        assert!(admission.enter(WorkClass::Read).now_or_never().is_some());
    }
}

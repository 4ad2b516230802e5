//! The watcher: polls of the store that are shared by all requests that wait for listings.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_bus::{Bus, Nudge};
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::TargetId;
use gateway_store::{RefreshProgress, Store};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::progress::is_expected;

/// The interval between polls without a nudge. A higher value spares the database; a lower one makes up for a lost
/// nudge sooner.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The shortest time between polls, so that listings that end together are seen by one.
const MIN_INTERVAL: Duration = Duration::from_millis(20);

/// The waiting requests of one process.
pub(crate) struct Watcher {
    store: Store,
    bus: Arc<dyn Bus>,
    /// The channel to the polling task; closed while there is no task, because no request waits.
    waiters: Mutex<UnboundedSender<Waiter>>,
}

/// A request and the targets for which it waits.
struct Waiter {
    as_of: Timestamp,
    /// The targets as they were when the wait began.
    targets: HashMap<TargetId, RefreshProgress>,
    settled: oneshot::Sender<Timestamp>,
}

impl Watcher {
    pub(crate) fn new(store: Store, bus: Arc<dyn Bus>) -> Self {
        Self { store, bus, waiters: Mutex::new(unbounded_channel().0) }
    }

    /// Returns a receiver of the moment of the poll by which each target is new enough or not expected to be soon. The
    /// sender is dropped if the store cannot be read. Dropping the receiver ends the wait.
    pub(crate) fn settled(
        &self,
        targets: Vec<RefreshProgress>,
        as_of: Timestamp,
    ) -> oneshot::Receiver<Timestamp> {
        let (settled, receiver) = oneshot::channel();
        let targets = targets.into_iter().map(|progress| (progress.target, progress)).collect();
        // A poisoned lock is harmless: its content is only ever replaced.
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(SendError(waiter)) = waiters.send(Waiter { as_of, targets, settled }) {
            let (sender, arrivals) = unbounded_channel();
            // The receiver is still here, so that this cannot fail.
            let _ = sender.send(waiter);
            *waiters = sender;
            let (store, nudges) = (self.store.clone(), self.bus.nudges());
            tokio::spawn(async move { watch(|ids| store.refresh_progress(ids), nudges, arrivals).await });
        }
        receiver
    }
}

/// Polls for all waiters until there are none.
async fn watch<F: Future<Output = Result<(Timestamp, Vec<RefreshProgress>)>>>(
    poll: impl Fn(Vec<TargetId>) -> F,
    mut nudges: Receiver<Nudge>,
    mut arrivals: UnboundedReceiver<Waiter>,
) {
    let mut waiters = Vec::new();
    loop {
        while let Ok(waiter) = arrivals.try_recv() {
            waiters.push(waiter);
        }
        waiters.retain(|waiter| !waiter.settled.is_closed());
        if waiters.is_empty() {
            if arrivals.is_closed() {
                return;
            }
            // Later waiters start another task; those that are in the channel already are served by this one.
            arrivals.close();
            continue;
        }
        pause(&mut waiters, &mut nudges, &mut arrivals).await;
        let targets: BTreeSet<_> = waiters.iter().flat_map(|waiter| waiter.targets.keys().copied()).collect();
        match poll(targets.into_iter().collect()).await {
            Ok((moment, seen)) => {
                let seen: HashMap<_, _> =
                    seen.into_iter().map(|progress| (progress.target, progress)).collect();
                waiters = waiters.into_iter().filter_map(|waiter| waiter.update(&seen, moment)).collect();
            }
            Err(error) => {
                // Each waiter then reads the store itself and gets the error.
                tracing::debug!(count = waiters.len(), error = %error.chain(), "the wait for listings failed");
                return;
            }
        }
    }
}

/// Waits until the next poll: until a target of a waiter was listed, or may have been.
async fn pause(
    waiters: &mut Vec<Waiter>,
    nudges: &mut Receiver<Nudge>,
    arrivals: &mut UnboundedReceiver<Waiter>,
) {
    let end = Instant::now() + POLL_INTERVAL;
    sleep(MIN_INTERVAL).await;
    loop {
        tokio::select! {
            // Arrivals first: a nudge may concern a waiter that is still in the channel.
            biased;
            Some(waiter) = arrivals.recv() => waiters.push(waiter),
            nudge = nudges.recv() => match nudge {
                Ok(Nudge::TargetListed { target }) => {
                    if waiters.iter().any(|waiter| waiter.targets.contains_key(&target)) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => return sleep_until(end).await,
            },
            () = sleep_until(end) => return,
        }
    }
}

impl Waiter {
    /// Removes the targets that a poll shows as settled. Returns `None` after reporting that all of them are.
    fn update(mut self, seen: &HashMap<TargetId, RefreshProgress>, moment: Timestamp) -> Option<Self> {
        let as_of = self.as_of;
        self.targets
            .retain(|target, before| seen.get(target).is_some_and(|now| is_expected(before, now, as_of)));
        if !self.targets.is_empty() {
            return Some(self);
        }
        // The request may have given up meanwhile.
        let _ = self.settled.send(moment);
        None
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::error::Error;
    use gateway_store::TargetStatus;
    use tokio::sync::broadcast;

    use super::*;

    fn due(target: i64, at: i64) -> RefreshProgress {
        RefreshProgress {
            target: TargetId(target),
            as_of: Some(Timestamp(at)),
            status: TargetStatus::Fresh,
            epoch: 4,
            under_way: false,
            due_in: Some(Duration::ZERO),
            failures: 0,
            interval: Duration::from_secs(60),
        }
    }

    /// A store with fixed rows, which records the targets of each poll.
    struct FakeStore {
        rows: Arc<Mutex<Vec<RefreshProgress>>>,
        polls: UnboundedReceiver<Vec<TargetId>>,
        nudge: broadcast::Sender<Nudge>,
        waiters: UnboundedSender<Waiter>,
        task: tokio::task::JoinHandle<()>,
    }

    impl FakeStore {
        fn with(rows: Vec<RefreshProgress>) -> Self {
            let rows = Arc::new(Mutex::new(rows));
            let (polled, polls) = unbounded_channel();
            let (nudge, nudges) = broadcast::channel(8);
            let (waiters, arrivals) = unbounded_channel();
            let shared = Arc::clone(&rows);
            let poll = move |ids: Vec<TargetId>| {
                let rows = shared.lock().unwrap().clone();
                let _ = polled.send(ids);
                async move {
                    match rows.is_empty() {
                        true => Err(Error::unavailable("no database")),
                        false => Ok((Timestamp(7), rows)),
                    }
                }
            };
            let task = tokio::spawn(async move { watch(poll, nudges, arrivals).await });
            Self { rows, polls, nudge, waiters, task }
        }

        fn wait(&self, targets: &[i64], as_of: i64) -> oneshot::Receiver<Timestamp> {
            let (settled, receiver) = oneshot::channel();
            let targets = targets.iter().map(|target| (TargetId(*target), due(*target, 0))).collect();
            assert!(self.waiters.send(Waiter { as_of: Timestamp(as_of), targets, settled }).is_ok());
            receiver
        }

        fn listed(&self, target: i64, at: i64) {
            for row in self.rows.lock().unwrap().iter_mut().filter(|row| row.target.0 == target) {
                row.as_of = Some(Timestamp(at));
            }
            let _ = self.nudge.send(Nudge::TargetListed { target: TargetId(target) });
        }
    }

    #[tokio::test]
    async fn hundred_waiters_share_polls_and_settle_together() {
        let begun = Instant::now();
        let mut store = FakeStore::with(vec![due(1, 900)]);
        let waiters: Vec<_> = (0..100).map(|_| store.wait(&[1], 1000)).collect();
        for _ in 0..3 {
            assert_eq!(store.polls.recv().await.unwrap(), [TargetId(1)]);
        }
        assert!(begun.elapsed() >= POLL_INTERVAL * 3);
        let listed = Instant::now();
        store.listed(1, 1000);
        for waiter in waiters {
            assert_eq!(waiter.await, Ok(Timestamp(7)));
        }
        assert!(listed.elapsed() < POLL_INTERVAL, "a nudge polls at once");
        assert!(store.polls.recv().await.is_some(), "the poll that showed it");
        store.task.await.unwrap();
        assert!(store.polls.recv().await.is_none(), "without waiters there are no polls");
        assert!(store.waiters.is_closed());
    }

    #[tokio::test]
    async fn waiter_settles_by_its_own_targets_and_age() {
        let mut store = FakeStore::with(vec![due(1, 900), due(2, 900), due(3, 900)]);
        let (both, mut newer) = (store.wait(&[1, 2], 1000), store.wait(&[2], 2000));
        drop(store.wait(&[3], 1000));
        assert_eq!(
            store.polls.recv().await.unwrap(),
            [1, 2].map(TargetId),
            "targets of dropped waiters are not polled"
        );
        store.listed(1, 1000);
        assert_eq!(store.polls.recv().await.unwrap(), [1, 2].map(TargetId));
        store.listed(2, 1000);
        assert_eq!(both.await, Ok(Timestamp(7)));
        assert!(newer.try_recv().is_err(), "too old for this one");
        assert_eq!(store.polls.recv().await.unwrap(), [TargetId(2)], "a settled target is not polled again");
        store.listed(2, 2000);
        assert_eq!(newer.await, Ok(Timestamp(7)));
    }

    #[tokio::test]
    async fn unreadable_store_ends_the_wait() {
        let store = FakeStore::with(Vec::new());
        assert!(store.wait(&[1], 1000).await.is_err());
        store.task.await.unwrap();
        assert!(store.waiters.is_closed(), "the next waiter starts another task");
    }
}

//! One look at the store for all who wait for listings, however many they are.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_bus::{Bus, Nudge};
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::TargetId;
use gateway_store::{RefreshProgress, Store, TargetStatus};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

/// How often the store is looked at when no nudge tells of a listing. Longer asks the database less; shorter hides a
/// lost nudge better.
const LOOK: Duration = Duration::from_millis(250);

/// Least time between looks, so that many listings that end together cost few.
const BREATH: Duration = Duration::from_millis(20);

/// A target that nobody lists sooner than that will not be new enough for who waits now.
const SOON: Duration = Duration::from_secs(1);

/// Where those who wait are kept, one for a process.
pub(crate) struct Watcher {
    store: Store,
    bus: Arc<dyn Bus>,
    /// The way to the task that looks. It is closed while nobody waits, for then there is none.
    door: Mutex<UnboundedSender<Waiter>>,
}

/// One request, and what it waits for.
struct Waiter {
    as_of: Timestamp,
    /// As they were when it came.
    targets: HashMap<TargetId, RefreshProgress>,
    told: oneshot::Sender<Timestamp>,
}

impl Watcher {
    pub(crate) fn new(store: Store, bus: Arc<dyn Bus>) -> Self {
        Self { store, bus, door: Mutex::new(unbounded_channel().0) }
    }

    /// Tells, once each of these targets is new enough or will not be soon, the moment of the look that showed it. No
    /// answer comes when the store cannot be looked at, and none is needed when the receiver is dropped.
    pub(crate) fn settled(
        &self,
        targets: Vec<RefreshProgress>,
        as_of: Timestamp,
    ) -> oneshot::Receiver<Timestamp> {
        let (told, hears) = oneshot::channel();
        let targets = targets.into_iter().map(|progress| (progress.target, progress)).collect();
        // What is behind the lock is replaced whole.
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(SendError(waiter)) = door.send(Waiter { as_of, targets, told }) {
            let (opened, arrivals) = unbounded_channel();
            // It arrives: the other end is here.
            let _ = opened.send(waiter);
            *door = opened;
            let (store, nudges) = (self.store.clone(), self.bus.nudges());
            tokio::spawn(async move { watch(|ids| store.refresh_progress(ids), nudges, arrivals).await });
        }
        hears
    }
}

/// Looks for all who arrive until nobody waits any more.
async fn watch<F: Future<Output = Result<(Timestamp, Vec<RefreshProgress>)>>>(
    look: impl Fn(Vec<TargetId>) -> F,
    mut nudges: Receiver<Nudge>,
    mut arrivals: UnboundedReceiver<Waiter>,
) {
    let mut waiters = Vec::new();
    loop {
        while let Ok(waiter) = arrivals.try_recv() {
            waiters.push(waiter);
        }
        waiters.retain(|waiter| !waiter.told.is_closed());
        if waiters.is_empty() {
            if arrivals.is_closed() {
                return;
            }
            // Who comes from now on opens another door. Who came just before is still seen to.
            arrivals.close();
            continue;
        }
        pause(&mut waiters, &mut nudges, &mut arrivals).await;
        let targets: BTreeSet<_> = waiters.iter().flat_map(|waiter| waiter.targets.keys().copied()).collect();
        match look(targets.into_iter().collect()).await {
            Ok((moment, seen)) => {
                let seen: HashMap<_, _> =
                    seen.into_iter().map(|progress| (progress.target, progress)).collect();
                waiters = waiters.into_iter().filter_map(|waiter| waiter.looked(&seen, moment)).collect();
            }
            Err(error) => {
                // Each asks the store itself then, and hears why it does not answer.
                tracing::debug!(error = %error.chain(), "nobody looks for listings for now");
                return;
            }
        }
    }
}

/// Returns when it is time to look: one that somebody waits for was listed, or may have been.
async fn pause(
    waiters: &mut Vec<Waiter>,
    nudges: &mut Receiver<Nudge>,
    arrivals: &mut UnboundedReceiver<Waiter>,
) {
    let end = Instant::now() + LOOK;
    sleep(BREATH).await;
    loop {
        tokio::select! {
            // In this order: who is nudged about has arrived before.
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
    /// What is left to wait for after a look; none when all is settled, and told.
    fn looked(mut self, seen: &HashMap<TargetId, RefreshProgress>, moment: Timestamp) -> Option<Self> {
        let as_of = self.as_of;
        self.targets
            .retain(|target, before| seen.get(target).is_some_and(|now| may_come(before, now, as_of)));
        if !self.targets.is_empty() {
            return Some(self);
        }
        // Who has given up meanwhile does not listen.
        let _ = self.told.send(moment);
        None
    }
}

/// Whether a listing that is new enough is still to come, and soon.
pub(crate) fn may_come(before: &RefreshProgress, now: &RefreshProgress, as_of: Timestamp) -> bool {
    if now.as_of.is_some_and(|at| at >= as_of) {
        return false;
    }
    if now.under_way {
        return true;
    }
    let attempted = now.epoch > before.epoch || before.under_way;
    let failed = attempted && !matches!(now.status, TargetStatus::Fresh | TargetStatus::Pending);
    !failed && now.due_in.is_some_and(|due| due <= SOON)
}

#[cfg(test)]
mod tests {
    use gateway_core::error::Error;
    use tokio::sync::broadcast;

    use super::*;

    fn seen(target: i64, at: i64, status: TargetStatus, epoch: i64, due: Option<u64>) -> RefreshProgress {
        RefreshProgress {
            target: TargetId(target),
            as_of: Some(Timestamp(at)),
            status,
            epoch,
            under_way: false,
            due_in: due.map(Duration::from_secs),
            failures: 0,
            interval: Duration::from_secs(60),
        }
    }

    fn due(target: i64, at: i64) -> RefreshProgress {
        seen(target, at, TargetStatus::Fresh, 4, Some(0))
    }

    #[test]
    fn one_waits_for_what_may_come_and_for_nothing_else() {
        let before = due(1, 900);
        let under_way = |progress| RefreshProgress { under_way: true, ..progress };
        for (now, expected) in [
            (seen(1, 1000, TargetStatus::Fresh, 5, Some(60)), false),
            (seen(1, 900, TargetStatus::Fresh, 4, Some(0)), true),
            (under_way(seen(1, 900, TargetStatus::Fresh, 5, Some(60))), true),
            // It failed, or the cloud asked for a pause, or there is nobody to list it.
            (seen(1, 900, TargetStatus::Failed, 5, Some(0)), false),
            (seen(1, 900, TargetStatus::Fresh, 5, Some(30)), false),
            (seen(1, 900, TargetStatus::Suspended, 4, None), false),
        ] {
            assert_eq!(may_come(&before, &now, Timestamp(1000)), expected, "{now:?}");
        }
    }

    /// A store in which each target is as the test says, and that tells which were looked at.
    struct Table {
        rows: Arc<Mutex<Vec<RefreshProgress>>>,
        looks: UnboundedReceiver<Vec<TargetId>>,
        nudge: broadcast::Sender<Nudge>,
        door: UnboundedSender<Waiter>,
        task: tokio::task::JoinHandle<()>,
    }

    impl Table {
        fn set(rows: Vec<RefreshProgress>) -> Self {
            let rows = Arc::new(Mutex::new(rows));
            let (told, looks) = unbounded_channel();
            let (nudge, nudges) = broadcast::channel(8);
            let (door, arrivals) = unbounded_channel();
            let shared = Arc::clone(&rows);
            let look = move |ids: Vec<TargetId>| {
                let rows = shared.lock().unwrap().clone();
                let _ = told.send(ids);
                async move {
                    match rows.is_empty() {
                        true => Err(Error::unavailable("no database")),
                        false => Ok((Timestamp(7), rows)),
                    }
                }
            };
            let task = tokio::spawn(async move { watch(look, nudges, arrivals).await });
            Self { rows, looks, nudge, door, task }
        }

        fn wait(&self, targets: &[i64], as_of: i64) -> oneshot::Receiver<Timestamp> {
            let (told, hears) = oneshot::channel();
            let targets = targets.iter().map(|target| (TargetId(*target), due(*target, 0))).collect();
            assert!(self.door.send(Waiter { as_of: Timestamp(as_of), targets, told }).is_ok());
            hears
        }

        fn listed(&self, target: i64, at: i64) {
            for row in self.rows.lock().unwrap().iter_mut().filter(|row| row.target.0 == target) {
                row.as_of = Some(Timestamp(at));
            }
            let _ = self.nudge.send(Nudge::TargetListed { target: TargetId(target) });
        }
    }

    #[tokio::test]
    async fn a_hundred_waiters_cost_the_looks_of_one_and_hear_of_it_together() {
        let begun = Instant::now();
        let mut table = Table::set(vec![due(1, 900)]);
        let waiters: Vec<_> = (0..100).map(|_| table.wait(&[1], 1000)).collect();
        for _ in 0..3 {
            assert_eq!(table.looks.recv().await.unwrap(), [TargetId(1)]);
        }
        assert!(begun.elapsed() >= LOOK * 3);
        let listed = Instant::now();
        table.listed(1, 1000);
        for waiter in waiters {
            assert_eq!(waiter.await, Ok(Timestamp(7)));
        }
        assert!(listed.elapsed() < LOOK, "a nudge needs no waiting");
        assert!(table.looks.recv().await.is_some(), "the look that showed it");
        table.task.await.unwrap();
        assert!(table.looks.recv().await.is_none(), "nobody waits and nobody looks");
        assert!(table.door.is_closed());
    }

    #[tokio::test]
    async fn each_waits_for_its_own_targets_and_age() {
        let mut table = Table::set(vec![due(1, 900), due(2, 900), due(3, 900)]);
        let (both, mut newer) = (table.wait(&[1, 2], 1000), table.wait(&[2], 2000));
        drop(table.wait(&[3], 1000));
        assert_eq!(
            table.looks.recv().await.unwrap(),
            [1, 2].map(TargetId),
            "who has given up is not looked for"
        );
        table.listed(1, 1000);
        assert_eq!(table.looks.recv().await.unwrap(), [1, 2].map(TargetId));
        table.listed(2, 1000);
        assert_eq!(both.await, Ok(Timestamp(7)));
        assert!(newer.try_recv().is_err(), "too old for this one");
        assert_eq!(
            table.looks.recv().await.unwrap(),
            [TargetId(2)],
            "what is new enough is not looked at again"
        );
        table.listed(2, 2000);
        assert_eq!(newer.await, Ok(Timestamp(7)));
    }

    #[tokio::test]
    async fn without_a_store_nobody_is_kept_waiting() {
        let table = Table::set(Vec::new());
        assert!(table.wait(&[1], 1000).await.is_err());
        table.task.await.unwrap();
        assert!(table.door.is_closed(), "the next one opens another");
    }
}

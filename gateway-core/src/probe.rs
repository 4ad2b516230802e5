//! Probes: health checks that all callers share.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The time for which a verdict is given again. A longer time hides an outage for longer; a shorter one lets callers cause
/// more checks.
const VERDICT_LIFE: Duration = Duration::from_secs(1);

/// The outcome of a check; the error is the reason in plain words, which may be shown to anybody.
pub type Verdict = Result<(), Cow<'static, str>>;

type Check = dyn Fn() -> Pin<Box<dyn Future<Output = Verdict> + Send>> + Send + Sync;

/// A check that runs at most once a second and one at a time, however many callers ask. Clones share it.
#[derive(Clone)]
pub struct Probe {
    check: Arc<Check>,
    patience: Duration,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    last: Option<(Instant, Verdict)>,
    running_since: Option<Instant>,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Probe {
    /// Creates a probe. A check that runs for longer than `patience` counts as failed until it ends.
    pub fn new<F, C>(patience: Duration, check: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Verdict> + Send + 'static,
    {
        Self {
            check: Arc::new(move || Box::pin(check())),
            patience,
            state: watch::Sender::new(State::default()),
        }
    }

    /// Returns the verdict of the last check if it is recent, else that of a new one.
    pub async fn verdict(&self) -> Verdict {
        let mut changes = self.state.subscribe();
        let since = match self.begin() {
            Ok(verdict) => return verdict,
            Err(since) => since,
        };
        let ended = changes.wait_for(|state| state.running_since != Some(since));
        match timeout_at(since + self.patience, ended).await {
            Ok(Ok(state)) => match &state.last {
                Some((_, verdict)) => verdict.clone(),
                None => Ok(()),
            },
            _ => Err(format!("no answer for {} s", since.elapsed().as_secs().max(1)).into()),
        }
    }

    /// Returns the recent verdict, or the moment at which the running check began; begins one if there is neither.
    fn begin(&self) -> Result<Verdict, Instant> {
        let now = Instant::now();
        let (mut known, mut is_first) = (Err(now), false);
        self.state.send_if_modified(|state| {
            match (&state.last, state.running_since) {
                (Some((at, verdict)), _) if now - *at < VERDICT_LIFE => known = Ok(verdict.clone()),
                (_, Some(since)) => known = Err(since),
                (_, None) => {
                    state.running_since = Some(now);
                    is_first = true;
                }
            }
            false
        });
        if is_first {
            // A task of its own: the check goes on if its caller gives up.
            let (check, state) = (tokio::spawn((self.check)()), self.state.clone());
            tokio::spawn(async move {
                let verdict = check.await.unwrap_or_else(|_| Err("the check failed inside".into()));
                state.send_modify(|state| {
                    *state = State { last: Some((Instant::now(), verdict)), running_since: None };
                });
            });
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    /// Returns a probe whose checks end when they get a permit, and the number of checks that began.
    fn probe() -> (Probe, Arc<Semaphore>, Arc<AtomicUsize>) {
        let (permits, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (waits, counts) = (Arc::clone(&permits), Arc::clone(&begun));
        let probe = Probe::new(PATIENCE, move || {
            counts.fetch_add(1, Ordering::Relaxed);
            let permits = Arc::clone(&waits);
            async move {
                permits.acquire().await.map_err(|_| "closed")?.forget();
                Ok(())
            }
        });
        (probe, permits, begun)
    }

    #[tokio::test(start_paused = true)]
    async fn callers_share_one_check_a_second() {
        let (probe, permits, begun) = probe();
        permits.add_permits(9);
        for _ in 0..100 {
            assert_eq!(probe.verdict().await, Ok(()));
        }
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        tokio::time::advance(VERDICT_LIFE).await;
        let (a, b) = tokio::join!(probe.verdict(), probe.verdict());
        assert_eq!((a, b, begun.load(Ordering::Relaxed)), (Ok(()), Ok(()), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn hanging_check_fails_after_the_patience_and_is_not_repeated() {
        let (probe, permits, begun) = probe();
        let start = Instant::now();
        assert_eq!(probe.verdict().await, Err("no answer for 2 s".into()));
        assert_eq!(start.elapsed(), PATIENCE);
        tokio::time::advance(Duration::from_secs(60)).await;
        let start = Instant::now();
        assert_eq!(probe.verdict().await, Err("no answer for 62 s".into()));
        assert_eq!((start.elapsed(), begun.load(Ordering::Relaxed)), (Duration::ZERO, 1));
        permits.add_permits(1);
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!((probe.verdict().await, begun.load(Ordering::Relaxed)), (Ok(()), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn panicked_check_fails_and_the_next_one_begins() {
        let probe = Probe::new(PATIENCE, || async { panic!("on purpose") });
        assert_eq!(probe.verdict().await, Err("the check failed inside".into()));
        tokio::time::advance(VERDICT_LIFE).await;
        assert_eq!(probe.verdict().await, Err("the check failed inside".into()));
    }
}

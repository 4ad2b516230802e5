//! The progress of a connection, and the end of one that makes none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gateway_core::config::Front as Config;
use tokio::time::Instant;

/// The part of a time limit after which it is looked at again. A higher value ends connections closer to the limit; a
/// lower one spares wake-ups.
const LOOKS: u32 = 4;

/// The time limits of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeLimits {
    /// From the acceptance to the end of the first head, with the TLS handshake.
    first_request: Duration,
    /// For which a client may take nothing of its answers.
    unread: Duration,
}

/// The progress of one connection. Times are in milliseconds since its start.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    has_request: AtomicBool,
    /// The time since which the socket takes no bytes; 0 if it does.
    full_since: AtomicU64,
    /// The answers of which the client has not taken all.
    unread: AtomicUsize,
    /// The time at which the client last took a part of an answer, or an answer began to wait for it.
    taken_at: AtomicU64,
}

/// An answer. While it waits for the client, the connection has an unread answer.
#[derive(Debug)]
pub(super) struct UnreadAnswer {
    progress: Arc<Progress>,
    waits_for_client: bool,
}

impl TimeLimits {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            first_request: Duration::from_secs(config.first_request_timeout_seconds),
            unread: Duration::from_secs(config.unread_timeout_seconds),
        }
    }
}

impl Progress {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            has_request: AtomicBool::new(false),
            full_since: AtomicU64::new(0),
            unread: AtomicUsize::new(0),
            taken_at: AtomicU64::new(0),
        })
    }

    /// Notes a request. Its head has arrived whole.
    pub(super) fn request(&self) {
        self.has_request.store(true, Relaxed);
    }

    /// Notes whether the socket takes bytes.
    pub(super) fn written(&self, takes: bool) {
        if takes {
            self.full_since.store(0, Relaxed);
        } else {
            // Keeps the time of the first attempt.
            let _ = self.full_since.compare_exchange(0, self.now(), Relaxed, Relaxed);
        }
    }

    /// Waits until the connection has made no progress for too long. Returns the reason.
    pub(super) async fn stalled(&self, limits: TimeLimits) -> &'static str {
        tokio::time::sleep_until(self.start + limits.first_request).await;
        if !self.has_request.load(Relaxed) {
            return "no request came in time";
        }
        loop {
            tokio::time::sleep(limits.unread / LOOKS).await;
            if self.is_unread(limits.unread) {
                return "the client does not read its answers";
            }
        }
    }

    fn is_unread(&self, limit: Duration) -> bool {
        let limit = limit.as_millis() as u64;
        let is_past = |since: u64| self.now().saturating_sub(since) >= limit;
        let full_since = self.full_since.load(Relaxed);
        let has_unread = self.unread.load(Relaxed) > 0;
        full_since > 0 && is_past(full_since) || has_unread && is_past(self.taken_at.load(Relaxed))
    }

    /// Returns the present time, which is never 0.
    fn now(&self) -> u64 {
        (self.start.elapsed().as_millis() as u64).max(1)
    }
}

impl UnreadAnswer {
    pub(super) fn new(progress: &Arc<Progress>) -> Self {
        Self { progress: Arc::clone(progress), waits_for_client: false }
    }

    /// Notes that the connection has taken a part, or may take the first one. It takes the next when the client has made
    /// room.
    pub(super) fn waits_for_client(&mut self) {
        self.progress.taken_at.store(self.progress.now(), Relaxed);
        if !std::mem::replace(&mut self.waits_for_client, true) {
            self.progress.unread.fetch_add(1, Relaxed);
        }
    }

    /// Notes that the next part is not known yet, or that there is none.
    pub(super) fn waits_for_content(&mut self) {
        if std::mem::replace(&mut self.waits_for_client, false) {
            self.progress.unread.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for UnreadAnswer {
    fn drop(&mut self) {
        self.waits_for_content();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const LIMITS: TimeLimits =
        TimeLimits { first_request: Duration::from_secs(10), unread: Duration::from_secs(40) };

    async fn reason(progress: &Progress, time: Duration) -> Option<&'static str> {
        tokio::time::timeout(time, progress.stalled(LIMITS)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn connection_without_a_request_ends() {
        let progress = Progress::new();
        assert!(reason(&progress, Duration::from_secs(9)).await.is_none());
        assert!(reason(&progress, Duration::from_secs(2)).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn connection_with_a_full_socket_ends_unless_it_moves() {
        let progress = Progress::new();
        progress.request();
        for _ in 0..5 {
            progress.written(false);
            assert!(reason(&progress, Duration::from_secs(35)).await.is_none());
            progress.written(true);
        }
        progress.written(false);
        assert!(reason(&progress, Duration::from_secs(55)).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn answer_that_waits_for_its_content_is_not_unread() {
        let progress = Progress::new();
        progress.request();
        let mut answer = UnreadAnswer::new(&progress);
        answer.waits_for_client();
        answer.waits_for_content();
        assert!(reason(&progress, Duration::from_secs(1000)).await.is_none());
        answer.waits_for_client();
        assert!(reason(&progress, Duration::from_secs(55)).await.is_some());
        drop(answer);
        assert!(progress.stalled(LIMITS).now_or_never().is_none());
        assert!(!progress.is_unread(LIMITS.unread));
    }
}

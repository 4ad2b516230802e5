//! The log of refused peers: bounded, however many requests are refused.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::peer::Peer;

/// The interval between two lines about one peer. A longer one shows later how many requests were refused; a shorter one
/// lets a peer write more lines.
const INTERVAL: Duration = Duration::from_secs(60);

/// Most peers with lines of their own in one interval; the others are counted together. More would let peers fill the
/// log and memory; fewer hide where a wide attack comes from.
const MAX_PEERS: usize = 256;

/// The reason why a front refuses a request or a connection of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    WrongSecret,
    TooManyWrongSecrets,
    WrongToken,
    TooManyConnections,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::WrongSecret => "wrong client secret or refused credentials",
            Self::TooManyWrongSecrets => "too many wrong client secrets before",
            Self::WrongToken => "forged or malformed token",
            Self::TooManyConnections => "too many connections",
        }
    }
}

/// The refusals that are not logged yet.
#[derive(Debug, Default)]
pub(super) struct RefusalLog(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    by_peer: HashMap<(Peer, Reason), u64>,
    /// The refusals of peers beyond [`MAX_PEERS`].
    others: u64,
}

impl RefusalLog {
    /// Counts a refusal. The first one of a peer is logged at once, more of them once in an interval.
    pub(super) fn record(&self, peer: Peer, reason: Reason) {
        let mut counts = self.counts();
        let has_room = counts.by_peer.len() < MAX_PEERS;
        match counts.by_peer.entry((peer, reason)) {
            Entry::Occupied(mut count) => *count.get_mut() += 1,
            Entry::Vacant(entry) if has_room => {
                entry.insert(0);
                drop(counts);
                log(peer, reason, 1);
            }
            Entry::Vacant(_) => counts.others += 1,
        }
    }

    /// Logs in every interval until `stop`, and once more then.
    pub(super) async fn run(&self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.report();
        }
        self.report();
    }

    fn report(&self) {
        let counts = {
            let mut counts = self.counts();
            let taken = std::mem::take(&mut *counts);
            // A peer that goes on has its next line at the end of the next interval.
            let active = taken.by_peer.iter().filter(|(_, count)| **count > 0);
            counts.by_peer = active.map(|(key, _)| (*key, 0)).collect();
            taken
        };
        for ((peer, reason), count) in counts.by_peer {
            if count > 0 {
                log(peer, reason, count);
            }
        }
        if counts.others > 0 {
            tracing::warn!(count = counts.others, "requests of many more peers were refused");
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log(peer: Peer, reason: Reason, count: u64) {
    tracing::warn!(%peer, reason = reason.as_str(), count, "requests of a peer were refused");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// The lines that are logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    impl Lines {
        fn take(&self) -> Vec<String> {
            let bytes = std::mem::take(&mut *self.0.lock().unwrap());
            String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
        }
    }

    fn peer(number: u32) -> Peer {
        Peer::of(IpAddr::V4(Ipv4Addr::from(number)))
    }

    #[test]
    fn flood_of_a_peer_is_one_line_at_once_and_one_in_each_interval() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let log = RefusalLog::default();
            (0..14_701).for_each(|_| log.record(peer(7), Reason::WrongSecret));
            let first = lines.take();
            assert_eq!(first.len(), 1, "{first:?}");
            assert!(first[0].contains("peer=0.0.0.7") && first[0].contains("count=1"), "{first:?}");
            log.report();
            let second = lines.take();
            assert!(second.len() == 1 && second[0].contains("count=14700"), "{second:?}");
            (0..9).for_each(|_| log.record(peer(7), Reason::WrongSecret));
            assert!(lines.take().is_empty(), "it had a line in this interval");
            log.report();
            assert!(lines.take()[0].contains("count=9"));
            log.report();
            assert!(lines.take().is_empty());
            log.report();
            assert!(log.counts().by_peer.is_empty(), "a peer that has stopped is forgotten");
        });
    }

    #[test]
    fn many_peers_share_one_line() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let log = RefusalLog::default();
            (0..10_000).for_each(|number| log.record(peer(number), Reason::WrongToken));
            assert_eq!(lines.take().len(), MAX_PEERS);
            log.report();
            let rest = lines.take();
            assert!(rest.len() == 1 && rest[0].contains("count=9744"), "{rest:?}");
        });
    }
}

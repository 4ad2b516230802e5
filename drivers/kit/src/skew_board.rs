//! The clocks of all endpoints, and whether most of them disagree with the gateway's.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gateway_core::driver::{EndpointClock, SkewWatch};
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;

/// Endpoints that must be known before the gateway's clock can be the suspect. More needs more evidence; fewer lets two
/// wrong clouds outvote it.
const QUORUM: usize = 3;

/// The last skew of every endpoint; there is one per process, in the context of every session.
#[derive(Debug, Default)]
pub struct SkewBoard(Mutex<Board>);

/// The last comparison with each endpoint, and its time.
type Seen = BTreeMap<(CloudId, String), (Option<Skew>, Instant)>;

#[derive(Debug, Default)]
struct Board {
    last: Seen,
    suspect: Option<i64>,
}

impl SkewBoard {
    /// Returns the skew in seconds, endpoint minus gateway, if most endpoints agree that the gateway's clock is wrong.
    pub fn suspect(&self) -> Option<i64> {
        self.lock().suspect
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SkewWatch for SkewBoard {
    fn observed(&self, cloud: CloudId, endpoint: &str, skew: Option<Skew>) {
        let mut board = self.lock();
        board.last.insert((cloud, endpoint.to_owned()), (skew, Instant::now()));
        let before = board.suspect;
        board.suspect = agreed(&board.last);
        match (before, board.suspect) {
            (None, Some(seconds)) => tracing::error!(
                skew_seconds = seconds,
                count = board.last.len(),
                "the clock of this machine is wrong by most clouds; check its time synchronization"
            ),
            (Some(_), None) => tracing::info!("the clock of this machine is right again by most clouds"),
            _ => {}
        }
    }

    fn last(&self) -> Vec<EndpointClock> {
        let board = self.lock();
        let clock = |((cloud, endpoint), (skew, at)): (&(CloudId, String), &(Option<Skew>, Instant))| {
            EndpointClock { cloud: *cloud, endpoint: endpoint.clone(), skew: *skew, age: at.elapsed() }
        };
        board.last.iter().map(clock).collect()
    }
}

/// Returns the median skew if most endpoints have an excessive skew in the same direction.
fn agreed(last: &Seen) -> Option<i64> {
    // An endpoint without `Date` has no vote.
    let measured = || last.values().filter_map(|(skew, _)| *skew);
    if measured().count() < QUORUM {
        return None;
    }
    let (mut ahead, mut behind): (Vec<i64>, Vec<i64>) =
        measured().filter(|skew| skew.is_excessive()).map(|skew| skew.seconds()).partition(|s| *s > 0);
    let most = if ahead.len() >= behind.len() { &mut ahead } else { &mut behind };
    if most.len() * 2 <= measured().count() {
        return None;
    }
    most.sort_unstable();
    most.get(most.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cloud() -> CloudId {
        CloudId::from_bytes(&[7; 16]).unwrap()
    }

    fn seen(board: &SkewBoard, endpoint: &str, seconds: i64) {
        let skew = Skew { micros: seconds * 1_000_000, uncertainty: Duration::from_secs(1) };
        board.observed(cloud(), endpoint, Some(skew));
    }

    #[test]
    fn own_clock_is_suspect_only_if_most_endpoints_agree() {
        let board = SkewBoard::default();
        seen(&board, "a", 400);
        seen(&board, "b", 410);
        assert_eq!(board.suspect(), None, "two are too few");
        seen(&board, "c", 0);
        assert_eq!(board.suspect(), Some(410), "two of three");
        seen(&board, "d", 0);
        assert_eq!(board.suspect(), None, "two of four are not most");
        seen(&board, "d", -400);
        assert_eq!(board.suspect(), None, "the other direction does not count");
        seen(&board, "d", 405);
        assert_eq!(board.suspect(), Some(405));
        seen(&board, "a", 0);
        seen(&board, "b", 0);
        assert_eq!(board.suspect(), None, "recovers by itself");
    }

    #[test]
    fn endpoint_without_date_no_longer_votes() {
        let board = SkewBoard::default();
        ["a", "b", "c"].iter().for_each(|endpoint| seen(&board, endpoint, 400));
        assert_eq!(board.suspect(), Some(400));
        board.observed(cloud(), "a", None);
        assert_eq!(board.suspect(), None);
        assert_eq!(board.last().iter().filter(|clock| clock.skew.is_some()).count(), 2);
        assert_eq!(board.last().len(), 3);
    }
}

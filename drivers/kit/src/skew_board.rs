//! The clocks of all endpoints, and whether most of them disagree with the gateway's.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use gateway_core::driver::{EndpointClock, SkewWatch};
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;

use crate::skew_votes::SkewVotes;

/// The last skew of every endpoint; there is one per process, in the context of every session. A comparison costs the same
/// however many endpoints there are.
#[derive(Debug, Default)]
pub struct SkewBoard(Mutex<Board>);

/// An endpoint of a cloud.
type Key = Arc<(CloudId, String)>;

/// The last comparison with an endpoint.
#[derive(Debug)]
struct Comparison {
    skew: Option<Skew>,
    at: Instant,
    /// Count of comparisons with all endpoints, this one included.
    number: u64,
}

#[derive(Debug, Default)]
struct Board {
    last: HashMap<Key, Comparison>,
    /// The endpoints by the number of their last comparison.
    by_number: BTreeMap<u64, Key>,
    votes: SkewVotes,
    comparisons: u64,
    suspect: Option<i64>,
}

impl SkewBoard {
    /// Returns the skew in seconds, endpoint minus gateway, if most endpoints agree that the gateway's clock is wrong.
    pub fn suspect(&self) -> Option<i64> {
        self.lock().suspect
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn compared(&mut self, cloud: CloudId, endpoint: &str, skew: Option<Skew>) {
        self.comparisons += 1;
        let number = self.comparisons;
        let key = Key::new((cloud, endpoint.to_owned()));
        if let Some(before) =
            self.last.insert(Key::clone(&key), Comparison { skew, at: Instant::now(), number })
        {
            self.votes.remove(before.skew);
            self.by_number.remove(&before.number);
        }
        self.votes.add(skew);
        self.by_number.insert(number, key);
        self.suspect = self.votes.agreed();
    }
}

impl SkewWatch for SkewBoard {
    fn observed(&self, cloud: CloudId, endpoint: &str, skew: Option<Skew>) {
        let mut board = self.lock();
        let before = board.suspect;
        board.compared(cloud, endpoint, skew);
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

    fn compared_since(&self, mark: u64) -> (Vec<EndpointClock>, u64) {
        let board = self.lock();
        let clock = |key: &Key| {
            let Comparison { skew, at, .. } = board.last.get(key)?;
            let (cloud, endpoint) = (key.0, key.1.clone());
            Some(EndpointClock { cloud, endpoint, skew: *skew, age: at.elapsed() })
        };
        let clocks = board.by_number.range(mark + 1..).filter_map(|(_, key)| clock(key)).collect();
        (clocks, board.comparisons)
    }
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
        let (clocks, _) = board.compared_since(0);
        assert_eq!(clocks.iter().filter(|clock| clock.skew.is_some()).count(), 2);
        assert_eq!(clocks.len(), 3);
    }

    #[test]
    fn only_endpoints_compared_after_the_mark_are_returned() {
        let board = SkewBoard::default();
        ["a", "b", "c"].iter().for_each(|endpoint| seen(&board, endpoint, 1));
        let (clocks, mark) = board.compared_since(0);
        assert_eq!(clocks.len(), 3);
        assert_eq!(board.compared_since(mark), (Vec::new(), mark));
        seen(&board, "b", 1);
        seen(&board, "b", 2);
        let (clocks, later) = board.compared_since(mark);
        let seconds = |clock: &EndpointClock| (clock.endpoint.clone(), clock.skew.unwrap().seconds());
        assert_eq!(clocks.iter().map(seconds).collect::<Vec<_>>(), [("b".to_owned(), 2)]);
        assert!(board.compared_since(later).0.is_empty());
    }
}

//! Who is wrong when clocks differ: one endpoint, or we.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gateway_core::driver::{EndpointClock, SkewWatch};
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;

/// Endpoints that must be known before ours can be the suspect. More needs more evidence; fewer lets two
/// wrong clouds outvote us.
const QUORUM: usize = 3;

/// The process's memory of every endpoint's clock: one per process, given to every session's link.
#[derive(Debug, Default)]
pub struct SkewBoard(Mutex<Board>);

/// The last comparison with each endpoint, and when it was made.
type Seen = BTreeMap<(CloudId, String), (Option<Skew>, Instant)>;

#[derive(Debug, Default)]
struct Board {
    last: Seen,
    suspect: Option<i64>,
}

impl SkewBoard {
    /// How far the clocks of most endpoints are off ours, in seconds, theirs minus ours, when they agree
    /// against us: then our own clock is the suspect.
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
                seconds,
                endpoints = board.last.len(),
                "most clouds agree that OUR clock is wrong: check this machine's time synchronisation"
            ),
            (Some(_), None) => tracing::info!("most clouds agree with our clock again"),
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

/// The middle of the skews on which most endpoints agree: too far, and to the same side.
fn agreed(last: &Seen) -> Option<i64> {
    // One that does not tell its time has no vote.
    let telling = || last.values().filter_map(|(skew, _)| *skew);
    if telling().count() < QUORUM {
        return None;
    }
    let (mut ahead, mut behind): (Vec<i64>, Vec<i64>) =
        telling().filter(|skew| skew.is_excessive()).map(|skew| skew.seconds()).partition(|s| *s > 0);
    let most = if ahead.len() >= behind.len() { &mut ahead } else { &mut behind };
    if most.len() * 2 <= telling().count() {
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
    fn we_are_the_suspect_only_when_most_agree_against_us() {
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
    fn an_endpoint_that_stops_telling_its_time_no_longer_votes() {
        let board = SkewBoard::default();
        ["a", "b", "c"].iter().for_each(|endpoint| seen(&board, endpoint, 400));
        assert_eq!(board.suspect(), Some(400));
        board.observed(cloud(), "a", None);
        assert_eq!(board.suspect(), None);
        assert_eq!(board.last().iter().filter(|clock| clock.skew.is_some()).count(), 2);
        assert_eq!(board.last().len(), 3);
    }
}

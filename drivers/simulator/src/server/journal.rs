//! What happened to each resource, so that a test can compare what it was told with what was true.

use std::collections::VecDeque;

use gateway_core::Timestamp;
use serde::Serialize;

use super::lifecycle::Status;
use super::shelf::Place;

/// Transitions that are remembered; the oldest go first. Each costs about 80 bytes.
const KEPT: usize = 1_000_000;

/// One change of status; from nothing when created, to nothing when gone.
#[derive(Clone, Copy, Debug)]
struct Entry {
    time: Timestamp,
    place: Place,
    number: u64,
    from: Option<Status>,
    to: Option<Status>,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    dropped: u64,
}

/// One line as the control endpoint tells it.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    seq: u64,
    time: Timestamp,
    region: &'a str,
    kind: &'static str,
    id: String,
    from: Option<&'static str>,
    to: Option<&'static str>,
}

impl Journal {
    pub(super) fn note(
        &mut self,
        time: Timestamp,
        place: Place,
        number: u64,
        from: Option<Status>,
        to: Option<Status>,
    ) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(Entry { time, place, number, from, to });
    }

    /// The lines after number `after`, oldest first; the first line ever has number 1.
    pub(super) fn lines<'a>(
        &'a self,
        after: u64,
        limit: usize,
        regions: &'a [String],
    ) -> impl Iterator<Item = Line<'a>> {
        let skip = after.saturating_sub(self.dropped) as usize;
        let first = self.dropped + skip as u64 + 1;
        self.entries.iter().skip(skip).take(limit).zip(first..).map(|(entry, seq)| Line {
            seq,
            time: entry.time,
            region: &regions[entry.place.region],
            kind: entry.place.sort.word(),
            id: entry.place.sort.id(entry.number),
            from: entry.from.map(Status::word),
            to: entry.to.map(Status::word),
        })
    }
}

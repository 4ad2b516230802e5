//! The journal of changes of status, with which tests compare events.

use std::collections::VecDeque;

use gateway_core::Timestamp;
use serde::Serialize;

use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// Number of entries that are kept; the oldest are dropped first. Each costs about 80 bytes.
const MAX_ENTRIES: usize = 1_000_000;

/// A change of status; `from` is `None` for a creation, `to` for a removal.
#[derive(Clone, Copy, Debug)]
struct Entry {
    time: Timestamp,
    table: TableKey,
    number: u64,
    from: Option<Status>,
    to: Option<Status>,
}

/// Changes of status, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    dropped: u64,
}

/// An entry in the form of the control API.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    seq: u64,
    time: Timestamp,
    region: &'a str,
    kind: &'static str,
    id: String,
    from: Option<&'static str>,
    to: Option<&'static str>,
}

impl Journal {
    /// Adds a change.
    pub(crate) fn append(
        &mut self,
        time: Timestamp,
        table: TableKey,
        number: u64,
        from: Option<Status>,
        to: Option<Status>,
    ) {
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(Entry { time, table, number, from, to });
    }

    /// Returns the entries after number `after`, oldest first; the very first has number 1.
    pub(crate) fn lines<'a>(
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
            region: &regions[entry.table.region],
            kind: entry.table.kind.as_str(),
            id: entry.table.kind.id(entry.number),
            from: entry.from.map(Status::word),
            to: entry.to.map(Status::word),
        })
    }
}

//! The records of one kind in one place, in the order of their ids: a page is one range.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::body::Record;
use super::sort::Sort;

/// Who holds a record: the cloud for everybody, or one account by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Everybody,
    Account(usize),
}

/// Which records stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) region: usize,
    pub(super) owner: Owner,
    pub(super) sort: Sort,
}

#[derive(Debug, Default)]
pub(super) struct Shelf(BTreeMap<u64, Record>);

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Record> {
        self.0.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Record> {
        self.0.get_mut(&number)
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.contains_key(&number)
    }

    pub(super) fn put(&mut self, number: u64, record: Record) {
        self.0.insert(number, record);
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Record> {
        self.0.remove(&number)
    }

    pub(super) fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.0.values_mut()
    }

    pub(super) fn after(&self, marker: Option<u64>) -> impl Iterator<Item = (u64, &Record)> {
        let from = marker.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range((from, Bound::Unbounded)).map(|(number, record)| (*number, record))
    }

    /// The first at or after a number, or else the very first: with random ids, a fair choice.
    pub(super) fn near(&self, number: u64) -> Option<u64> {
        self.0.range(number..).next().or_else(|| self.0.iter().next()).map(|(number, _)| *number)
    }
}

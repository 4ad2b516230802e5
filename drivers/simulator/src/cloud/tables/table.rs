//! A table: the records of one kind of one owner in one region, in the order of ids, so that a page is one range.

use std::collections::BTreeMap;
use std::ops::Bound;

use gateway_core::Kind;

use crate::cloud::tables::record::Record;

/// Owner of a record: the cloud for published records, or an account by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Public,
    Account(usize),
}

/// Key of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableKey {
    pub(crate) region: usize,
    pub(crate) owner: Owner,
    pub(crate) kind: Kind,
}

/// Records by number.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<u64, Record>);

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Record> {
        self.0.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Record> {
        self.0.get_mut(&number)
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.0.contains_key(&number)
    }

    pub(crate) fn insert(&mut self, number: u64, record: Record) {
        self.0.insert(number, record);
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Record> {
        self.0.remove(&number)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.0.values_mut()
    }

    /// Returns the records after a number, or all.
    pub(crate) fn after(&self, marker: Option<u64>) -> impl Iterator<Item = (u64, &Record)> {
        let from = marker.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range((from, Bound::Unbounded)).map(|(number, record)| (*number, record))
    }

    /// Returns the first number at or after `number`, or else the first of all: a fair choice among random numbers.
    pub(crate) fn nearest(&self, number: u64) -> Option<u64> {
        self.0.range(number..).next().or_else(|| self.0.iter().next()).map(|(number, _)| *number)
    }
}

//! Collections in the order of ids: stored, derived and shared records.

use gateway_core::Kind;

use crate::cloud::tables::Tables;
use crate::cloud::tables::derived::{derived_status, source_kind};
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, Table, TableKey};

/// A record in a collection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) status: Status,
    /// Stored record, or the source of a derived one.
    pub(crate) record: &'a Record,
    pub(crate) is_derived: bool,
    /// Owner; another account if the record is shared.
    pub(crate) owner: Owner,
}

impl Tables {
    /// Returns the records after a number, lazily.
    pub(crate) fn entries(
        &self,
        table: TableKey,
        after: Option<u64>,
    ) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let here = move |(number, record): (u64, _)| (number, stored(record, table.owner));
        let mut stored = self.records(table).after(after).map(here).peekable();
        let mut derived = self.derived(table, after).peekable();
        let mut shared = self.shared_with(table, after).into_iter().peekable();
        std::iter::from_fn(move || {
            let number_of = |next: Option<&(u64, _)>| next.map_or(u64::MAX, |(number, _)| *number);
            let next = [number_of(stored.peek()), number_of(derived.peek()), number_of(shared.peek())];
            match next {
                [a, b, c] if a <= b && a <= c => stored.next(),
                [_, b, c] if b <= c => derived.next(),
                _ => shared.next(),
            }
        })
    }

    /// Returns the record of that number.
    pub(crate) fn entry(&self, table: TableKey, number: u64) -> Option<Entry<'_>> {
        let stored = self.records(table).get(number).map(|record| stored(record, table.owner));
        let derived = || derived_entry(table, self.sources(table)?.get(number)?);
        let shared = || {
            let all = self.shared_with(table, number.checked_sub(1));
            all.first().filter(|(first, _)| *first == number).map(|(_, entry)| *entry)
        };
        stored.or_else(derived).or_else(shared)
    }

    /// Returns the number of records.
    pub(crate) fn count(&self, table: TableKey) -> usize {
        self.records(table).len() + self.derived(table, None).count() + self.shared_with(table, None).len()
    }

    /// Returns the table of the sources of derived records.
    fn sources(&self, table: TableKey) -> Option<&Table> {
        let source = source_kind(table.kind).filter(|_| self.has(table.kind))?;
        Some(self.records(TableKey { kind: source, ..table }))
    }

    fn derived(&self, table: TableKey, after: Option<u64>) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let records = self.sources(table).into_iter().flat_map(move |sources| sources.after(after));
        records.filter_map(move |(number, record)| Some((number, derived_entry(table, record)?)))
    }

    /// Returns the records that other accounts share with the owner: only images, of which there are few.
    fn shared_with(&self, table: TableKey, after: Option<u64>) -> Vec<(u64, Entry<'_>)> {
        let TableKey { owner: Owner::Account(account), kind: Kind::Image, .. } = table else {
            return Vec::new();
        };
        let others = (0..self.accounts).filter(|other| *other != account).map(Owner::Account);
        let is_shared = |record: &Record| matches!(&record.body, Body::Image(image) if image.shared_with.contains(&account));
        let images = others.flat_map(|owner| {
            let images = self.records(TableKey { owner, ..table }).after(after);
            images
                .filter(|(_, record)| is_shared(record))
                .map(move |(number, record)| (number, stored(record, owner)))
        });
        let mut images: Vec<_> = images.collect();
        images.sort_by_key(|(number, _)| *number);
        images
    }
}

fn stored(record: &Record, owner: Owner) -> Entry<'_> {
    Entry { status: record.status, record, is_derived: false, owner }
}

fn derived_entry(table: TableKey, source: &Record) -> Option<Entry<'_>> {
    let status = derived_status(table.kind, source.status, &source.body)?;
    Some(Entry { status, record: source, is_derived: true, owner: table.owner })
}

//! Sorted listings: the keys of each target, read along an index and merged.

use std::cmp::Ordering;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use super::query::{Cursor, ResourceQuery, SortKey, SortValue};
use crate::db::schema::resources;
use crate::db::{Session, corrupt, database};

/// The position of a record in a sort order: by all three ascending, or the reverse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) value: SortValue,
    pub(super) target: TargetId,
    pub(super) id: ResourceId,
}

impl Key {
    /// Returns the cursor after this record.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor { target: self.target, id: self.id, value: Some(self.value.clone()) }
    }
}

/// A range of a target's index.
enum Range<'a, V> {
    /// All records.
    All,
    /// Records with this value, after this id.
    Rest(&'a V, ResourceId),
    /// Records after all with this value.
    After(&'a V),
    /// Records with this value and after.
    From(&'a V),
}

/// Reads values and ids in a range of the index `(target_id, COLUMN, id)`, at most `limit`.
macro_rules! read_range {
    ($session:expr, $query:expr, $column:expr, $range:expr, $descending:expr, $limit:expr) => {{
        let query = match (&$range, $descending) {
            (Range::All, _) => $query,
            (Range::Rest(value, id), false) => {
                $query.filter($column.eq((*value).to_owned())).filter(resources::id.gt(id.to_bytes()))
            }
            (Range::Rest(value, id), true) => {
                $query.filter($column.eq((*value).to_owned())).filter(resources::id.lt(id.to_bytes()))
            }
            (Range::After(value), false) => $query.filter($column.gt((*value).to_owned())),
            (Range::After(value), true) => $query.filter($column.lt((*value).to_owned())),
            (Range::From(value), false) => $query.filter($column.ge((*value).to_owned())),
            (Range::From(value), true) => $query.filter($column.le((*value).to_owned())),
        };
        let query = match (&$range, $descending) {
            // All have one value. To sort by it too would keep MySQL from seeing that the index is in order.
            (Range::Rest(..), false) => query.order(resources::id.asc()),
            (Range::Rest(..), true) => query.order(resources::id.desc()),
            (_, false) => query.order(($column.asc(), resources::id.asc())),
            (_, true) => query.order(($column.desc(), resources::id.desc())),
        };
        query
            .select(($column, resources::id))
            .limit(i64::try_from($limit).unwrap_or(i64::MAX))
            .load($session.connection)
            .map_err(database)?
    }};
}

impl Session<'_> {
    /// Returns the first keys of a listing, at most `wanted`, in order.
    pub(super) fn sorted_keys(
        &mut self,
        query: &ResourceQuery,
        key: SortKey,
        descending: bool,
        wanted: usize,
    ) -> Result<Vec<Key>> {
        let mut keys: Vec<Key> = Vec::new();
        for target in query.targets.iter().copied() {
            keys.extend(self.keys_of(query, target, key, descending, wanted)?);
            // Truncated after each target, so that memory grows with the page and not with the targets.
            keys.sort_unstable_by(|a, b| if descending { b.cmp(a) } else { a.cmp(b) });
            keys.truncate(wanted);
        }
        Ok(keys)
    }

    fn keys_of(
        &mut self,
        query: &ResourceQuery,
        target: TargetId,
        key: SortKey,
        descending: bool,
        wanted: usize,
    ) -> Result<Vec<Key>> {
        let after = query.after.as_ref().and_then(|cursor| Some((cursor, cursor.value.as_ref()?)));
        let records = || query.filter.records_of(target);
        let mut found: Vec<(SortValue, Vec<u8>)> = Vec::new();
        match (key, after) {
            (SortKey::Name, after) => {
                let after = after.and_then(|(cursor, value)| match value {
                    SortValue::Text(text) => Some((cursor, text)),
                    SortValue::Number(_) => None,
                });
                for range in ranges(target, after, descending) {
                    let rows: Vec<(String, Vec<u8>)> = read_range!(
                        self,
                        records(),
                        resources::name_key,
                        range,
                        descending,
                        wanted - found.len()
                    );
                    found.extend(rows.into_iter().map(|(name, id)| (SortValue::Text(name), id)));
                }
            }
            (SortKey::CreatedAt | SortKey::ChangedAt, after) => {
                let after = after.and_then(|(cursor, value)| match value {
                    SortValue::Number(number) => Some((cursor, number)),
                    SortValue::Text(_) => None,
                });
                for range in ranges(target, after, descending) {
                    let wanted = wanted - found.len();
                    let rows: Vec<(i64, Vec<u8>)> = match key {
                        SortKey::CreatedAt => {
                            read_range!(self, records(), resources::created_at, range, descending, wanted)
                        }
                        _ => read_range!(self, records(), resources::changed_at, range, descending, wanted),
                    };
                    found.extend(rows.into_iter().map(|(number, id)| (SortValue::Number(number), id)));
                }
            }
        }
        found
            .into_iter()
            .map(|(value, id)| {
                let id = ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?;
                Ok(Key { value, target, id })
            })
            .collect()
    }
}

/// Returns the ranges of a target's index that follow a cursor in the whole order.
fn ranges<'a, V>(target: TargetId, after: Option<(&Cursor, &'a V)>, descending: bool) -> Vec<Range<'a, V>> {
    let Some((cursor, value)) = after else { return vec![Range::All] };
    let order = if descending { cursor.target.cmp(&target) } else { target.cmp(&cursor.target) };
    match order {
        // All records of this target with the same value came before.
        Ordering::Less => vec![Range::After(value)],
        Ordering::Equal => vec![Range::Rest(value, cursor.id), Range::After(value)],
        Ordering::Greater => vec![Range::From(value)],
    }
}

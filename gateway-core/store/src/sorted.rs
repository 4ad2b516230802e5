//! Listings in an order of the caller's: the keys of each target along an index, merged.

use std::cmp::Ordering;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::Session;
use crate::error::{corrupt, database};
use crate::schema::resources;
use crate::selection::{Cursor, ResourceQuery, SortKey, SortValue};

/// A record's place in the order: ascending by all three, or the reverse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) value: SortValue,
    pub(crate) target: TargetId,
    pub(crate) id: ResourceId,
}

impl Key {
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { target: self.target, id: self.id, value: Some(self.value.clone()) }
    }
}

/// Which stretch of a target's index is read.
enum Stretch<'a, V> {
    /// From the beginning.
    All,
    /// With this value, after this record.
    Rest(&'a V, ResourceId),
    /// After all with this value.
    Beyond(&'a V),
    /// With this value and after.
    From(&'a V),
}

/// Reads a stretch along `(target_id, COLUMN, id)`: values and ids, `limit` at most.
macro_rules! walk {
    ($session:expr, $query:expr, $column:expr, $stretch:expr, $descending:expr, $limit:expr) => {{
        let query = match (&$stretch, $descending) {
            (Stretch::All, _) => $query,
            (Stretch::Rest(value, id), false) => {
                $query.filter($column.eq((*value).to_owned())).filter(resources::id.gt(id.to_bytes()))
            }
            (Stretch::Rest(value, id), true) => {
                $query.filter($column.eq((*value).to_owned())).filter(resources::id.lt(id.to_bytes()))
            }
            (Stretch::Beyond(value), false) => $query.filter($column.gt((*value).to_owned())),
            (Stretch::Beyond(value), true) => $query.filter($column.lt((*value).to_owned())),
            (Stretch::From(value), false) => $query.filter($column.ge((*value).to_owned())),
            (Stretch::From(value), true) => $query.filter($column.le((*value).to_owned())),
        };
        let query = match (&$stretch, $descending) {
            // Of one value all: to sort by it too would keep MySQL from seeing that the index is in order.
            (Stretch::Rest(..), false) => query.order(resources::id.asc()),
            (Stretch::Rest(..), true) => query.order(resources::id.desc()),
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
    /// The first keys of a listing, at most `wanted`, in order.
    pub(crate) fn sorted_keys(
        &mut self,
        query: &ResourceQuery,
        key: SortKey,
        descending: bool,
        wanted: usize,
    ) -> Result<Vec<Key>> {
        let mut keys: Vec<Key> = Vec::new();
        for target in query.targets.iter().copied() {
            keys.extend(self.keys_of(query, target, key, descending, wanted)?);
            // Kept short all the time: memory follows the page and not the targets.
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
                for stretch in stretches(target, after, descending) {
                    let rows: Vec<(String, Vec<u8>)> = walk!(
                        self,
                        records(),
                        resources::name_key,
                        stretch,
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
                for stretch in stretches(target, after, descending) {
                    let wanted = wanted - found.len();
                    let rows: Vec<(i64, Vec<u8>)> = match key {
                        SortKey::CreatedAt => {
                            walk!(self, records(), resources::created_at, stretch, descending, wanted)
                        }
                        _ => walk!(self, records(), resources::changed_at, stretch, descending, wanted),
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

/// What is left of a target's index after a place in the whole order.
fn stretches<'a, V>(
    target: TargetId,
    after: Option<(&Cursor, &'a V)>,
    descending: bool,
) -> Vec<Stretch<'a, V>> {
    let Some((cursor, value)) = after else { return vec![Stretch::All] };
    let order = if descending { cursor.target.cmp(&target) } else { target.cmp(&cursor.target) };
    match order {
        // All of this target with the same value came before.
        Ordering::Less => vec![Stretch::Beyond(value)],
        Ordering::Equal => vec![Stretch::Rest(value, cursor.id), Stretch::Beyond(value)],
        Ordering::Greater => vec![Stretch::From(value)],
    }
}

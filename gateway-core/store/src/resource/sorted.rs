//! The keys of a page: read along an index of each target, and merged.

use std::cmp::Ordering;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use super::firsts::{Firsts, TARGETS};
use super::key::{Key, as_limit};
use super::query::{Of, Records, ResourceQuery, SortKey, SortOrder, SortValue};
use crate::db::schema::resources;
use crate::db::{Direction, Session, UnionAll, corrupt, database, merge};

/// Most targets whose records are read without a look at their first values. The look saves rows that no page needs; for
/// few targets it costs more.
const FEW: usize = 8;

/// A range of a target's index.
#[derive(Clone, Debug)]
enum Range {
    /// All records.
    All,
    /// Records with this value, after this id.
    Rest(SortValue, ResourceId),
    /// Records after all with this value.
    After(SortValue),
    /// Records with this value and after.
    From(SortValue),
}

/// The value of all records in [`SortOrder::Id`].
const NO_VALUE: SortValue = SortValue::Number(0);

/// Selects the records in a range of the index `(target_id, COLUMN, id)`, up to a value, in order.
macro_rules! in_range {
    ($records:expr, $column:expr, $value:expr, $range:expr, $bound:expr, $descending:expr) => {{
        let (records, value, descending) = ($records, $value, $descending);
        let records = match ($range, descending) {
            (Range::All, _) => records,
            (Range::Rest(at, id), false) => {
                records.filter($column.eq(value(at)?)).filter(resources::id.gt(id.to_bytes()))
            }
            (Range::Rest(at, id), true) => {
                records.filter($column.eq(value(at)?)).filter(resources::id.lt(id.to_bytes()))
            }
            (Range::After(at), false) => records.filter($column.gt(value(at)?)),
            (Range::After(at), true) => records.filter($column.lt(value(at)?)),
            (Range::From(at), false) => records.filter($column.ge(value(at)?)),
            (Range::From(at), true) => records.filter($column.le(value(at)?)),
        };
        let records = match ($bound, $range, descending) {
            // All have one value.
            (_, Range::Rest(..), _) | (None, ..) => records,
            (Some(bound), _, false) => records.filter($column.le(value(bound)?)),
            (Some(bound), _, true) => records.filter($column.ge(value(bound)?)),
        };
        match ($range, descending) {
            // To sort by the only value too would keep MySQL from seeing that the index is in order.
            (Range::Rest(..), false) => records.order(resources::id.asc()),
            (Range::Rest(..), true) => records.order(resources::id.desc()),
            (_, false) => records.order(($column.asc(), resources::id.asc())),
            (_, true) => records.order(($column.desc(), resources::id.desc())),
        }
    }};
}

/// Defines the reads along the index `(target_id, COLUMN, id)`.
macro_rules! reads_along {
    ($firsts:ident, $keys:ident, $column:expr, $type:ty, $variant:path) => {
        impl Session<'_> {
            /// Returns the first value of each target that has a record in the range.
            fn $firsts(
                &mut self,
                query: &ResourceQuery,
                targets: &[TargetId],
                range: &Range,
            ) -> Result<Vec<(SortValue, TargetId)>> {
                let value = |value: &SortValue| match value {
                    $variant(value) => Ok(value.clone()),
                    _ => Err(corrupt("cursor")),
                };
                let descending = direction(query.order) == Direction::Descending;
                let mut firsts = Vec::new();
                for targets in targets.chunks(TARGETS) {
                    let records = query.filter.records(Of::Outer);
                    let bound: Option<&SortValue> = None;
                    let records = in_range!(records, $column, value, range, bound, descending);
                    let of_target = records.limit(1).select($column);
                    let found = Firsts { backend: self.backend(), targets, of_target }
                        .load::<(i64, Option<$type>)>(self.connection);
                    let found = found.map_err(database)?.into_iter();
                    firsts.extend(
                        found.filter_map(|(target, first)| Some(($variant(first?), TargetId(target)))),
                    );
                }
                Ok(firsts)
            }

            /// Returns the first keys in each range, at most `wanted`.
            fn $keys(
                &mut self,
                query: &ResourceQuery,
                ranges: &[(TargetId, Range)],
                bound: Option<&SortValue>,
                wanted: usize,
            ) -> Result<Vec<Key>> {
                let value = |value: &SortValue| match value {
                    $variant(value) => Ok(value.clone()),
                    _ => Err(corrupt("cursor")),
                };
                let descending = direction(query.order) == Direction::Descending;
                let mut parts = Vec::with_capacity(ranges.len());
                for (target, range) in ranges {
                    let records = query.filter.records_of(*target);
                    let records = in_range!(records, $column, value, range, bound, descending);
                    let columns = (resources::target_id, $column, resources::id);
                    parts.push(records.limit(as_limit(wanted)).select(columns));
                }
                let rows = UnionAll(parts).load::<(i64, $type, Vec<u8>)>(self.connection);
                let key = |(target, value, id)| key(target, $variant(value), id);
                rows.map_err(database)?.into_iter().map(key).collect()
            }
        }
    };
}

reads_along!(first_names, name_keys, resources::name_key, String, SortValue::Text);
reads_along!(first_creations, creation_keys, resources::created_at, i64, SortValue::Number);
reads_along!(first_changes, change_keys, resources::changed_at, i64, SortValue::Number);

impl Session<'_> {
    /// Returns the first keys of a listing, at most `wanted`, in order.
    pub(super) fn keys(&mut self, query: &ResourceQuery, wanted: usize) -> Result<Vec<Key>> {
        let direction = direction(query.order);
        let ranges_of = |targets: &[TargetId]| -> Vec<(TargetId, Range)> {
            let of_target =
                |target: TargetId| ranges(query, direction, target).map(move |range| (target, range));
            targets.iter().copied().flat_map(of_target).collect()
        };
        if query.targets.len() <= FEW {
            let ranges = ranges_of(&query.targets);
            if ranges.is_empty() {
                return Ok(Vec::new());
            }
            let mut keys = self.read_keys(query, &ranges, None, wanted)?;
            keys.sort_unstable_by(|a, b| direction.compare(a, b));
            keys.truncate(wanted);
            return Ok(keys);
        }
        let firsts = self.firsts(query, direction)?;
        merge(firsts, direction, wanted, |targets, bound| {
            self.read_keys(query, &ranges_of(targets), bound, wanted)
        })
    }

    /// Returns the first value of each target that has a record after the cursor.
    fn firsts(&mut self, query: &ResourceQuery, direction: Direction) -> Result<Vec<(SortValue, TargetId)>> {
        let Some(cursor) = &query.after else {
            return self.read_firsts(query, &query.targets, &Range::All);
        };
        // The targets on both sides of the cursor's, and that one itself, have different ranges left.
        let before = query.targets.partition_point(|target| *target < cursor.target);
        let (before, rest) = query.targets.split_at(before);
        let own = usize::from(rest.first() == Some(&cursor.target));
        let (own, after) = rest.split_at(own);
        let mut firsts = Vec::new();
        for targets in [before, own, after] {
            let ranges: Vec<_> =
                targets.iter().take(1).flat_map(|first| ranges(query, direction, *first)).collect();
            for range in &ranges {
                firsts.extend(self.read_firsts(query, targets, range)?);
            }
        }
        // The cursor's target may have been found in two ranges.
        firsts.sort_unstable_by(|a, b| a.1.cmp(&b.1).then_with(|| direction.compare(&a.0, &b.0)));
        firsts.dedup_by_key(|(_, target)| *target);
        Ok(firsts)
    }

    fn read_firsts(
        &mut self,
        query: &ResourceQuery,
        targets: &[TargetId],
        range: &Range,
    ) -> Result<Vec<(SortValue, TargetId)>> {
        match query.order {
            SortOrder::Id => self.first_ids(query, targets, range),
            SortOrder::By { key: SortKey::Name, .. } => self.first_names(query, targets, range),
            SortOrder::By { key: SortKey::CreatedAt, .. } => self.first_creations(query, targets, range),
            SortOrder::By { key: SortKey::ChangedAt, .. } => self.first_changes(query, targets, range),
        }
    }

    fn read_keys(
        &mut self,
        query: &ResourceQuery,
        ranges: &[(TargetId, Range)],
        bound: Option<&SortValue>,
        wanted: usize,
    ) -> Result<Vec<Key>> {
        match query.order {
            SortOrder::Id => self.id_keys(query, ranges, wanted),
            SortOrder::By { key: SortKey::Name, .. } => self.name_keys(query, ranges, bound, wanted),
            SortOrder::By { key: SortKey::CreatedAt, .. } => self.creation_keys(query, ranges, bound, wanted),
            SortOrder::By { key: SortKey::ChangedAt, .. } => self.change_keys(query, ranges, bound, wanted),
        }
    }

    fn first_ids(
        &mut self,
        query: &ResourceQuery,
        targets: &[TargetId],
        range: &Range,
    ) -> Result<Vec<(SortValue, TargetId)>> {
        let mut firsts = Vec::new();
        for targets in targets.chunks(TARGETS) {
            let of_target = in_order(query.filter.records(Of::Outer), range).limit(1).select(resources::id);
            let found = Firsts { backend: self.backend(), targets, of_target }
                .load::<(i64, Option<Vec<u8>>)>(self.connection);
            let found = found.map_err(database)?.into_iter().filter(|(_, first)| first.is_some());
            firsts.extend(found.map(|(target, _)| (NO_VALUE, TargetId(target))));
        }
        Ok(firsts)
    }

    fn id_keys(
        &mut self,
        query: &ResourceQuery,
        ranges: &[(TargetId, Range)],
        wanted: usize,
    ) -> Result<Vec<Key>> {
        let part = |(target, range): &(TargetId, Range)| {
            let records = in_order(query.filter.records_of(*target), range).limit(as_limit(wanted));
            records.select((resources::target_id, resources::id))
        };
        let parts = ranges.iter().map(part).collect();
        let rows = UnionAll(parts).load::<(i64, Vec<u8>)>(self.connection);
        rows.map_err(database)?.into_iter().map(|(target, id)| key(target, NO_VALUE, id)).collect()
    }
}

fn in_order(records: Records, range: &Range) -> Records {
    match range {
        Range::Rest(_, id) => records.filter(resources::id.gt(id.to_bytes())).order(resources::id),
        _ => records.order(resources::id),
    }
}

fn key(target: i64, value: SortValue, id: Vec<u8>) -> Result<Key> {
    let id = ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?;
    Ok(Key { value, target: TargetId(target), id })
}

fn direction(order: SortOrder) -> Direction {
    match order {
        SortOrder::By { descending: true, .. } => Direction::Descending,
        _ => Direction::Ascending,
    }
}

/// Returns the ranges of a target's index that follow the cursor in the whole order.
fn ranges(
    query: &ResourceQuery,
    direction: Direction,
    target: TargetId,
) -> impl Iterator<Item = Range> + use<> {
    let Some(cursor) = &query.after else { return [Some(Range::All), None].into_iter().flatten() };
    let order = direction.compare(&target, &cursor.target);
    let ranges = match (&cursor.value, order) {
        (None, Ordering::Less) => [None, None],
        (None, Ordering::Equal) => [Some(Range::Rest(NO_VALUE, cursor.id)), None],
        (None, Ordering::Greater) => [Some(Range::All), None],
        // All records of this target with the same value came before.
        (Some(value), Ordering::Less) => [Some(Range::After(value.clone())), None],
        (Some(value), Ordering::Equal) => {
            [Some(Range::Rest(value.clone(), cursor.id)), Some(Range::After(value.clone()))]
        }
        (Some(value), Ordering::Greater) => [Some(Range::From(value.clone())), None],
    };
    ranges.into_iter().flatten()
}

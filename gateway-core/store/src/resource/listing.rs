//! Reading of resources: some by id, or a page.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use super::key::{Key, as_limit};
use super::query::{Cursor, Of, Records, ResourceQuery, SortOrder};
use crate::db::schema::resources;
use crate::db::{Session, Store, UNION, corrupt, database};

/// A stored record of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// Target, which implies scope and kind.
    pub target: TargetId,
    /// Id of the resource.
    pub id: ResourceId,
    /// Key that is unique within cloud, region and kind.
    pub native_key: String,
    /// Count of changes.
    pub version: i64,
    /// Database time of the last change.
    pub changed_at: Timestamp,
    /// Canonical document, in JSON.
    pub document: String,
    /// The cloud's document, if requested.
    pub raw: Option<String>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Records, in order.
    pub rows: Vec<ResourceRow>,
    /// Start of the next page; `None` on the last page.
    pub next: Option<Cursor>,
}

impl Store {
    /// Returns every record of a resource: one for each holder.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resource_get(&self, id: ResourceId, raw: bool) -> Result<Vec<ResourceRow>> {
        self.read(move |session| {
            let records = resources::table.filter(resources::id.eq(id.to_bytes())).into_boxed();
            session.load_records(records, raw)
        })
        .await
    }

    /// Returns the records of some resources in some targets, with one statement.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resources_get(
        &self,
        targets: Vec<TargetId>,
        ids: Vec<ResourceId>,
    ) -> Result<Vec<ResourceRow>> {
        if targets.is_empty() || ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |session| {
            let records = resources::table
                .filter(resources::target_id.eq_any(targets.iter().map(|target| target.0)))
                .filter(resources::id.eq_any(ids.iter().map(|id| id.to_bytes())));
            session.load_records(records.into_boxed(), false)
        })
        .await
    }

    /// Returns one page of a listing.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resource_list(&self, query: ResourceQuery) -> Result<Listing> {
        self.read(move |session| match query.order {
            SortOrder::Id if query.filter.terms.is_empty() => session.list_by_id(&query),
            _ => session.list_by_key(&query),
        })
        .await
    }
}

/// Targets of the first statement of a page, which most often fills it.
const FEW_TARGETS: usize = 50;

/// Targets of each later statement. MariaDB looks up a longer list in another way than along the index.
pub(super) const MANY_TARGETS: usize = 900;

pub(super) type Columns = (i64, Vec<u8>, String, i64, i64, String);
pub(super) const COLUMNS: (
    resources::target_id,
    resources::id,
    resources::native_key,
    resources::version,
    resources::changed_at,
    resources::document,
) = (
    resources::target_id,
    resources::id,
    resources::native_key,
    resources::version,
    resources::changed_at,
    resources::document,
);

pub(super) fn row(
    (target, id, native_key, version, changed_at, document): Columns,
    raw: Option<String>,
) -> Result<ResourceRow> {
    Ok(ResourceRow {
        target: TargetId(target),
        id: ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?,
        native_key,
        version,
        changed_at: Timestamp(changed_at),
        document,
        raw,
    })
}

impl Session<'_> {
    /// Lists along one index in the order of targets, so that a page costs its own rows only, and no sort.
    fn list_by_id(&mut self, query: &ResourceQuery) -> Result<Listing> {
        let (after, limit) = (query.after.as_ref(), query.limit);
        let mut rows = Vec::new();
        let begins = query.targets.partition_point(|target| after.is_some_and(|at| *target < at.target));
        let mut left = query.targets.get(begins..).unwrap_or_default();
        if let Some((cursor, first)) = after.zip(left.first()).filter(|(at, first)| at.target == **first) {
            let records = query.filter.records_of(*first).filter(resources::id.gt(cursor.id.to_bytes()));
            let records = records.order(resources::id).limit(as_limit(limit + 1));
            rows = self.load_records(records, query.raw)?;
            left = left.get(1..).unwrap_or_default();
        }
        let mut size = FEW_TARGETS;
        while !left.is_empty() && rows.len() <= limit {
            let (targets, others) = left.split_at(size.min(left.len()));
            (left, size) = (others, MANY_TARGETS);
            let records = match targets {
                [only] => query.filter.records_of(*only).order(resources::id),
                _ => query.filter.records(Of::Many(targets)).order((resources::target_id, resources::id)),
            };
            rows.extend(self.load_records(records.limit(as_limit(limit + 1 - rows.len())), query.raw)?);
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| Cursor { target: row.target, id: row.id, value: None });
        Ok(Listing { rows, next })
    }

    /// Lists keys first, and then loads the documents of the page.
    fn list_by_key(&mut self, query: &ResourceQuery) -> Result<Listing> {
        let mut keys = self.keys(query, query.limit + 1)?;
        let more = keys.len() > query.limit;
        keys.truncate(query.limit);
        let mut found = self.records_at(&keys, query.raw)?;
        let next = keys.last().filter(|_| more).map(|key| key.cursor(query.order));
        // A record that was deleted between the two steps is left out.
        let rows = keys.iter().filter_map(|key| found.remove(&(key.target, key.id))).collect();
        Ok(Listing { rows, next })
    }

    /// Loads records by their primary keys.
    fn records_at(
        &mut self,
        keys: &[Key],
        raw: bool,
    ) -> Result<HashMap<(TargetId, ResourceId), ResourceRow>> {
        let mut by_target: BTreeMap<TargetId, Vec<Vec<u8>>> = BTreeMap::new();
        for key in keys {
            by_target.entry(key.target).or_default().push(key.id.to_bytes());
        }
        let by_target: Vec<_> = by_target.into_iter().collect();
        let mut found = HashMap::with_capacity(keys.len());
        for group in by_target.chunks(UNION) {
            let mut records = resources::table.into_boxed();
            for (target, ids) in group {
                let of_target = resources::target_id.eq(target.0).and(resources::id.eq_any(ids.clone()));
                records = records.or_filter(of_target);
            }
            let rows = self.load_records(records, raw)?;
            found.extend(rows.into_iter().map(|row| ((row.target, row.id), row)));
        }
        Ok(found)
    }

    fn load_records(&mut self, records: Records, raw: bool) -> Result<Vec<ResourceRow>> {
        if raw {
            let rows = records.select((COLUMNS, resources::raw)).load::<(Columns, String)>(self.connection);
            rows.map_err(database)?.into_iter().map(|(columns, raw)| row(columns, Some(raw))).collect()
        } else {
            let rows = records.select(COLUMNS).load::<Columns>(self.connection);
            rows.map_err(database)?.into_iter().map(|columns| row(columns, None)).collect()
        }
    }
}

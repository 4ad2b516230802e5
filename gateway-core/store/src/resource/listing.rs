//! Reading of resources: one by id, or a page.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use super::query::{Cursor, Records, ResourceQuery, SortKey, SortOrder};
use super::sorted::Key;
use crate::db::schema::resources;
use crate::db::{Session, Store, corrupt, database};

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

    /// Returns every record of some resources, with one statement.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resources_get(&self, ids: Vec<ResourceId>) -> Result<Vec<ResourceRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |session| {
            let ids = ids.iter().map(|id| id.to_bytes());
            session.load_records(resources::table.filter(resources::id.eq_any(ids)).into_boxed(), false)
        })
        .await
    }

    /// Returns one page of a listing.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resource_list(&self, query: ResourceQuery) -> Result<Listing> {
        self.read(move |session| match query.order {
            SortOrder::Id => session.list_by_id(&query),
            SortOrder::By { key, descending } => session.list_sorted(&query, key, descending),
        })
        .await
    }
}

type Columns = (i64, Vec<u8>, String, i64, i64, String);
const COLUMNS: (
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

fn row(
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
    /// Lists target by target, each along one index: a page costs its own rows only, and no sort.
    fn list_by_id(&mut self, query: &ResourceQuery) -> Result<Listing> {
        let (after, limit) = (query.after.as_ref(), query.limit);
        let mut rows = Vec::new();
        let ahead = |target: &TargetId| after.is_none_or(|cursor| *target >= cursor.target);
        for target in query.targets.iter().copied().filter(ahead) {
            let mut records = query.filter.records_of(target).order(resources::id);
            if let Some(cursor) = after.filter(|cursor| cursor.target == target) {
                records = records.filter(resources::id.gt(cursor.id.to_bytes()));
            }
            let wanted = limit + 1 - rows.len();
            let records = records.limit(i64::try_from(wanted).unwrap_or(i64::MAX));
            rows.extend(self.load_records(records, query.raw)?);
            if rows.len() > limit {
                break;
            }
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| Cursor { target: row.target, id: row.id, value: None });
        Ok(Listing { rows, next })
    }

    /// Lists keys first, and then loads the documents of the page.
    fn list_sorted(&mut self, query: &ResourceQuery, key: SortKey, descending: bool) -> Result<Listing> {
        let mut keys = self.sorted_keys(query, key, descending, query.limit + 1)?;
        let more = keys.len() > query.limit;
        keys.truncate(query.limit);
        let mut by_target: BTreeMap<TargetId, Vec<Vec<u8>>> = BTreeMap::new();
        for key in &keys {
            by_target.entry(key.target).or_default().push(key.id.to_bytes());
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (target, ids) in by_target {
            let records = resources::table
                .filter(resources::target_id.eq(target.0))
                .filter(resources::id.eq_any(ids))
                .into_boxed();
            found.extend(
                self.load_records(records, query.raw)?.into_iter().map(|row| ((target, row.id), row)),
            );
        }
        let next = keys.last().filter(|_| more).map(Key::cursor);
        // A record that was deleted between the two steps is left out.
        let rows = keys.iter().filter_map(|key| found.remove(&(key.target, key.id))).collect();
        Ok(Listing { rows, next })
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

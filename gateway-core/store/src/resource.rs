//! Reading resources: one by id, and many by page.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::error::{corrupt, database};
use crate::schema::resources;
use crate::selection::{Cursor, Records, ResourceQuery, SortKey, SortOrder};
use crate::sorted::Key;
use crate::{Session, Store};

/// A resource as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// The target, and so the scope and kind.
    pub target: TargetId,
    /// Its id.
    pub id: ResourceId,
    /// What makes it unique within cloud, region and kind.
    pub native_key: String,
    /// Counts its changes.
    pub version: i64,
    /// When the store saw it change last.
    pub changed_at: Timestamp,
    /// The canonical document, in JSON.
    pub document: String,
    /// The cloud's document, when it was asked for.
    pub raw: Option<String>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The records, in order.
    pub rows: Vec<ResourceRow>,
    /// Where the next page starts; `None` when this is the last.
    pub next: Option<Cursor>,
}

impl Store {
    /// Every record of a resource: one for each holder that has it.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn resource_get(&self, id: ResourceId, raw: bool) -> Result<Vec<ResourceRow>> {
        self.read(move |session| {
            let records = resources::table.filter(resources::id.eq(id.to_bytes())).into_boxed();
            session.load_records(records, raw)
        })
        .await
    }

    /// One page of a listing.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn resource_list(&self, query: ResourceQuery) -> Result<Listing> {
        self.read(move |session| match query.order {
            SortOrder::Id => session.list_by_place(&query),
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
    /// Target by target, each a walk along one index: the page costs what is on it, however much there is, and no
    /// sort.
    fn list_by_place(&mut self, query: &ResourceQuery) -> Result<Listing> {
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

    /// Keys first, and then the documents of those that are on the page.
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
        // One that went away between the two is left out: it is not there.
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

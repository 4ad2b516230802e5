//! Reading resources: one by id, and many by keyset.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::apply::INDEXED_NAME;
use crate::error::{corrupt, database};
use crate::schema::resources;
use crate::{Session, Store};

/// A resource as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// The target, and so the scope and kind.
    pub target: TargetId,
    /// Its id.
    pub id: ResourceId,
    /// Counts its changes.
    pub version: i64,
    /// When the store saw it change last.
    pub changed_at: Timestamp,
    /// The canonical document, in JSON.
    pub document: String,
    /// The cloud's document, when it was asked for.
    pub raw: Option<String>,
}

/// Where a listing goes on: after this record of this target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The target.
    pub target: TargetId,
    /// The last record of it that was given.
    pub id: ResourceId,
}

/// Which records a listing wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Of this canonical state.
    pub state: Option<String>,
    /// Of exactly this name.
    pub name: Option<String>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The records, by target and id.
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
            let query = resources::table.filter(resources::id.eq(id.to_bytes()));
            if raw {
                let rows =
                    query.select((COLUMNS, resources::raw)).load::<(Columns, String)>(session.connection);
                rows.map_err(database)?.into_iter().map(|(columns, raw)| row(columns, Some(raw))).collect()
            } else {
                let rows = query.select(COLUMNS).load::<Columns>(session.connection);
                rows.map_err(database)?.into_iter().map(|columns| row(columns, None)).collect()
            }
        })
        .await
    }

    /// A page over these targets, which must be in ascending order and the same on every page.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn resource_list(
        &self,
        targets: Vec<TargetId>,
        filter: ResourceFilter,
        after: Option<Cursor>,
        limit: usize,
        raw: bool,
    ) -> Result<Listing> {
        self.read(move |session| {
            let mut rows = Vec::new();
            // Target by target, each a walk along one index: the page costs what is on it, however much
            // there is, and no sort.
            for target in
                targets.iter().copied().filter(|target| after.is_none_or(|cursor| *target >= cursor.target))
            {
                let from = after.filter(|cursor| cursor.target == target).map(|cursor| cursor.id);
                let wanted = limit + 1 - rows.len();
                rows.extend(session.resources_after(target, &filter, from, wanted, raw)?);
                if rows.len() > limit {
                    break;
                }
            }
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| Cursor { target: row.target, id: row.id });
            Ok(Listing { rows, next })
        })
        .await
    }
}

type Columns = (i64, Vec<u8>, i64, i64, String);
const COLUMNS: (
    resources::target_id,
    resources::id,
    resources::version,
    resources::changed_at,
    resources::document,
) = (resources::target_id, resources::id, resources::version, resources::changed_at, resources::document);

fn row((target, id, version, changed_at, document): Columns, raw: Option<String>) -> Result<ResourceRow> {
    Ok(ResourceRow {
        target: TargetId(target),
        id: ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?,
        version,
        changed_at: Timestamp(changed_at),
        document,
        raw,
    })
}

impl Session<'_> {
    fn resources_after(
        &mut self,
        target: TargetId,
        filter: &ResourceFilter,
        after: Option<ResourceId>,
        limit: usize,
        raw: bool,
    ) -> Result<Vec<ResourceRow>> {
        let mut query = resources::table
            .filter(resources::target_id.eq(target.0))
            .order(resources::id)
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(resources::id.gt(after.to_bytes()));
        }
        if let Some(state) = &filter.state {
            query = query.filter(resources::state.eq(state));
        }
        if let Some(name) = &filter.name {
            query = query.filter(resources::name.eq(name.chars().take(INDEXED_NAME).collect::<String>()));
        }
        if raw {
            let rows = query.select((COLUMNS, resources::raw)).load::<(Columns, String)>(self.connection);
            rows.map_err(database)?.into_iter().map(|(columns, raw)| row(columns, Some(raw))).collect()
        } else {
            let rows = query.select(COLUMNS).load::<Columns>(self.connection);
            rows.map_err(database)?.into_iter().map(|columns| row(columns, None)).collect()
        }
    }
}

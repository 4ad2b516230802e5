//! Rows of resources, and their statements in `apply`.

use std::collections::HashMap;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::document::links::stored_text;
use gateway_core::document::observation::Observed;
use gateway_core::document::terms::Term;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, ResourceId, TargetId};

use super::name::{indexed, name_key};
use super::observation::Observation;
use super::terms;
use crate::db::schema::{missing_resources, resources};
use crate::db::{Session, by_bytes, corrupt, database, for_update, insert_all};

/// The parts of a stored record that `apply` compares.
pub(super) struct StoredRow {
    pub(super) version: i64,
    pub(super) hash: Vec<u8>,
    pub(super) observed_at: i64,
    pub(super) state: Option<String>,
    pub(super) terms: Vec<u8>,
}

/// A row to insert or update.
#[derive(Insertable)]
#[diesel(table_name = resources)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct NewRow {
    target_id: i64,
    id: Vec<u8>,
    native_key: String,
    name: String,
    pub(super) state: Option<&'static str>,
    pub(super) version: i64,
    hash: Vec<u8>,
    observed_at: i64,
    changed_at: i64,
    pub(super) document: String,
    raw: String,
    name_key: String,
    created_at: i64,
    pub(super) terms: Vec<u8>,
}

impl NewRow {
    pub(super) fn new(
        observation: &Observation,
        id: ResourceId,
        seen: &Observed,
        version: i64,
        now: Timestamp,
    ) -> Self {
        let document = seen.document();
        let owner = owner(observation, seen);
        Self {
            target_id: observation.target.0,
            id: id.to_bytes(),
            native_key: seen.native_key.clone(),
            name: indexed(&seen.name),
            state: seen.state,
            version,
            hash: seen.content_hash().0.to_vec(),
            observed_at: observation.as_of.0,
            changed_at: now.0,
            document: stored_text(observation.kind, id, &document, owner, &seen.actions),
            raw: seen.raw.to_string(),
            name_key: name_key(&seen.name),
            created_at: seen.created_at.map_or(0, |at| at.0),
            terms: terms::to_bytes(&Term::all_of(seen)),
        }
    }
}

/// Returns the account that acts on a resource: its owner or, if the cloud names none, the account of the listing.
fn owner(observation: &Observation, seen: &Observed) -> Option<AccountId> {
    let scope = &observation.scope;
    let named = seen.owner.as_deref().map(|owner| AccountId::derive(scope.cloud, owner));
    named.or(scope.holder.account())
}

impl Session<'_> {
    /// Locks and returns those of the records that exist.
    pub(super) fn stored_rows(
        &mut self,
        target: TargetId,
        ids: impl Iterator<Item = ResourceId>,
    ) -> Result<HashMap<ResourceId, StoredRow>> {
        let query = resources::table
            .filter(resources::target_id.eq(target.0))
            .filter(resources::id.eq_any(ids.map(ResourceId::to_bytes)))
            .select((
                resources::id,
                resources::version,
                resources::hash,
                resources::observed_at,
                resources::state,
                resources::terms,
            ));
        let rows = for_update!(self, query, (Vec<u8>, i64, Vec<u8>, i64, Option<String>, Vec<u8>))?;
        rows.into_iter()
            .map(|(id, version, hash, observed_at, state, terms)| {
                let id = ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?;
                Ok((id, StoredRow { version, hash, observed_at, state, terms }))
            })
            .collect()
    }

    pub(super) fn rows_insert(&mut self, rows: &[NewRow]) -> Result<()> {
        for rows in by_bytes(rows, |row| row.document.len() + row.raw.len()) {
            insert_all!(self, resources::table, rows)?;
        }
        Ok(())
    }

    pub(super) fn row_update(&mut self, row: NewRow) -> Result<()> {
        diesel::update(resources::table.find((row.target_id, row.id)))
            .set((
                resources::name.eq(row.name),
                resources::state.eq(row.state),
                resources::version.eq(row.version),
                resources::hash.eq(row.hash),
                resources::observed_at.eq(row.observed_at),
                resources::changed_at.eq(row.changed_at),
                resources::document.eq(row.document),
                resources::raw.eq(row.raw),
                resources::name_key.eq(row.name_key),
                resources::created_at.eq(row.created_at),
                resources::terms.eq(row.terms),
            ))
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }

    /// Deletes a record, and its mark as missing.
    pub(super) fn row_delete(&mut self, target: TargetId, id: ResourceId) -> Result<()> {
        let key = (target.0, id.to_bytes());
        diesel::delete(resources::table.find(key.clone())).execute(self.connection).map_err(database)?;
        diesel::delete(missing_resources::table.find(key)).execute(self.connection).map_err(database)?;
        Ok(())
    }
}

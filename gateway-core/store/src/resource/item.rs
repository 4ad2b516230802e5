//! A single record of a resource, among those that are kept for other holders.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use super::key::as_limit;
use super::listing::{COLUMNS, Columns, MANY_TARGETS, ResourceRow, row};
use crate::db::schema::{poll_targets, resources};
use crate::db::{Session, Store, database};
use crate::target::{StateRow, TargetState};

impl Store {
    /// Returns the targets with a record of a resource, without a look at the records; `None` if there are more than `most`.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resource_targets(&self, id: ResourceId, most: usize) -> Result<Option<Vec<TargetState>>> {
        self.read(move |session| {
            // A key of the index by id names the target too, so that no document is read.
            let targets = resources::table
                .filter(resources::id.eq(id.to_bytes()))
                .select(resources::target_id)
                .limit(as_limit(most + 1))
                .load::<i64>(session.connection)
                .map_err(database)?;
            if targets.len() > most {
                return Ok(None);
            }
            let states = poll_targets::table
                .filter(poll_targets::id.eq_any(targets))
                .select(StateRow::as_select())
                .load(session.connection)
                .map_err(database)?;
            states.into_iter().map(StateRow::into_state).collect::<Result<_>>().map(Some)
        })
        .await
    }

    /// Returns the record of a resource in the first of some targets that has one, with the state of that target.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn resource_find(
        &self,
        id: ResourceId,
        targets: Vec<TargetId>,
        raw: bool,
    ) -> Result<Option<(ResourceRow, TargetState)>> {
        self.read(move |session| {
            for targets in targets.chunks(MANY_TARGETS) {
                for target in session.targets_with(id, targets)? {
                    // None if the record was deleted just now.
                    if let Some(found) = session.record_of(id, target, raw)? {
                        return Ok(Some(found));
                    }
                }
            }
            Ok(None)
        })
        .await
    }
}

impl Session<'_> {
    /// Returns those of some targets that have a record of a resource, in the same order. A single one may have none.
    fn targets_with(&mut self, id: ResourceId, targets: &[TargetId]) -> Result<Vec<TargetId>> {
        if targets.len() == 1 {
            return Ok(targets.to_vec());
        }
        let with_record = resources::table
            .filter(resources::target_id.eq_any(targets.iter().map(|target| target.0)))
            .filter(resources::id.eq(id.to_bytes()))
            .select(resources::target_id)
            .load::<i64>(self.connection)
            .map_err(database)?;
        Ok(targets.iter().copied().filter(|target| with_record.contains(&target.0)).collect())
    }

    /// Loads a record by its primary key.
    fn record_of(
        &mut self,
        id: ResourceId,
        target: TargetId,
        raw: bool,
    ) -> Result<Option<(ResourceRow, TargetState)>> {
        let record = resources::table
            .inner_join(poll_targets::table.on(poll_targets::id.eq(resources::target_id)))
            .filter(resources::target_id.eq(target.0))
            .filter(resources::id.eq(id.to_bytes()));
        let found: Option<(Columns, Option<String>, StateRow)> = if raw {
            let columns = (COLUMNS, resources::raw.nullable(), StateRow::as_select());
            record.select(columns).first(self.connection).optional().map_err(database)?
        } else {
            let found = record.select((COLUMNS, StateRow::as_select())).first(self.connection);
            let found: Option<(Columns, StateRow)> = found.optional().map_err(database)?;
            found.map(|(columns, state)| (columns, None, state))
        };
        found.map(|(columns, raw, state)| Ok((row(columns, raw)?, state.into_state()?))).transpose()
    }
}

//! The single write path: every change of a resource goes through [`Store::apply`].

use std::collections::{BTreeMap, HashMap};

use gateway_core::Timestamp;
use gateway_core::document::event::{Change, MAX_DOCUMENT};
use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::id::{EventId, ResourceId, TargetId};

use super::observation::{Observation, Sighting, WriteGuard};
use super::row::{NewRow, StoredRow};
use super::terms::TermChanges;
use super::tombstone::Tombstone;
use crate::db::{Session, Store, contention};
use crate::event::NewEvent;

/// The effect of an observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New records.
    pub created: usize,
    /// Records with other content than before.
    pub changed: usize,
    /// Removed records.
    pub deleted: usize,
    /// Sightings equal to their records.
    pub unchanged: usize,
    /// Sightings older than their records.
    pub refused: usize,
}

impl std::ops::AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
    }
}

impl Applied {
    /// Returns the count of written records, each of which has an event.
    pub fn written(self) -> usize {
        self.created + self.changed + self.deleted
    }
}

impl Store {
    /// Applies an observation in one transaction: all rows and their events, or nothing.
    ///
    /// Equal content writes nothing. A sighting older than its record is refused.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the guard's lease.
    pub async fn apply(&self, guard: WriteGuard, observation: Observation) -> Result<Applied> {
        if observation.sightings.is_empty() {
            return Ok(Applied::default());
        }
        self.write(move |session| session.apply(guard, &observation)).await
    }
}

/// Sightings by record, of which the last counts. Sorted, so that two transactions lock records in the same order.
type Sightings<'a> = BTreeMap<ResourceId, &'a Sighting>;

/// The changes of one observation, before they are written.
struct Changes<'a> {
    observation: &'a Observation,
    now: Timestamp,
    applied: Applied,
    inserts: Vec<(ResourceId, NewRow)>,
    events: Vec<NewEvent>,
    terms: TermChanges,
}

impl Session<'_> {
    fn apply(&mut self, guard: WriteGuard, observation: &Observation) -> Result<Applied> {
        if let WriteGuard::Lease(fence) = guard {
            self.check_fence(fence)?;
        }
        let sightings = observation.sightings.iter();
        let sightings: Sightings<'_> =
            sightings.map(|sighting| (observation.id_of(sighting), sighting)).collect();
        let mut stored = self.stored_rows(observation.target, sightings.keys().copied())?;
        let absent: Vec<_> = sightings.keys().copied().filter(|id| !stored.contains_key(id)).collect();
        let tombstones = self.tombstones(observation.target, &absent)?;
        let mut changes = Changes {
            observation,
            now: self.now()?,
            applied: Applied::default(),
            inserts: Vec::new(),
            events: Vec::new(),
            terms: TermChanges::of(observation.target),
        };
        for (id, sighting) in sightings {
            self.apply_one(&mut changes, id, sighting, stored.remove(&id), tombstones.get(&id))?;
        }
        self.insert(observation.target, changes.inserts, &tombstones)?;
        self.write_terms(&changes.terms)?;
        self.events_add(&changes.events)?;
        Ok(changes.applied)
    }

    fn apply_one(
        &mut self,
        changes: &mut Changes<'_>,
        id: ResourceId,
        sighting: &Sighting,
        stored: Option<StoredRow>,
        tombstone: Option<&Tombstone>,
    ) -> Result<()> {
        let (observation, now) = (changes.observation, changes.now);
        let newest = stored.as_ref().map(|row| row.observed_at).or(tombstone.map(|stone| stone.observed_at));
        if newest.is_some_and(|newest| newest > observation.as_of.0) {
            changes.applied.refused += 1;
            return Ok(());
        }
        match (sighting, stored) {
            (Sighting::Present(seen), Some(stored)) if is_equal(seen, &stored) => {
                changes.applied.unchanged += 1;
            }
            (Sighting::Present(seen), Some(stored)) => {
                let same_state = seen.state == stored.state.as_deref();
                let change = if same_state { Change::Changed } else { Change::StateChanged };
                let row = NewRow::new(observation, id, seen, stored.version + 1, now);
                changes.terms.changed(id, &stored.terms, &row.terms);
                changes.event(id, row.version, change, stored.state, Some(&row));
                self.row_update(row)?;
                changes.applied.changed += 1;
            }
            (Sighting::Present(seen), None) => {
                let version = tombstone.map_or(1, |stone| stone.version + 1);
                let row = NewRow::new(observation, id, seen, version, now);
                changes.terms.changed(id, &[], &row.terms);
                changes.event(id, version, Change::Created, None, Some(&row));
                changes.inserts.push((id, row));
                changes.applied.created += 1;
            }
            (Sighting::Gone(_), Some(stored)) => {
                let version = stored.version + 1;
                changes.terms.changed(id, &stored.terms, &[]);
                changes.event(id, version, Change::Deleted, stored.state, None);
                self.row_delete(observation.target, id)?;
                self.tombstone_add(observation.target, id, version, observation.as_of)?;
                changes.applied.deleted += 1;
            }
            (Sighting::Gone(_), None) => changes.applied.unchanged += 1,
        }
        Ok(())
    }

    /// Inserts records that were absent, unless they came and went since their tombstones were read: absent rows cannot
    /// be locked, and no version may be used twice.
    fn insert(
        &mut self,
        target: TargetId,
        rows: Vec<(ResourceId, NewRow)>,
        tombstones: &HashMap<ResourceId, Tombstone>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let (ids, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        self.rows_insert(&rows)?;
        let before: HashMap<_, _> = ids.iter().filter_map(|id| Some((*id, *tombstones.get(id)?))).collect();
        if self.tombstones(target, &ids)? != before {
            return Err(contention("a record came and went meanwhile"));
        }
        if !before.is_empty() {
            self.tombstones_remove(target, before.into_keys())?;
        }
        Ok(())
    }
}

fn is_equal(seen: &Observed, stored: &StoredRow) -> bool {
    seen.content_hash().0[..] == stored.hash
}

impl Changes<'_> {
    /// Adds the event of one written record.
    fn event(
        &mut self,
        id: ResourceId,
        version: i64,
        change: Change,
        old_state: Option<String>,
        row: Option<&NewRow>,
    ) {
        let scope = &self.observation.scope;
        self.events.push(NewEvent {
            id: EventId::generate().to_bytes(),
            target_id: self.observation.target.0,
            cloud_id: scope.cloud.to_bytes(),
            region: scope.region.as_str().to_owned(),
            holder: scope.holder.to_bytes(),
            kind: self.observation.kind.as_str().to_owned(),
            resource_id: id.to_bytes(),
            version,
            change_name: change.as_str().to_owned(),
            old_state,
            new_state: row.and_then(|row| row.state).map(str::to_owned),
            at: self.now.0,
            document: row.map(|row| &row.document).filter(|text| text.len() <= MAX_DOCUMENT).cloned(),
            principal_id: None,
        });
    }
}

//! The one door: every change of a resource, whoever saw it, goes through [`Store::apply`].

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use gateway_core::document::event::Change;
use gateway_core::document::links::stored_text;
use gateway_core::document::observation::Observed;
use gateway_core::document::terms::Term;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, EventId, ResourceId, Scope, TargetId};
use gateway_core::{Kind, Timestamp};

use crate::connection::{for_update, insert_all};
use crate::error::{contention, corrupt, database};
use crate::event::NewEvent;
use crate::schema::{events, missing_resources, poll_targets, resources, tombstones};
use crate::target::{Fence, Target, lost};
use crate::terms::{self, TermChanges};
use crate::{Session, Store};

/// By what right something is applied.
#[derive(Clone, Copy, Debug)]
pub enum WriteGuard {
    /// As the holder of a lease: refused once somebody else has it.
    Lease(Fence),
    /// Without one, for a single resource that was read or written just now.
    Direct,
}

/// What was seen of one record.
#[derive(Clone, Debug)]
pub enum Sighting {
    /// It is there, like this.
    Present(Box<Observed>),
    /// It is proven gone.
    Gone(ResourceId),
}

/// What was seen of a target at one time.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The target.
    pub target: TargetId,
    /// What it covers.
    pub scope: Scope,
    /// Its kind.
    pub kind: Kind,
    /// Database time before the cloud was asked: what the store saw later than this wins.
    pub as_of: Timestamp,
    /// What was seen; a few hundred at most, since all are one transaction.
    pub sightings: Vec<Sighting>,
}

impl Observation {
    /// An observation of this target.
    pub fn of(target: &Target, as_of: Timestamp, sightings: Vec<Sighting>) -> Self {
        Self { target: target.id, scope: target.scope.clone(), kind: target.kind, as_of, sightings }
    }
}

/// What an observation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New records.
    pub created: usize,
    /// Records whose content is different.
    pub changed: usize,
    /// Records that are gone.
    pub deleted: usize,
    /// Sightings that said what the store knew.
    pub unchanged: usize,
    /// Sightings older than what the store has.
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
    /// Records that were written, each with an event.
    pub fn written(self) -> usize {
        self.created + self.changed + self.deleted
    }
}

/// What the store has of a record.
struct Present {
    version: i64,
    hash: Vec<u8>,
    observed_at: i64,
    state: Option<String>,
    terms: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = resources)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow {
    target_id: i64,
    id: Vec<u8>,
    native_key: String,
    name: String,
    state: Option<&'static str>,
    version: i64,
    hash: Vec<u8>,
    observed_at: i64,
    changed_at: i64,
    document: String,
    raw: String,
    name_key: String,
    created_at: i64,
    terms: Vec<u8>,
}

/// Longest name that an index of names holds; the document has the whole of it.
const INDEXED_NAME: usize = 255;

/// As much of a name as an index holds.
pub(crate) fn indexed(name: &str) -> String {
    name.chars().take(INDEXED_NAME).collect()
}

/// A name as it is sorted by and searched in: without regard to upper and lower case.
pub(crate) fn name_key(name: &str) -> String {
    indexed(&name.to_lowercase())
}

impl Store {
    /// Applies an observation in one transaction: rows and their events, or nothing.
    ///
    /// Equal content writes nothing at all. A sighting older than what it would replace is refused.
    ///
    /// # Errors
    /// `LeaseLost` when the door's lease is not ours any more.
    pub async fn apply(&self, door: WriteGuard, observation: Observation) -> Result<Applied> {
        if observation.sightings.is_empty() {
            return Ok(Applied::default());
        }
        self.write(move |session| session.apply(door, &observation)).await
    }
}

/// Sightings by record. The last of a record counts, for all are of one time; and in the order of ids, so that
/// two transactions meet the same records in the same order.
type Sightings<'a> = BTreeMap<ResourceId, &'a Sighting>;

/// Version and time of a record that was deleted.
type Tombstone = (i64, i64);

impl Session<'_> {
    fn apply(&mut self, door: WriteGuard, observation: &Observation) -> Result<Applied> {
        if let WriteGuard::Lease(fence) = door {
            self.check_fence(fence)?;
        }
        let sightings: Sightings<'_> =
            observation.sightings.iter().map(|sighting| (id_of(observation, sighting), sighting)).collect();
        let mut present = self.present(observation.target, &sightings)?;
        let absent: Vec<_> = sightings.keys().copied().filter(|id| !present.contains_key(id)).collect();
        let graves = self.graves(observation.target, &absent)?;
        let now = self.now()?;
        let mut applied = Applied::default();
        let (mut rows, mut outbox) = (Vec::new(), Vec::new());
        let mut terms = TermChanges::of(observation.target);
        for (id, sighting) in sightings {
            let known = present.remove(&id);
            let grave = graves.get(&id);
            let newest = known.as_ref().map(|known| known.observed_at).or(grave.map(|(_, at)| *at));
            if newest.is_some_and(|newest| newest > observation.as_of.0) {
                applied.refused += 1;
                continue;
            }
            match (sighting, known) {
                (Sighting::Present(seen), Some(known)) => {
                    if seen.content_hash().0[..] == known.hash {
                        applied.unchanged += 1;
                        continue;
                    }
                    let same_state = seen.state == known.state.as_deref();
                    let change = if same_state { Change::Changed } else { Change::StateChanged };
                    let row = new_row(observation, id, seen, known.version + 1, now);
                    outbox.push(event(observation, id, row.version, change, known.state, Some(&row), now));
                    terms.changed(id, &known.terms, &row.terms);
                    self.update_row(row)?;
                    applied.changed += 1;
                }
                (Sighting::Present(seen), None) => {
                    let version = grave.map_or(1, |(version, _)| version + 1);
                    let row = new_row(observation, id, seen, version, now);
                    outbox.push(event(observation, id, version, Change::Created, None, Some(&row), now));
                    terms.changed(id, &[], &row.terms);
                    rows.push((id, row));
                    applied.created += 1;
                }
                (Sighting::Gone(_), Some(known)) => {
                    let version = known.version + 1;
                    outbox.push(event(observation, id, version, Change::Deleted, known.state, None, now));
                    terms.changed(id, &known.terms, &[]);
                    self.bury(observation, id, version)?;
                    applied.deleted += 1;
                }
                (Sighting::Gone(_), None) => applied.unchanged += 1,
            }
        }
        self.insert(observation.target, rows, &graves)?;
        self.write_terms(&terms)?;
        if !outbox.is_empty() {
            insert_all!(self, events::table, &outbox)?;
        }
        Ok(applied)
    }

    /// Inserts records that were absent, unless they came and went since their graves were read: a version
    /// must not be given twice, and nothing locks what is not there.
    fn insert(
        &mut self,
        target: TargetId,
        rows: Vec<(ResourceId, NewRow)>,
        graves: &HashMap<ResourceId, Tombstone>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let (ids, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        insert_all!(self, resources::table, &rows)?;
        let before: HashMap<_, _> = ids.iter().filter_map(|id| Some((*id, *graves.get(id)?))).collect();
        if self.graves(target, &ids)? != before {
            return Err(contention("a record came and went meanwhile"));
        }
        if !before.is_empty() {
            let reborn = before.keys().map(|id| id.to_bytes());
            diesel::delete(
                tombstones::table
                    .filter(tombstones::target_id.eq(target.0))
                    .filter(tombstones::id.eq_any(reborn)),
            )
            .execute(self.connection)
            .map_err(database)?;
        }
        Ok(())
    }

    /// Holds the target's row, so that nobody can take the lease before this transaction ends.
    pub(crate) fn check_fence(&mut self, fence: Fence) -> Result<()> {
        let query = poll_targets::table.find(fence.target.0).select(poll_targets::lease_epoch);
        match for_update!(self, query, i64)?.first() {
            Some(epoch) if *epoch == fence.epoch => Ok(()),
            _ => Err(lost()),
        }
    }

    fn present(
        &mut self,
        target: TargetId,
        sightings: &Sightings<'_>,
    ) -> Result<HashMap<ResourceId, Present>> {
        let query = resources::table
            .filter(resources::target_id.eq(target.0))
            .filter(resources::id.eq_any(sightings.keys().map(|id| id.to_bytes())))
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
                Ok((id, Present { version, hash, observed_at, state, terms }))
            })
            .collect()
    }

    /// Those of the records that were deleted before.
    fn graves(&mut self, target: TargetId, absent: &[ResourceId]) -> Result<HashMap<ResourceId, Tombstone>> {
        if absent.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = tombstones::table
            .filter(tombstones::target_id.eq(target.0))
            .filter(tombstones::id.eq_any(absent.iter().map(|id| id.to_bytes())))
            .select((tombstones::id, tombstones::version, tombstones::observed_at))
            .load::<(Vec<u8>, i64, i64)>(self.connection)
            .map_err(database)?;
        rows.into_iter()
            .map(|(id, version, at)| {
                Ok((ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?, (version, at)))
            })
            .collect()
    }

    fn update_row(&mut self, row: NewRow) -> Result<()> {
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

    fn bury(&mut self, observation: &Observation, id: ResourceId, version: i64) -> Result<()> {
        let key = (observation.target.0, id.to_bytes());
        diesel::delete(resources::table.find(key.clone())).execute(self.connection).map_err(database)?;
        diesel::delete(missing_resources::table.find(key)).execute(self.connection).map_err(database)?;
        diesel::insert_into(tombstones::table)
            .values((
                tombstones::target_id.eq(observation.target.0),
                tombstones::id.eq(id.to_bytes()),
                tombstones::version.eq(version),
                tombstones::observed_at.eq(observation.as_of.0),
            ))
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }
}

fn id_of(observation: &Observation, sighting: &Sighting) -> ResourceId {
    match sighting {
        Sighting::Gone(id) => *id,
        Sighting::Present(seen) => ResourceId::derive(
            observation.scope.cloud,
            &observation.scope.region,
            observation.kind,
            &seen.native_key,
        ),
    }
}

fn new_row(
    observation: &Observation,
    id: ResourceId,
    seen: &Observed,
    version: i64,
    now: Timestamp,
) -> NewRow {
    NewRow {
        target_id: observation.target.0,
        id: id.to_bytes(),
        native_key: seen.native_key.clone(),
        name: indexed(&seen.name),
        state: seen.state,
        version,
        hash: seen.content_hash().0.to_vec(),
        observed_at: observation.as_of.0,
        changed_at: now.0,
        document: stored_text(
            observation.kind,
            id,
            &seen.document(),
            owner(observation, seen),
            &seen.actions,
        ),
        raw: seen.raw.to_string(),
        name_key: name_key(&seen.name),
        created_at: seen.created_at.map_or(0, |at| at.0),
        terms: terms::to_bytes(&Term::all_of(seen)),
    }
}

/// Who acts on it: its owner, or where the cloud does not tell, the account that it is listed for.
fn owner(observation: &Observation, seen: &Observed) -> Option<AccountId> {
    let scope = &observation.scope;
    let told = seen.owner.as_deref().map(|owner| AccountId::derive(scope.cloud, owner));
    told.or(scope.holder.account())
}

fn event(
    observation: &Observation,
    id: ResourceId,
    version: i64,
    change: Change,
    old_state: Option<String>,
    row: Option<&NewRow>,
    now: Timestamp,
) -> NewEvent {
    NewEvent {
        id: EventId::generate().to_bytes(),
        target_id: observation.target.0,
        cloud_id: observation.scope.cloud.to_bytes(),
        region: observation.scope.region.as_str().to_owned(),
        holder: observation.scope.holder.to_bytes(),
        kind: observation.kind.as_str().to_owned(),
        resource_id: id.to_bytes(),
        version,
        change_name: change.as_str().to_owned(),
        old_state,
        new_state: row.and_then(|row| row.state).map(str::to_owned),
        at: now.0,
        document: row.map(|row| row.document.clone()),
    }
}

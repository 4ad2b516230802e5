//! The state of poll targets, as readers are told it: the age of the data and the reason why it is not newer.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{CloudId, Holder, Region, TargetId};
use gateway_core::{Kind, Timestamp};

use super::status::TargetStatus;
use crate::db::schema::poll_targets;
use crate::db::{Store, corrupt, database};

/// Targets or holders in one statement. More makes long statements; fewer makes many.
const CHUNK: usize = 500;

/// A poll target and the state of its listings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetState {
    /// The store's number.
    pub id: TargetId,
    /// Cloud.
    pub cloud: CloudId,
    /// Region.
    pub region: Region,
    /// Holder of the records.
    pub holder: Holder,
    /// Kind of the records.
    pub kind: Kind,
    /// Begin of the last whole listing.
    pub as_of: Option<Timestamp>,
    /// Result of the last attempt.
    pub status: TargetStatus,
    /// Reason why the target is not fresh, or a warning.
    pub reason: Option<String>,
    /// Milliseconds from the last attempt to the next.
    pub interval_ms: i64,
    /// Database time of the last change of the above.
    pub changed_at: Timestamp,
}

/// A change of a target's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetChange {
    /// Target.
    pub id: TargetId,
    /// Holder of its records.
    pub holder: Holder,
    /// Time of the change.
    pub changed_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = poll_targets)]
pub(crate) struct StateRow {
    id: i64,
    cloud_id: Vec<u8>,
    region: String,
    holder: Vec<u8>,
    kind: String,
    as_of: Option<i64>,
    status: String,
    reason: Option<String>,
    interval_ms: i64,
    changed_at: i64,
}

impl StateRow {
    pub(crate) fn into_state(self) -> Result<TargetState> {
        Ok(TargetState {
            id: TargetId(self.id),
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            region: Region::new(self.region),
            holder: Holder::from_bytes(&self.holder).ok_or_else(|| corrupt("holder"))?,
            kind: Kind::parse(&self.kind).ok_or_else(|| corrupt("kind"))?,
            as_of: self.as_of.map(Timestamp),
            status: TargetStatus::parse(&self.status)?,
            reason: self.reason,
            interval_ms: self.interval_ms,
            changed_at: Timestamp(self.changed_at),
        })
    }
}

impl Store {
    /// Returns the states of targets.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn target_states(&self, targets: Vec<TargetId>) -> Result<Vec<TargetState>> {
        self.read(move |session| {
            let mut all = Vec::with_capacity(targets.len());
            for targets in targets.chunks(CHUNK) {
                let of_ids = poll_targets::id.eq_any(targets.iter().map(|target| target.0));
                let rows = poll_targets::table.filter(of_ids).select(StateRow::as_select());
                extend(&mut all, rows.load(session.connection))?;
            }
            Ok(all)
        })
        .await
    }

    /// Returns the states of the targets whose records are kept for accounts, or are published by clouds.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn target_states_of(&self, holders: Vec<(CloudId, Holder)>) -> Result<Vec<TargetState>> {
        self.read(move |session| {
            let mut all = Vec::new();
            let (global, accounts): (Vec<_>, Vec<_>) =
                holders.iter().partition(|(_, holder)| *holder == Holder::Global);
            for clouds in global.chunks(CHUNK) {
                let rows = poll_targets::table
                    .filter(poll_targets::cloud_id.eq_any(clouds.iter().map(|(cloud, _)| cloud.to_bytes())))
                    .filter(poll_targets::holder.eq(Holder::Global.to_bytes()))
                    .select(StateRow::as_select());
                extend(&mut all, rows.load(session.connection))?;
            }
            for holders in accounts.chunks(CHUNK) {
                let of_holders = holders.iter().map(|(_, holder)| holder.to_bytes());
                let rows = poll_targets::table
                    .filter(poll_targets::holder.eq_any(of_holders))
                    .select(StateRow::as_select());
                extend(&mut all, rows.load(session.connection))?;
            }
            Ok(all)
        })
        .await
    }

    /// Returns database time and the changes of states since a moment, in no order.
    ///
    /// A change shows its time from before its commit: a reader that wants all looks back further than the longest
    /// transaction takes.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn target_changes(&self, since: Timestamp) -> Result<(Timestamp, Vec<TargetChange>)> {
        self.read(move |session| {
            let now = session.now()?;
            let rows = poll_targets::table
                .filter(poll_targets::changed_at.gt(since.0))
                .select((poll_targets::id, poll_targets::holder, poll_targets::changed_at))
                .load::<(i64, Vec<u8>, i64)>(session.connection)
                .map_err(database)?;
            let change = |(id, holder, changed_at): (i64, Vec<u8>, i64)| {
                let holder = Holder::from_bytes(&holder).ok_or_else(|| corrupt("holder"))?;
                Ok(TargetChange { id: TargetId(id), holder, changed_at: Timestamp(changed_at) })
            };
            Ok((now, rows.into_iter().map(change).collect::<Result<_>>()?))
        })
        .await
    }
}

fn extend(all: &mut Vec<TargetState>, rows: QueryResult<Vec<StateRow>>) -> Result<()> {
    for row in rows.map_err(database)? {
        all.push(row.into_state()?);
    }
    Ok(())
}

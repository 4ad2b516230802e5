//! Poll targets as the store keeps them.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{CloudId, CredentialId, Holder, Region, Scope, TargetId};
use gateway_core::{Kind, Timestamp};

use super::status::TargetStatus;
use crate::db::schema::poll_targets;
use crate::db::{Store, corrupt, database};

/// A poll target: one kind of one scope.
#[derive(Clone, Debug)]
pub struct Target {
    /// The store's number.
    pub id: TargetId,
    /// Extent of a listing.
    pub scope: Scope,
    /// Kind of the listed resources.
    pub kind: Kind,
    /// Credential of the last whole listing; absence counts only against listings by the same one.
    pub listed_by: Option<CredentialId>,
    /// Begin of the last whole listing.
    pub as_of: Option<Timestamp>,
    /// Latest refresh request: a client waits for a listing that begins after this.
    pub wanted_at: Timestamp,
    /// Result of the last attempt.
    pub status: TargetStatus,
    /// Consecutive failures since the last whole listing.
    pub failures: i32,
    /// Consecutive whole listings that agree on a mass vanishing.
    pub agreeing: i32,
    /// Wait after the last attempt.
    pub interval: Duration,
    /// Due time; before a claim that of the listing, after it the end of the lease.
    pub due_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = poll_targets)]
pub(crate) struct TargetRow {
    id: i64,
    cloud_id: Vec<u8>,
    region: String,
    holder: Vec<u8>,
    kind: String,
    credential_id: Option<Vec<u8>>,
    listed_by: Option<Vec<u8>>,
    lease_epoch: i64,
    wanted_at: i64,
    status: String,
    as_of: Option<i64>,
    failures: i32,
    agreeing: i32,
    interval_ms: i64,
    due_at: i64,
}

impl TargetRow {
    /// Returns the number of the last lease.
    pub(crate) fn epoch(&self) -> i64 {
        self.lease_epoch
    }

    /// Returns the credential that was elected last.
    pub(crate) fn credential(&self) -> Option<Vec<u8>> {
        self.credential_id.clone()
    }

    pub(crate) fn into_target(self) -> Result<Target> {
        let scope = Scope {
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            region: Region::new(&self.region),
            holder: Holder::from_bytes(&self.holder).ok_or_else(|| corrupt("holder"))?,
        };
        Ok(Target {
            id: TargetId(self.id),
            scope,
            kind: Kind::parse(&self.kind).ok_or_else(|| corrupt("kind"))?,
            listed_by: self.listed_by.as_deref().and_then(CredentialId::from_bytes),
            as_of: self.as_of.map(Timestamp),
            wanted_at: Timestamp(self.wanted_at),
            status: TargetStatus::parse(&self.status)?,
            failures: self.failures,
            agreeing: self.agreeing,
            interval: Duration::from_millis(u64::try_from(self.interval_ms).unwrap_or(0)),
            due_at: Timestamp(self.due_at),
        })
    }
}

impl Store {
    /// Returns the targets of one scope, each with its kind.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn targets_of(&self, scope: Scope) -> Result<Vec<(TargetId, Kind)>> {
        self.read(move |session| {
            let rows = poll_targets::table
                .filter(poll_targets::cloud_id.eq(scope.cloud.to_bytes()))
                .filter(poll_targets::holder.eq(scope.holder.to_bytes()))
                .filter(poll_targets::region.eq(scope.region.as_str()))
                .select((poll_targets::id, poll_targets::kind))
                .load::<(i64, String)>(session.connection)
                .map_err(database)?;
            let known = |(id, kind): (i64, String)| Some((TargetId(id), Kind::parse(&kind)?));
            Ok(rows.into_iter().filter_map(known).collect())
        })
        .await
    }
}

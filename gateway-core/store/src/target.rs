//! Poll targets and their leases.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::document::observation::ContentHash;
use gateway_core::driver::Capability;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{AccountId, CloudId, CredentialId, Holder, Region, ResourceId, Scope, TargetId};
use gateway_core::{Kind, Timestamp};

use crate::connection::{for_update, insert_all};
use crate::error::{corrupt, database};
use crate::grant::Access;
use crate::schema::{poll_targets, resources};
use crate::{Session, Store};

/// How the last attempts to list a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetStatus {
    /// Not listed yet.
    Pending,
    /// The last listing was whole.
    Fresh,
    /// The last attempt failed.
    Failed,
    /// Not polled for now: a clock that is off, or nobody to poll for.
    Suspended,
    /// The credential may not list it.
    Forbidden,
}

impl TargetStatus {
    const ALL: [Self; 5] = [Self::Pending, Self::Fresh, Self::Failed, Self::Suspended, Self::Forbidden];

    /// The word in the store and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Fresh => "fresh",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Forbidden => "forbidden",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| corrupt("target status"))
    }
}

/// A poll target: scope x kind.
#[derive(Clone, Debug)]
pub struct Target {
    /// The store's number.
    pub id: TargetId,
    /// What a listing covers.
    pub scope: Scope,
    /// Of which kind.
    pub kind: Kind,
    /// The credential of the last whole listing: absence counts only against listings by the same.
    pub listed_by: Option<CredentialId>,
    /// When the last whole listing began.
    pub as_of: Option<Timestamp>,
    /// Somebody wants a listing that began after this.
    pub wanted_at: Timestamp,
    /// How the last attempt ended.
    pub status: TargetStatus,
    /// Attempts that failed since the last whole listing.
    pub failures: i32,
    /// Whole listings in a row that agree on a mass vanishing.
    pub agreeing: i32,
    /// The wait that followed the last attempt.
    pub interval: Duration,
}

/// A lease's number: what a holder writes carries it, so that one who was overtaken writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The leased target.
    pub target: TargetId,
    /// The lease.
    pub epoch: i64,
}

/// How a listing ended.
#[derive(Clone, Debug)]
pub struct PollOutcome {
    /// The new status.
    pub status: TargetStatus,
    /// What to tell readers about it.
    pub reason: Option<String>,
    /// When a whole listing began, and by which credential; `None` leaves what was.
    pub listed: Option<(Timestamp, CredentialId)>,
    /// See [`Target::failures`].
    pub failures: i32,
    /// See [`Target::agreeing`].
    pub agreeing: i32,
    /// When to list again.
    pub next: Duration,
}

/// What the store has of one record, for comparing: 32 bytes of substance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownRecord {
    /// Which record.
    pub id: ResourceId,
    /// Of its content.
    pub hash: ContentHash,
}

/// A target that nobody can list waits until somebody proves an account.
pub(crate) const NEVER: i64 = i64::MAX / 2;

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
}

impl TargetRow {
    /// The number of the last lease.
    pub(crate) fn epoch(&self) -> i64 {
        self.lease_epoch
    }

    /// The credential that was elected last.
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
        })
    }
}

impl Store {
    /// Keeps a lease for longer.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has it.
    pub async fn target_renew(&self, fence: Fence, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let until = session.now()?.plus(lease).0;
            let changed = diesel::update(leased(fence))
                .set((poll_targets::lease_until.eq(until), poll_targets::due_at.eq(until)))
                .execute(session.connection);
            held(changed.map_err(database)?)
        })
        .await
    }

    /// Ends a lease with what became of the listing; says whether somebody had wished for one.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has it.
    pub async fn target_finish(&self, fence: Fence, outcome: PollOutcome) -> Result<bool> {
        self.write(move |session| {
            let now = session.now()?;
            // Locked: a wish that came between reading and writing would be forgotten.
            let query = leased(fence).select((poll_targets::wanted_at, poll_targets::as_of));
            let row = for_update!(session, query, (i64, Option<i64>))?.pop();
            let (wanted, before) = row.ok_or_else(lost)?;
            let unanswered = outcome.listed.is_some_and(|(as_of, _)| wanted > as_of.0);
            let due = if unanswered { now } else { now.plus(outcome.next) };
            let common = (
                poll_targets::status.eq(outcome.status.as_str()),
                poll_targets::reason.eq(&outcome.reason),
                poll_targets::failures.eq(outcome.failures),
                poll_targets::agreeing.eq(outcome.agreeing),
                poll_targets::interval_ms.eq(i64::try_from(outcome.next.as_millis()).unwrap_or(NEVER)),
                poll_targets::due_at.eq(due.0),
                poll_targets::lease_until.eq(0),
            );
            let changed = match outcome.listed {
                Some((as_of, by)) => diesel::update(leased(fence))
                    .set((common, poll_targets::as_of.eq(as_of.0), poll_targets::listed_by.eq(by.to_bytes())))
                    .execute(session.connection),
                None => diesel::update(leased(fence)).set(common).execute(session.connection),
            };
            held(changed.map_err(database)?)?;
            Ok(before.is_none_or(|before| wanted > before) && wanted > 0)
        })
        .await
    }

    /// Gives a lease back unused: the target is due at once.
    ///
    /// # Errors
    /// Unavailable without a database; a lease that is lost already is no error.
    pub async fn target_release(&self, fence: Fence) -> Result<()> {
        self.target_postpone(fence, Duration::ZERO).await
    }

    /// Gives a lease back unused: the target is due after that long, and nothing else of it changes.
    ///
    /// # Errors
    /// As [`Self::target_release`].
    pub async fn target_postpone(&self, fence: Fence, wait: Duration) -> Result<()> {
        self.write(move |session| {
            let due = session.now()?.plus(wait).0;
            diesel::update(leased(fence))
                .set((poll_targets::lease_until.eq(0), poll_targets::due_at.eq(due)))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// The targets of one scope, each with its kind.
    ///
    /// # Errors
    /// Unavailable without a database.
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

    /// A page of what the store has of a target, in the order of ids.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn known_records(
        &self,
        target: TargetId,
        after: Option<ResourceId>,
        limit: i64,
    ) -> Result<Vec<KnownRecord>> {
        self.read(move |session| {
            let rows = resources::table
                .filter(resources::target_id.eq(target.0))
                .filter(resources::id.gt(after.map(ResourceId::to_bytes).unwrap_or_default()))
                .order(resources::id)
                .limit(limit)
                .select((resources::id, resources::hash))
                .load::<(Vec<u8>, Vec<u8>)>(session.connection)
                .map_err(database)?;
            rows.into_iter()
                .map(|(id, hash)| {
                    let id = ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id"))?;
                    let hash = hash.try_into().map_err(|_| corrupt("hash"))?;
                    Ok(KnownRecord { id, hash: ContentHash(hash) })
                })
                .collect()
        })
        .await
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn leased(fence: Fence) -> _ {
    let id: i64 = fence.target.0;
    let epoch: i64 = fence.epoch;
    poll_targets::table.filter(poll_targets::id.eq(id)).filter(poll_targets::lease_epoch.eq(epoch))
}

fn held(changed: usize) -> Result<()> {
    if changed == 0 { Err(lost()) } else { Ok(()) }
}

pub(crate) fn lost() -> Error {
    Error::new(ErrorKind::LeaseLost, "the lease went to another process")
}

impl Session<'_> {
    /// Makes the targets that a grant calls for, and wakes those that waited for one.
    pub(crate) fn targets_ensure(
        &mut self,
        cloud: CloudId,
        account: AccountId,
        access: &Access,
        capability: &Capability,
    ) -> Result<()> {
        let now = self.now()?.0;
        for (holder, wants) in [(Holder::Account(account), false), (Holder::Global, true)] {
            let known = poll_targets::table
                .filter(poll_targets::cloud_id.eq(cloud.to_bytes()))
                .filter(poll_targets::holder.eq(holder.to_bytes()))
                .select((poll_targets::id, poll_targets::region, poll_targets::kind, poll_targets::due_at))
                .load::<(i64, String, String, i64)>(self.connection)
                .map_err(database)?;
            let mut new = Vec::new();
            for (region, kinds) in &access.0 {
                for (kind, allowed) in kinds {
                    let listed = capability
                        .of(*kind)
                        .is_some_and(|kind| if wants { kind.published } else { kind.own });
                    if !allowed || !listed {
                        continue;
                    }
                    let known = known.iter().find(|(_, r, k, _)| r == region.as_str() && k == kind.as_str());
                    match known {
                        None => new.push(new_target(cloud, region, holder, *kind, now)),
                        Some((id, .., due)) if *due >= NEVER => {
                            diesel::update(poll_targets::table.find(id))
                                .set(poll_targets::due_at.eq(now))
                                .execute(self.connection)
                                .map_err(database)?;
                        }
                        Some(_) => {}
                    }
                }
            }
            if !new.is_empty() {
                insert_all!(self, poll_targets::table, &new)?;
            }
        }
        Ok(())
    }
}

#[derive(Insertable)]
#[diesel(table_name = poll_targets)]
struct NewTarget {
    cloud_id: Vec<u8>,
    region: String,
    holder: Vec<u8>,
    kind: &'static str,
    lease_epoch: i64,
    lease_until: i64,
    due_at: i64,
    wanted_at: i64,
    status: &'static str,
    interval_ms: i64,
    failures: i32,
    agreeing: i32,
}

fn new_target(cloud: CloudId, region: &Region, holder: Holder, kind: Kind, now: i64) -> NewTarget {
    NewTarget {
        cloud_id: cloud.to_bytes(),
        region: region.as_str().to_owned(),
        holder: holder.to_bytes(),
        kind: kind.as_str(),
        lease_epoch: 0,
        lease_until: 0,
        due_at: now,
        wanted_at: 0,
        status: TargetStatus::Pending.as_str(),
        interval_ms: 0,
        failures: 0,
        agreeing: 0,
    }
}

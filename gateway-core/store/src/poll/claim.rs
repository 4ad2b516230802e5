//! Claims on poll targets that are due.

use std::collections::HashSet;
use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::ProcessId;
use gateway_core::shares::{CallCapacity, Endpoint};

use super::due::DueTargets;
use super::sharing::budget_key;
use crate::access::SealedCredential;
use crate::db::schema::poll_targets;
use crate::db::{NEVER, Session, Store, database};
use crate::target::{Fence, Target, TargetStatus};

/// A target that this process may list.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Target as of the claim.
    pub target: Target,
    /// Fencing token of the lease.
    pub fence: Fence,
    /// Credential to list with.
    pub credential: SealedCredential,
    /// Targets of the same account under lease, this one included; they share the account's budget.
    pub sharing: u32,
    /// End of a pause: the cloud asked for no calls for the account before this.
    pub paused_until: Timestamp,
}

/// A lease that was won, before its share of the budget is known.
type Won = (Target, Fence, SealedCredential);

impl Store {
    /// Claims due targets, by compare-and-swap on their lease.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn targets_claim(&self, owner: ProcessId, lease: Duration, limit: usize) -> Result<Vec<Claim>> {
        self.targets_claim_within(owner, lease, limit, CallCapacity::unlimited()).await
    }

    /// Claims due targets within a capacity, so that the targets of one endpoint or holder delay no others.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn targets_claim_within(
        &self,
        owner: ProcessId,
        lease: Duration,
        limit: usize,
        capacity: CallCapacity,
    ) -> Result<Vec<Claim>> {
        self.write(move |session| {
            let (now, mut capacity) = (session.now()?, capacity.clone());
            let mut won = Vec::new();
            for (_, row) in session.due_before::<DueTargets>(now.0 + 1, limit, &capacity)? {
                let (epoch, elected) = (row.epoch(), row.credential());
                let target = row.into_target()?;
                if !capacity.take(&Endpoint::of_scope(&target.scope), target.scope.holder) {
                    continue;
                }
                match session.elect(&target, elected)? {
                    None => session.suspend(&target, epoch, now)?,
                    Some(credential) => {
                        let fence = session.lease(&target, epoch, now, lease, owner, &credential)?;
                        won.extend(fence.map(|fence| (target, fence, credential)));
                    }
                }
            }
            session.claims(won, now)
        })
        .await
    }

    /// Returns the wait until the next target is due within a capacity; `None` if no target will be. It agrees with
    /// [`Self::targets_claim_within`]: while it returns zero, a claim finds a target that no other process has claimed.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn targets_next_due(&self, capacity: CallCapacity) -> Result<Option<Duration>> {
        self.read(move |session| {
            let next = session.due_before::<DueTargets>(NEVER, 1, &capacity)?.pop();
            let now = session.now()?;
            Ok(next.map(|(due, _)| Timestamp(due).since(now)))
        })
        .await
    }
}

/// Selects the target if no process has claimed it since it was read.
#[diesel::dsl::auto_type(no_type_alias)]
fn still_due(target: &Target, epoch: i64, now: Timestamp) -> _ {
    let (id, now): (i64, i64) = (target.id.0, now.0);
    poll_targets::table
        .filter(poll_targets::id.eq(id))
        .filter(poll_targets::lease_epoch.eq(epoch))
        .filter(poll_targets::due_at.le(now))
}

impl Session<'_> {
    /// Leases a target, unless another process was faster.
    fn lease(
        &mut self,
        target: &Target,
        epoch: i64,
        now: Timestamp,
        lease: Duration,
        owner: ProcessId,
        credential: &SealedCredential,
    ) -> Result<Option<Fence>> {
        let until = now.plus(lease).0;
        let changed = diesel::update(still_due(target, epoch, now))
            .set((
                poll_targets::lease_epoch.eq(epoch + 1),
                poll_targets::lease_owner.eq(owner.to_bytes()),
                poll_targets::lease_until.eq(until),
                poll_targets::due_at.eq(until),
                poll_targets::credential_id.eq(credential.id.to_bytes()),
            ))
            .execute(self.connection)
            .map_err(database)?;
        Ok((changed > 0).then_some(Fence { target: target.id, epoch: epoch + 1 }))
    }

    /// Suspends a target until a grant allows to list it.
    fn suspend(&mut self, target: &Target, epoch: i64, now: Timestamp) -> Result<()> {
        diesel::update(still_due(target, epoch, now))
            .set((
                poll_targets::lease_epoch.eq(epoch + 1),
                poll_targets::due_at.eq(NEVER),
                poll_targets::status.eq(TargetStatus::Suspended.as_str()),
                poll_targets::reason.eq("no client has a live grant to list it"),
                poll_targets::changed_at.eq(now.0),
            ))
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }

    /// Completes the leases that were won, with one statement for each part of all of them.
    fn claims(&mut self, won: Vec<Won>, now: Timestamp) -> Result<Vec<Claim>> {
        if won.is_empty() {
            return Ok(Vec::new());
        }
        let keys: HashSet<_> = won.iter().map(|(target, ..)| budget_key(&target.scope)).collect();
        let accounts: HashSet<_> = won.iter().map(|(.., credential)| credential.account).collect();
        let (sharing, paused) = (self.sharing(&keys, now)?, self.paused_until(&accounts)?);
        let claim = |(target, fence, credential): Won| {
            let sharing = sharing.get(&budget_key(&target.scope)).copied().unwrap_or(1);
            let paused_until = paused.get(&credential.account).copied().unwrap_or(Timestamp(0));
            Claim { target, fence, credential, sharing, paused_until }
        };
        Ok(won.into_iter().map(claim).collect())
    }
}

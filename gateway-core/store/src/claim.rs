//! Claiming poll targets that are due, with the credential to list each with.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, Holder, ProcessId, Scope};

use crate::account::SealedCredential;
use crate::connection::Connection;
use crate::error::{corrupt, database};
use crate::schema::{accounts, poll_targets};
use crate::target::{Fence, NEVER, Target, TargetRow, TargetStatus};
use crate::{Session, Store};

/// Whose targets share something: one account's, or what one cloud publishes.
pub type ShareKey = (CloudId, Holder);

/// A target that this process may list.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The target as it was when it was claimed.
    pub target: Target,
    /// The lease.
    pub fence: Fence,
    /// What to list it with.
    pub credential: SealedCredential,
    /// Targets of the same account under lease now, this one included: the account's budget is shared by so many.
    pub sharing: u32,
    /// The cloud asked for no calls for this account before.
    pub paused_until: Timestamp,
}

/// The places that a process has for listings, and who may have one more. A claim takes them from a copy.
pub trait Capacity: Clone + Send + 'static {
    /// Those for whom there is none: their targets are not looked at.
    fn full(&self) -> Vec<ShareKey>;

    /// Takes one, if there is one for this party. The first of a party that is not full gets one.
    fn take(&mut self, share_key: ShareKey) -> bool;
}

/// Room for everything.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

impl Capacity for Unlimited {
    fn full(&self) -> Vec<ShareKey> {
        Vec::new()
    }

    fn take(&mut self, _party: ShareKey) -> bool {
        true
    }
}

/// A lease that was won, before what it shares is known.
type Won = (Target, Fence, SealedCredential);

impl Store {
    /// Claims targets that are due, by compare-and-swap on their lease.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn targets_claim(&self, owner: ProcessId, lease: Duration, limit: usize) -> Result<Vec<Claim>> {
        self.targets_claim_within(owner, lease, limit, Unlimited).await
    }

    /// As [`Self::targets_claim`], as far as there is room: what one party has due then delays no other.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn targets_claim_within(
        &self,
        owner: ProcessId,
        lease: Duration,
        limit: usize,
        room: impl Capacity + Sync,
    ) -> Result<Vec<Claim>> {
        self.write(move |session| {
            let (now, mut room) = (session.now()?, room.clone());
            let mut won = Vec::new();
            for row in session.due(now, limit, &room.full())? {
                let (epoch, elected) = (row.epoch(), row.credential());
                let target = row.into_target()?;
                if !room.take(share_key(&target.scope)) {
                    continue;
                }
                match session.elect(&target.scope, target.kind, elected)? {
                    None => session.park(&target, epoch, now)?,
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

    /// When the next target becomes due for which there is room, if any does.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn targets_next_due(&self, room: impl Capacity + Sync) -> Result<Option<Duration>> {
        self.read(move |session| {
            let next = besides(&room.full())
                .filter(poll_targets::due_at.lt(NEVER))
                .order(poll_targets::due_at)
                .select(poll_targets::due_at)
                .first::<i64>(session.connection)
                .optional()
                .map_err(database)?;
            let now = session.now()?;
            Ok(next.map(|due| Timestamp(due).since(now)))
        })
        .await
    }
}

type Targets = poll_targets::BoxedQuery<'static, <Connection as diesel::Connection>::Backend>;

/// The targets of everybody but those.
fn besides(full: &[ShareKey]) -> Targets {
    let (global, accounts): (Vec<_>, Vec<_>) = full.iter().partition(|(_, holder)| *holder == Holder::Global);
    let clouds: Vec<_> = global.iter().map(|(cloud, _)| cloud.to_bytes()).collect();
    let accounts: Vec<_> = accounts.iter().map(|(_, holder)| holder.to_bytes()).collect();
    let published = poll_targets::holder.eq(Holder::Global.to_bytes());
    poll_targets::table
        .filter(poll_targets::holder.ne_all(accounts))
        .filter(diesel::dsl::not(published.and(poll_targets::cloud_id.eq_any(clouds))))
        .into_boxed()
}

/// The target, as long as it is what was read.
#[diesel::dsl::auto_type(no_type_alias)]
fn still_due(target: &Target, epoch: i64, now: Timestamp) -> _ {
    let (id, now): (i64, i64) = (target.id.0, now.0);
    poll_targets::table
        .filter(poll_targets::id.eq(id))
        .filter(poll_targets::lease_epoch.eq(epoch))
        .filter(poll_targets::due_at.le(now))
}

fn share_key(scope: &Scope) -> ShareKey {
    (scope.cloud, scope.holder)
}

impl Session<'_> {
    fn due(&mut self, now: Timestamp, limit: usize, full: &[ShareKey]) -> Result<Vec<TargetRow>> {
        besides(full)
            .filter(poll_targets::due_at.le(now.0))
            .order(poll_targets::due_at)
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select(TargetRow::as_select())
            .load(self.connection)
            .map_err(database)
    }

    /// Leases a target to an owner, if nobody was faster.
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

    /// Puts a target aside until there is somebody who can list it.
    fn park(&mut self, target: &Target, epoch: i64, now: Timestamp) -> Result<()> {
        diesel::update(still_due(target, epoch, now))
            .set((
                poll_targets::lease_epoch.eq(epoch + 1),
                poll_targets::due_at.eq(NEVER),
                poll_targets::status.eq(TargetStatus::Suspended.as_str()),
                poll_targets::reason.eq("no client has a live grant to list it"),
            ))
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }

    /// What was won, with what it shares: one question each for all of them.
    fn claims(&mut self, won: Vec<Won>, now: Timestamp) -> Result<Vec<Claim>> {
        if won.is_empty() {
            return Ok(Vec::new());
        }
        let (sharing, paused) = (self.sharing(&won, now)?, self.paused_until(&won)?);
        let claim = |(target, fence, credential): Won| {
            let sharing = sharing.get(&share_key(&target.scope)).copied().unwrap_or(1);
            let paused_until = paused.get(&credential.account).copied().unwrap_or(Timestamp(0));
            Claim { target, fence, credential, sharing, paused_until }
        };
        Ok(won.into_iter().map(claim).collect())
    }

    /// Targets under lease by party.
    fn sharing(&mut self, won: &[Won], now: Timestamp) -> Result<HashMap<ShareKey, u32>> {
        let parties: HashSet<ShareKey> = won.iter().map(|(target, ..)| share_key(&target.scope)).collect();
        let leased = poll_targets::table
            .filter(poll_targets::cloud_id.eq_any(parties.iter().map(|(cloud, _)| cloud.to_bytes())))
            .filter(poll_targets::holder.eq_any(parties.iter().map(|(_, holder)| holder.to_bytes())))
            .filter(poll_targets::lease_until.gt(now.0))
            .select((poll_targets::cloud_id, poll_targets::holder))
            .load::<(Vec<u8>, Vec<u8>)>(self.connection)
            .map_err(database)?;
        let mut sharing = HashMap::new();
        // Counted here: there are few, and the database would sort them for it.
        for (cloud, holder) in leased {
            let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
            let holder = Holder::from_bytes(&holder).ok_or_else(|| corrupt("holder"))?;
            *sharing.entry((cloud, holder)).or_default() += 1;
        }
        Ok(sharing)
    }

    /// Until when the cloud asked for no calls for the accounts that the credentials are of.
    fn paused_until(&mut self, won: &[Won]) -> Result<HashMap<AccountId, Timestamp>> {
        let rows = accounts::table
            .filter(accounts::id.eq_any(won.iter().map(|(.., credential)| credential.account.to_bytes())))
            .select((accounts::id, accounts::paused_until))
            .load::<(Vec<u8>, i64)>(self.connection)
            .map_err(database)?;
        let account = |(id, until): (Vec<u8>, i64)| {
            Ok((AccountId::from_bytes(&id).ok_or_else(|| corrupt("account id"))?, Timestamp(until)))
        };
        rows.into_iter().map(account).collect()
    }
}

//! Everything that decides what a principal may see, read in a few statements.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, Holder, PrincipalId, Region, TargetId, TokenId};
use gateway_core::{Kind, Timestamp};

use super::account::{Account, AccountRow};
use super::client::Client;
use super::listable::Access;
use crate::db::schema::{accounts, clouds, grants, poll_targets, revoked_tokens};
use crate::db::{Session, Store, corrupt, database};
use crate::target::TargetStatus;

/// A live grant.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Account.
    pub account: Account,
    /// Name of the account's cloud.
    pub cloud_name: String,
    /// Driver of the account's cloud.
    pub driver: String,
    /// Regions and kinds that the principal's own credential may list.
    pub access: Access,
    /// Time of the last successful verification.
    pub verified_at: Timestamp,
}

/// A poll target whose records a principal may see.
#[derive(Clone, Debug)]
pub struct VisibleTarget {
    /// The store's number.
    pub id: TargetId,
    /// Cloud.
    pub cloud: CloudId,
    /// Name of the cloud.
    pub cloud_name: String,
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
}

/// Everything that decides what a principal may see, as of one moment.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Principal.
    pub client: Client,
    /// Tokens that were revoked one by one.
    pub revoked: HashSet<TokenId>,
    /// Live grants.
    pub grants: Vec<Granted>,
    /// Accounts of the live grants.
    pub acts_for: Vec<AccountId>,
    /// Visible targets, by id.
    pub targets: Vec<VisibleTarget>,
    /// Last position of the log, read before everything else, so that a follower from here misses nothing.
    pub position: i64,
    /// Database time of the reading.
    pub read_at: Timestamp,
}

impl Authority {
    /// Returns the accounts of live grants.
    pub fn accounts(&self) -> HashSet<AccountId> {
        self.acts_for.iter().copied().collect()
    }
}

impl Store {
    /// Returns the authority of a principal; `None` if the principal does not exist.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn authority(&self, principal: PrincipalId) -> Result<Option<Authority>> {
        let Some(client) = self.client_get(principal).await? else { return Ok(None) };
        self.read(move |session| {
            let read_at = session.now()?;
            let position = session.numbered()?;
            let revoked = session.revoked_tokens(principal)?;
            let grants = session.live_grants(principal)?;
            let targets = session.visible_targets(&grants)?;
            let acts_for = grants.iter().map(|grant| grant.account.id).collect();
            Ok(Some(Authority {
                client: client.clone(),
                revoked,
                grants,
                acts_for,
                targets,
                position,
                read_at,
            }))
        })
        .await
    }
}

/// A poll target: id, cloud, region, holder, kind, last listing, status, reason, interval.
type TargetColumns = (i64, Vec<u8>, String, Vec<u8>, String, Option<i64>, String, Option<String>, i64);

impl Session<'_> {
    fn revoked_tokens(&mut self, principal: PrincipalId) -> Result<HashSet<TokenId>> {
        let ids = revoked_tokens::table
            .filter(revoked_tokens::principal_id.eq(principal.to_bytes()))
            .select(revoked_tokens::id)
            .load::<Vec<u8>>(self.connection)
            .map_err(database)?;
        Ok(ids.iter().filter_map(|id| TokenId::from_bytes(id)).collect())
    }

    fn live_grants(&mut self, principal: PrincipalId) -> Result<Vec<Granted>> {
        let rows = grants::table
            .inner_join(accounts::table.on(accounts::id.eq(grants::account_id)))
            .inner_join(clouds::table.on(clouds::id.eq(grants::cloud_id)))
            .filter(grants::principal_id.eq(principal.to_bytes()))
            .select((
                AccountRow::as_select(),
                (clouds::name, clouds::driver),
                grants::access,
                grants::verified_at,
            ))
            .load::<(AccountRow, (String, String), String, i64)>(self.connection)
            .map_err(database)?;
        rows.into_iter()
            .map(|(account, (cloud_name, driver), access, verified_at)| {
                Ok(Granted {
                    account: account.into_account()?,
                    cloud_name,
                    driver,
                    access: Access::parse(&access)?,
                    verified_at: Timestamp(verified_at),
                })
            })
            .collect()
    }

    fn visible_targets(&mut self, grants: &[Granted]) -> Result<Vec<VisibleTarget>> {
        let holders: Vec<_> = grants
            .iter()
            .map(|grant| grant.account.id.to_bytes())
            .chain(std::iter::once(Holder::Global.to_bytes()))
            .collect();
        let mut cloud_ids: Vec<_> = grants.iter().map(|grant| grant.account.cloud.to_bytes()).collect();
        cloud_ids.sort_unstable();
        cloud_ids.dedup();
        let rows = poll_targets::table
            .filter(poll_targets::cloud_id.eq_any(cloud_ids))
            .filter(poll_targets::holder.eq_any(holders))
            .select((
                poll_targets::id,
                poll_targets::cloud_id,
                poll_targets::region,
                poll_targets::holder,
                poll_targets::kind,
                poll_targets::as_of,
                poll_targets::status,
                poll_targets::reason,
                poll_targets::interval_ms,
            ))
            .load::<TargetColumns>(self.connection)
            .map_err(database)?;
        let mut targets = Vec::with_capacity(rows.len());
        for row in rows {
            targets.extend(visible(row, grants)?);
        }
        targets.sort_unstable_by_key(|target| target.id);
        Ok(targets)
    }
}

/// Returns the target if one of the grants shows it.
fn visible(row: TargetColumns, grants: &[Granted]) -> Result<Option<VisibleTarget>> {
    let (id, cloud, region, holder, kind, as_of, status, reason, interval_ms) = row;
    let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
    let holder = Holder::from_bytes(&holder).ok_or_else(|| corrupt("holder"))?;
    let kind = Kind::parse(&kind).ok_or_else(|| corrupt("kind"))?;
    let region = Region::new(region);
    let Some(grant) = grants.iter().find(|grant| shows(grant, cloud, holder, &region, kind)) else {
        return Ok(None);
    };
    Ok(Some(VisibleTarget {
        id: TargetId(id),
        cloud,
        cloud_name: grant.cloud_name.clone(),
        region,
        holder,
        kind,
        as_of: as_of.map(Timestamp),
        status: TargetStatus::parse(&status)?,
        reason,
        interval_ms,
    }))
}

/// Returns whether a grant shows a target: one of its account or of published resources, of a kind that the principal's
/// own credential may list.
fn shows(grant: &Granted, cloud: CloudId, holder: Holder, region: &Region, kind: Kind) -> bool {
    let of_account = match holder {
        Holder::Global => true,
        Holder::Account(account) => account == grant.account.id,
    };
    grant.account.cloud == cloud && of_account && grant.access.allows(region, kind)
}

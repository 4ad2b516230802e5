//! What a principal may see: read whole, in a few queries, and remembered by handlers for a moment.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, Holder, PrincipalId, Region, TargetId, TokenId};
use gateway_core::{Kind, Timestamp};

use crate::Store;
use crate::account::{Account, AccountRow};
use crate::error::{corrupt, database};
use crate::grant::Access;
use crate::principal::Client;
use crate::schema::{accounts, clouds, grants, poll_targets, revoked_tokens};
use crate::target::TargetStatus;

/// One live grant.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The account.
    pub account: Account,
    /// Its cloud's name.
    pub cloud_name: String,
    /// Its cloud's driver.
    pub driver: String,
    /// What the principal's own credential may list.
    pub access: Access,
    /// When that credential last verified.
    pub verified_at: Timestamp,
}

/// A target of which a principal may see the records.
#[derive(Clone, Debug)]
pub struct VisibleTarget {
    /// The store's number.
    pub id: TargetId,
    /// Its cloud.
    pub cloud: CloudId,
    /// Its cloud's name.
    pub cloud_name: String,
    /// Its region.
    pub region: Region,
    /// For whom its records are kept.
    pub holder: Holder,
    /// Its kind.
    pub kind: Kind,
    /// When the last whole listing began.
    pub as_of: Option<Timestamp>,
    /// How the last attempt ended.
    pub status: TargetStatus,
    /// Why it is not fresh, or a warning.
    pub reason: Option<String>,
    /// Milliseconds until the next listing was due after the last.
    pub interval_ms: i64,
}

/// All that decides what a principal may see, as it stood at one moment.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Who.
    pub client: Client,
    /// Tokens that were revoked one by one.
    pub revoked: HashSet<TokenId>,
    /// Its live grants.
    pub grants: Vec<Granted>,
    /// The accounts of those.
    pub acts_for: Vec<AccountId>,
    /// The targets that follow from them, in ascending order.
    pub targets: Vec<VisibleTarget>,
    /// Up to here events have positions; read before everything else, so that following from here misses nothing.
    pub position: i64,
    /// Database time of the reading.
    pub read_at: Timestamp,
}

impl Store {
    /// What a principal may see; `None` when there is no such principal.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn authority(&self, principal: PrincipalId) -> Result<Option<Authority>> {
        let Some(client) = self.client_get(principal).await? else { return Ok(None) };
        self.read(move |session| {
            let read_at = session.now()?;
            let position = session.numbered()?;
            let revoked = revoked_tokens::table
                .filter(revoked_tokens::principal_id.eq(principal.to_bytes()))
                .select(revoked_tokens::id)
                .load::<Vec<u8>>(session.connection)
                .map_err(database)?;
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
                .load::<(AccountRow, (String, String), String, i64)>(session.connection)
                .map_err(database)?;
            let mut granted = Vec::with_capacity(rows.len());
            for (account, (cloud_name, driver), access, verified_at) in rows {
                granted.push(Granted {
                    account: account.into_account()?,
                    cloud_name,
                    driver,
                    access: serde_json::from_str(&access).map_err(|_| corrupt("grant"))?,
                    verified_at: Timestamp(verified_at),
                });
            }
            let holders: Vec<_> = granted
                .iter()
                .map(|grant| grant.account.id.to_bytes())
                .chain(std::iter::once(Holder::Global.to_bytes()))
                .collect();
            let mut cloud_ids: Vec<_> = granted.iter().map(|grant| grant.account.cloud.to_bytes()).collect();
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
                .load::<(i64, Vec<u8>, String, Vec<u8>, String, Option<i64>, String, Option<String>, i64)>(
                    session.connection,
                )
                .map_err(database)?;
            let mut targets = Vec::with_capacity(rows.len());
            for (id, cloud, region, holder, kind, as_of, status, reason, interval_ms) in rows {
                let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
                let holder = Holder::from_bytes(&holder).ok_or_else(|| corrupt("holder"))?;
                let kind = Kind::parse(&kind).ok_or_else(|| corrupt("kind"))?;
                let region = Region::new(region);
                let by = granted.iter().find(|grant| sees(grant, cloud, holder, &region, kind));
                let Some(by) = by else { continue };
                targets.push(VisibleTarget {
                    id: TargetId(id),
                    cloud,
                    cloud_name: by.cloud_name.clone(),
                    region,
                    holder,
                    kind,
                    as_of: as_of.map(Timestamp),
                    status: TargetStatus::parse(&status)?,
                    reason,
                    interval_ms,
                });
            }
            targets.sort_unstable_by_key(|target| target.id);
            Ok(Some(Authority {
                client: client.clone(),
                revoked: revoked.iter().filter_map(|id| TokenId::from_bytes(id)).collect(),
                acts_for: granted.iter().map(|grant| grant.account.id).collect(),
                grants: granted,
                targets,
                position,
                read_at,
            }))
        })
        .await
    }
}

/// A principal sees only kinds that its own credential may list, of its accounts or published to all.
fn sees(grant: &Granted, cloud: CloudId, holder: Holder, region: &Region, kind: Kind) -> bool {
    let of_account = match holder {
        Holder::Global => true,
        Holder::Account(account) => account == grant.account.id,
    };
    grant.account.cloud == cloud && of_account && grant.access.allows(region, kind)
}

impl Authority {
    /// The accounts of live grants.
    pub fn accounts(&self) -> HashSet<AccountId> {
        self.acts_for.iter().copied().collect()
    }
}

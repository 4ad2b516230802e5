//! Grants: the right of a principal to act for an account, for as long as its own credential verifies.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::driver::{Capability, Proof};
use gateway_core::error::{Error, Result};
use gateway_core::id::{AccountId, CloudId, Holder, PrincipalId};

use super::credential::SealedCredential;
use super::listable::Access;
use crate::db::schema::grants;
use crate::db::{Session, Store, contention, database, for_update};

/// A proven right, ready to be recorded.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Principal that proved it.
    pub principal: PrincipalId,
    /// Cloud of the account.
    pub cloud: CloudId,
    /// The cloud's description of the account.
    pub proof: Proof,
    /// Regions and kinds that the credential may list.
    pub access: Access,
    /// Sealed credential.
    pub credential: SealedCredential,
    /// Wait until the next verification.
    pub verify_after: Duration,
}

impl Store {
    /// Records a grant: account, credential, grant, and the poll targets that it calls for.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_record(&self, grant: Grant, capability: &'static Capability) -> Result<AccountId> {
        self.write(move |session| session.grant_record(&grant, capability)).await
    }

    /// Returns the access that was last found with a credential; none if no grant is of this credential.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_access(&self, credential: &SealedCredential) -> Result<Option<Access>> {
        let credential = credential.clone();
        self.read(move |session| {
            let access = grant_of(&credential).select(grants::access).first::<String>(session.connection);
            access.optional().map_err(database)?.as_deref().map(Access::parse).transpose()
        })
        .await
    }

    /// Records the renewal of a grant, with the access that its verification found; returns whether the access changed.
    ///
    /// A grant that has ended, or whose credential was replaced meanwhile, does not come back.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_renew(&self, grant: Grant, capability: &'static Capability) -> Result<bool> {
        self.write(move |session| {
            let query = grant_of(&grant.credential).select(grants::access);
            let Some(before) = for_update!(session, query, String)?.pop() else { return Ok(false) };
            session.grant_record(&grant, capability)?;
            Ok(Access::parse(&before)? != grant.access)
        })
        .await
    }
}

/// Selects the grant of a credential, unless the credential was replaced.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn grant_of(credential: &SealedCredential) -> _ {
    let (principal, account): (Vec<u8>, Vec<u8>) =
        (credential.principal.to_bytes(), credential.account.to_bytes());
    let id: Vec<u8> = credential.id.to_bytes();
    grants::table
        .filter(grants::principal_id.eq(principal))
        .filter(grants::account_id.eq(account))
        .filter(grants::credential_id.eq(id))
}

impl Session<'_> {
    fn grant_record(&mut self, grant: &Grant, capability: &Capability) -> Result<AccountId> {
        let (principal, cloud) = (grant.principal, grant.cloud);
        let account = AccountId::derive(cloud, &grant.proof.external_id);
        let row = grants::table.find((principal.to_bytes(), account.to_bytes()));
        // Locked before anything else: a change by another transaction would be overwritten without a report.
        let known = for_update!(self, row.clone().select(grants::access), String)?.pop();
        self.account_put(account, cloud, &grant.proof.external_id, &grant.proof.name)?;
        self.regions_seen(cloud, &grant.proof.regions)?;
        self.credential_put(&grant.credential)?;
        let access = serde_json::to_string(&grant.access).map_err(Error::internal)?;
        let now = self.now()?;
        let values = (
            grants::credential_id.eq(grant.credential.id.to_bytes()),
            grants::access.eq(&access),
            grants::refusals.eq(0),
            grants::verified_at.eq(now.0),
            grants::verify_at.eq(now.plus(grant.verify_after).0),
        );
        let written = match &known {
            Some(_) => diesel::update(row).set(values).execute(self.connection).map_err(database)?,
            None => diesel::insert_into(grants::table)
                .values((
                    grants::principal_id.eq(principal.to_bytes()),
                    grants::account_id.eq(account.to_bytes()),
                    grants::cloud_id.eq(cloud.to_bytes()),
                    values,
                ))
                .execute(self.connection)
                .map_err(database)?,
        };
        if written == 0 {
            return Err(contention("the grant has just ended"));
        }
        for holder in [Holder::Account(account), Holder::Global] {
            self.targets_ensure(cloud, holder, grant.access.targets(holder, capability))?;
        }
        // Text that an earlier release wrote may have its members in another order.
        if known.and_then(|text| serde_json::from_str(&text).ok()).as_ref() != Some(&grant.access) {
            self.grant_changed(principal, account, cloud, "granted", now)?;
        }
        Ok(account)
    }

    /// Removes a grant and its credential.
    pub(super) fn grant_end(
        &mut self,
        principal: PrincipalId,
        account: AccountId,
        cloud: CloudId,
    ) -> Result<()> {
        let now = self.now()?;
        let key = (principal.to_bytes(), account.to_bytes());
        diesel::delete(grants::table.find(key)).execute(self.connection).map_err(database)?;
        self.credential_remove(principal, account)?;
        self.grant_changed(principal, account, cloud, "ended", now)
    }

    /// Reports a change of a grant: to followers by an event, and to caches of visibility by a new generation. Last in its
    /// transaction, like [`Session::raise_generation`].
    fn grant_changed(
        &mut self,
        principal: PrincipalId,
        account: AccountId,
        cloud: CloudId,
        change: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.event_of_grant(principal, account, cloud, change, now)?;
        self.raise_generation(principal)
    }
}

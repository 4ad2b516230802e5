//! Grants: which principal may act for which account, as long as its own credential verifies.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Kind;
use gateway_core::driver::{Capability, Proof};
use gateway_core::error::{Error, Result};
use gateway_core::id::{AccountId, CloudId, CredentialId, Holder, PrincipalId, Region, Scope};
use serde::{Deserialize, Serialize};

use crate::account::{CredentialRow, SealedCredential};
use crate::connection::for_update;
use crate::error::{corrupt, database};
use crate::schema::{credentials, grants};
use crate::{Session, Store};

/// What a credential may list, by region and kind; what a region does not have is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Access(pub BTreeMap<Region, BTreeMap<Kind, bool>>);

impl Access {
    /// Whether the credential may list the kind there.
    pub fn allows(&self, region: &Region, kind: Kind) -> bool {
        self.0.get(region).and_then(|kinds| kinds.get(&kind)).copied().unwrap_or(false)
    }

    /// Sets what a probe found.
    pub fn set(&mut self, region: &Region, kind: Kind, allowed: bool) {
        self.0.entry(region.clone()).or_default().insert(kind, allowed);
    }
}

/// A proven right, ready to be kept.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who proved it.
    pub principal: PrincipalId,
    /// Of which cloud.
    pub cloud: CloudId,
    /// What the cloud said of the account.
    pub proof: Proof,
    /// What probes found.
    pub access: Access,
    /// The credential, sealed for its place.
    pub credential: SealedCredential,
    /// When to verify it again.
    pub verify_after: Duration,
}

/// A grant whose verification is due, claimed by this process.
#[derive(Clone, Debug)]
pub struct DueGrant {
    /// Of which cloud.
    pub cloud: CloudId,
    /// What to verify with.
    pub credential: SealedCredential,
    /// Definitive refusals so far.
    pub refusals: i32,
}

/// What became of a grant that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantChange {
    /// It lives on.
    Kept,
    /// It was refused once; another refusal ends it.
    Doubted,
    /// It was refused twice and is gone.
    Ended,
}

/// Definitive refusals that end a grant: one may be a hiccup of an identity service, two in a row are an answer.
const REFUSALS: i32 = 2;

/// A claimed verification is somebody else's after this long.
const CLAIM: Duration = Duration::from_secs(120);

/// Grants that one query of an election looks at. Most often the first may list what is asked for.
const CANDIDATES: i64 = 50;

/// After a first refusal the second opinion is asked for soon.
const SECOND_OPINION: Duration = Duration::from_secs(10);

impl Store {
    /// Keeps a grant: account, credential, grant and the poll targets that follow from it.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grant_record(&self, grant: Grant, capability: &'static Capability) -> Result<AccountId> {
        self.write(move |session| session.grant_record(&grant, capability)).await
    }

    /// Claims grants whose verification is due.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grants_due(&self, limit: i64) -> Result<Vec<DueGrant>> {
        self.write(move |session| {
            let now = session.now()?;
            let due = grants::table
                .filter(grants::verify_at.le(now.0))
                .order(grants::verify_at)
                .limit(limit)
                .select((
                    grants::principal_id,
                    grants::account_id,
                    grants::cloud_id,
                    grants::refusals,
                    grants::verify_at,
                ))
                .load::<(Vec<u8>, Vec<u8>, Vec<u8>, i32, i64)>(session.connection)
                .map_err(database)?;
            let mut claimed = Vec::new();
            for (principal, account, cloud, refusals, verify_at) in due {
                let row = grants::table.find((&principal, &account)).filter(grants::verify_at.eq(verify_at));
                let won = diesel::update(row)
                    .set(grants::verify_at.eq(now.plus(CLAIM).0))
                    .execute(session.connection);
                if won.map_err(database)? == 0 {
                    continue;
                }
                let credential = credentials::table
                    .filter(credentials::principal_id.eq(&principal))
                    .filter(credentials::account_id.eq(&account))
                    .select(CredentialRow::as_select())
                    .first(session.connection)
                    .optional()
                    .map_err(database)?;
                // Ended in this very moment.
                let Some(credential) = credential else { continue };
                let credential = credential.into_credential()?;
                let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
                claimed.push(DueGrant { cloud, credential, refusals });
            }
            Ok(claimed)
        })
        .await
    }

    /// The credential verified: the grant lives until the next verification at least. A credential that
    /// was replaced meanwhile changes nothing.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grant_verified(&self, credential: &SealedCredential, next: Duration) -> Result<()> {
        let credential = credential.clone();
        self.write(move |session| {
            let now = session.now()?;
            diesel::update(session.grant_of(&credential))
                .set((
                    grants::refusals.eq(0),
                    grants::verified_at.eq(now.0),
                    grants::verify_at.eq(now.plus(next).0),
                ))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// As [`Self::grant_record`], for a grant that was verified, with what its credential may list now: one
    /// that ended or whose credential was replaced meanwhile does not come back. Returns whether what it
    /// may list is different from before.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grant_renew(&self, grant: Grant, capability: &'static Capability) -> Result<bool> {
        self.write(move |session| {
            let query = session.grant_of(&grant.credential).select(grants::access);
            let Some(before) = for_update!(session, query, String)?.pop() else { return Ok(false) };
            session.grant_record(&grant, capability)?;
            let access: Access = serde_json::from_str(&before).map_err(|_| corrupt("grant"))?;
            Ok(access != grant.access)
        })
        .await
    }

    /// Nobody could say: the grant lives on, and is asked about again later.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grant_postponed(&self, credential: &SealedCredential, next: Duration) -> Result<()> {
        let credential = credential.clone();
        self.write(move |session| {
            let at = session.now()?.plus(next);
            diesel::update(session.grant_of(&credential))
                .set(grants::verify_at.eq(at.0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// The cloud refused the credential in so many words. The second time in a row ends the grant.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grant_refused(&self, credential: &SealedCredential) -> Result<GrantChange> {
        let credential = credential.clone();
        self.write(move |session| {
            let query = session.grant_of(&credential).select((grants::refusals, grants::cloud_id));
            let Some((refusals, cloud)) = for_update!(session, query, (i32, Vec<u8>))?.pop() else {
                return Ok(GrantChange::Kept);
            };
            if refusals + 1 < REFUSALS {
                let at = session.now()?.plus(SECOND_OPINION);
                diesel::update(session.grant_of(&credential))
                    .set((grants::refusals.eq(refusals + 1), grants::verify_at.eq(at.0)))
                    .execute(session.connection)
                    .map_err(database)?;
                return Ok(GrantChange::Doubted);
            }
            let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
            session.grant_end(credential.principal, credential.account, cloud)?;
            Ok(GrantChange::Ended)
        })
        .await
    }

    /// Asks for a verification now, because a poll with this credential was refused.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn grant_suspect(&self, credential: CredentialId) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            let known = credentials::table
                .find(credential.to_bytes())
                .select(CredentialRow::as_select())
                .first(session.connection)
                .optional()
                .map_err(database)?;
            let Some(known) = known else { return Ok(()) };
            // One that waits for a second opinion keeps its time.
            let row = session
                .grant_of(&known.into_credential()?)
                .filter(grants::refusals.eq(0))
                .filter(grants::verify_at.gt(now.plus(CLAIM).0));
            diesel::update(row)
                .set(grants::verify_at.eq(now.0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

type GrantOf = diesel::dsl::Filter<
    diesel::dsl::Find<grants::table, (Vec<u8>, Vec<u8>)>,
    diesel::dsl::Eq<grants::credential_id, Vec<u8>>,
>;

impl Session<'_> {
    fn grant_of(&self, credential: &SealedCredential) -> GrantOf {
        grants::table
            .find((credential.principal.to_bytes(), credential.account.to_bytes()))
            .filter(grants::credential_id.eq(credential.id.to_bytes()))
    }

    fn grant_record(&mut self, grant: &Grant, capability: &Capability) -> Result<AccountId> {
        let (principal, credential) = (grant.principal, &grant.credential);
        let account = AccountId::derive(grant.cloud, &grant.proof.external_id);
        self.account_put(account, grant.cloud, &grant.proof.external_id, &grant.proof.name)?;
        self.regions_seen(grant.cloud, &grant.proof.regions)?;
        self.credential_put(credential)?;
        let access = serde_json::to_string(&grant.access).map_err(Error::internal)?;
        let now = self.now()?;
        let row = grants::table.find((principal.to_bytes(), account.to_bytes()));
        let values = (
            grants::credential_id.eq(credential.id.to_bytes()),
            grants::access.eq(&access),
            grants::refusals.eq(0),
            grants::verified_at.eq(now.0),
            grants::verify_at.eq(now.plus(grant.verify_after).0),
        );
        let known = row
            .clone()
            .select(grants::access)
            .first::<String>(self.connection)
            .optional()
            .map_err(database)?;
        match &known {
            Some(_) => diesel::update(row).set(values).execute(self.connection).map_err(database)?,
            None => diesel::insert_into(grants::table)
                .values((
                    grants::principal_id.eq(principal.to_bytes()),
                    grants::account_id.eq(account.to_bytes()),
                    grants::cloud_id.eq(grant.cloud.to_bytes()),
                    values,
                ))
                .execute(self.connection)
                .map_err(database)?,
        };
        if known.as_deref() != Some(access.as_str()) {
            self.event_of_grant(principal, account, grant.cloud, "granted", now)?;
        }
        self.targets_ensure(grant.cloud, account, &grant.access, capability)?;
        Ok(account)
    }

    fn credential_put(&mut self, credential: &SealedCredential) -> Result<()> {
        let of = credentials::table
            .filter(credentials::principal_id.eq(credential.principal.to_bytes()))
            .filter(credentials::account_id.eq(credential.account.to_bytes()));
        let known = of
            .clone()
            .select(credentials::id)
            .first::<Vec<u8>>(self.connection)
            .optional()
            .map_err(database)?;
        if known.as_deref() == Some(&credential.id.to_bytes()) {
            return Ok(());
        }
        diesel::delete(of).execute(self.connection).map_err(database)?;
        let row = CredentialRow {
            id: credential.id.to_bytes(),
            principal_id: credential.principal.to_bytes(),
            account_id: credential.account.to_bytes(),
            sealed: credential.sealed.clone(),
            created_at: self.now()?.0,
        };
        diesel::insert_into(credentials::table)
            .values(row)
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }

    fn grant_end(&mut self, principal: PrincipalId, account: AccountId, cloud: CloudId) -> Result<()> {
        let now = self.now()?;
        let key = (principal.to_bytes(), account.to_bytes());
        diesel::delete(grants::table.find(key)).execute(self.connection).map_err(database)?;
        diesel::delete(
            credentials::table
                .filter(credentials::principal_id.eq(principal.to_bytes()))
                .filter(credentials::account_id.eq(account.to_bytes())),
        )
        .execute(self.connection)
        .map_err(database)?;
        self.event_of_grant(principal, account, cloud, "ended", now)
    }

    /// The credential to list a target with: the one elected before as long as it may, for absence counts
    /// only against its own listings; else the most recently verified that may.
    pub(crate) fn elect(
        &mut self,
        scope: &Scope,
        kind: Kind,
        before: Option<Vec<u8>>,
    ) -> Result<Option<SealedCredential>> {
        if let Some(before) = before {
            let found = credentials::table
                .inner_join(
                    grants::table.on(grants::principal_id
                        .eq(credentials::principal_id)
                        .and(grants::account_id.eq(credentials::account_id))
                        .and(grants::credential_id.eq(credentials::id))),
                )
                .filter(credentials::id.eq(before))
                .select((CredentialRow::as_select(), grants::access))
                .load(self.connection);
            let stays = first_able(found.map_err(database)?, scope, kind)?;
            if stays.is_some() {
                return Ok(stays);
            }
        }
        for page in 0.. {
            let mut query = grants::table
                .inner_join(credentials::table.on(credentials::id.eq(grants::credential_id)))
                .order((grants::refusals, grants::verified_at.desc()))
                .limit(CANDIDATES)
                .offset(page * CANDIDATES)
                .select((CredentialRow::as_select(), grants::access))
                .into_boxed();
            query = match scope.holder {
                Holder::Account(account) => query.filter(grants::account_id.eq(account.to_bytes())),
                Holder::Global => query.filter(grants::cloud_id.eq(scope.cloud.to_bytes())),
            };
            let found = query.load(self.connection).map_err(database)?;
            let last = (found.len() as i64) < CANDIDATES;
            let able = first_able(found, scope, kind)?;
            if last || able.is_some() {
                return Ok(able);
            }
        }
        Ok(None)
    }
}

fn first_able(
    found: Vec<(CredentialRow, String)>,
    scope: &Scope,
    kind: Kind,
) -> Result<Option<SealedCredential>> {
    for (row, access) in found {
        let access: Access = serde_json::from_str(&access).map_err(|_| corrupt("grant"))?;
        if access.allows(&scope.region, kind) {
            return row.into_credential().map(Some);
        }
    }
    Ok(None)
}

//! The verification of grants: which are due, and the effect of each answer.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, CredentialId, Holder, PrincipalId};
use gateway_core::shares::{CallCapacity, Endpoint};

use super::credential::{CredentialRow, SealedCredential};
use super::due::{DueGrants, GrantRow};
use super::grant::grant_of;
use crate::db::schema::{credentials, grants};
use crate::db::{Session, Store, corrupt, database, for_update};

/// A grant whose verification is due, claimed by this process.
#[derive(Clone, Debug)]
pub struct DueGrant {
    /// Cloud of the account.
    pub cloud: CloudId,
    /// Credential to verify.
    pub credential: SealedCredential,
    /// Consecutive definitive refusals so far.
    pub refusals: i32,
    /// Time since the verification was due.
    pub late: Duration,
}

/// The effect of a refusal on a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantChange {
    /// None: the grant is not of this credential any more.
    Kept,
    /// The first refusal; a second one ends the grant.
    Doubted,
    /// The second refusal; the grant is removed.
    Ended,
}

/// Consecutive definitive refusals that end a grant: one may be a hiccup of an identity service, two are an answer.
const REFUSALS: i32 = 2;

/// Length of a claim on a verification. It must outlast the longest verification: with a shorter one, two processes may
/// verify at once; a longer one delays the verification after a crash.
pub const VERIFICATION_CLAIM: Duration = Duration::from_secs(180);

/// Wait from the first refusal to the second verification. Longer keeps a dead grant alive; shorter asks an identity
/// service again that has not recovered.
const SECOND_VERIFICATION: Duration = Duration::from_secs(10);

impl Store {
    /// Claims grants whose verification is due within a capacity, so that those of one cloud or account delay no others.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grants_due(&self, limit: usize, capacity: CallCapacity) -> Result<Vec<DueGrant>> {
        self.write(move |session| {
            let (now, mut capacity) = (session.now()?, capacity.clone());
            let mut claimed = Vec::new();
            for (verify_at, row) in session.due_before::<DueGrants>(now.0 + 1, limit, &capacity)? {
                let due = due_grant(row)?;
                if capacity.take(&Endpoint::of_identity(due.cloud), Holder::Account(due.account)) {
                    claimed.extend(session.claim_verification(due, verify_at, now)?);
                }
            }
            Ok(claimed)
        })
        .await
    }

    /// Records a successful verification: the grant lives until the next one at least. The verification of a credential
    /// that was replaced meanwhile changes nothing.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_verified(&self, credential: &SealedCredential, next: Duration) -> Result<()> {
        let credential = credential.clone();
        self.write(move |session| {
            let now = session.now()?;
            diesel::update(grant_of(&credential))
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

    /// Postpones a verification that found no answer; the grant lives on.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_postponed(&self, credential: &SealedCredential, next: Duration) -> Result<()> {
        let credential = credential.clone();
        self.write(move |session| {
            let at = session.now()?.plus(next);
            diesel::update(grant_of(&credential))
                .set(grants::verify_at.eq(at.0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// Records a definitive refusal. The second consecutive one ends the grant.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_refused(&self, credential: &SealedCredential) -> Result<GrantChange> {
        let credential = credential.clone();
        self.write(move |session| {
            let query = grant_of(&credential).select((grants::refusals, grants::cloud_id));
            let Some((refusals, cloud)) = for_update!(session, query, (i32, Vec<u8>))?.pop() else {
                return Ok(GrantChange::Kept);
            };
            if refusals + 1 < REFUSALS {
                let at = session.now()?.plus(SECOND_VERIFICATION);
                diesel::update(grant_of(&credential))
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

    /// Makes the verification of a grant due, because a poll with its credential was refused.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
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
            // A grant that waits for its second verification keeps its time.
            let row = grant_of(&known.into_credential()?)
                .filter(grants::refusals.eq(0))
                .filter(grants::verify_at.gt(now.plus(VERIFICATION_CLAIM).0));
            diesel::update(row)
                .set(grants::verify_at.eq(now.0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

/// A due grant before the claim.
struct Unclaimed {
    principal: PrincipalId,
    account: AccountId,
    cloud: CloudId,
    refusals: i32,
}

fn due_grant((principal, account, cloud, refusals): GrantRow) -> Result<Unclaimed> {
    Ok(Unclaimed {
        principal: PrincipalId::from_bytes(&principal).ok_or_else(|| corrupt("principal id"))?,
        account: AccountId::from_bytes(&account).ok_or_else(|| corrupt("account id"))?,
        cloud: CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?,
        refusals,
    })
}

impl Session<'_> {
    /// Claims one verification; `None` if another process was faster or the grant has just ended.
    fn claim_verification(
        &mut self,
        due: Unclaimed,
        verify_at: i64,
        now: Timestamp,
    ) -> Result<Option<DueGrant>> {
        let Unclaimed { principal, account, cloud, refusals } = due;
        let key = (principal.to_bytes(), account.to_bytes());
        let row = grants::table.find(key).filter(grants::verify_at.eq(verify_at));
        let won = diesel::update(row)
            .set(grants::verify_at.eq(now.plus(VERIFICATION_CLAIM).0))
            .execute(self.connection);
        if won.map_err(database)? == 0 {
            return Ok(None);
        }
        let credential = self.credential_of(principal, account)?;
        let late = now.since(Timestamp(verify_at));
        Ok(credential.map(|credential| DueGrant { cloud, credential, refusals, late }))
    }
}

//! Sealed credentials, by which principals proved their accounts.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CredentialId, PrincipalId};

use crate::db::schema::credentials;
use crate::db::{Session, Store, corrupt, database};

/// A sealed credential.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// Id: a new one whenever the principal sends another credential for the account.
    pub id: CredentialId,
    /// Principal that sent it.
    pub principal: PrincipalId,
    /// Account that it is for.
    pub account: AccountId,
    /// Sealed text, bound to [`SealedCredential::associated_data`].
    pub sealed: String,
}

impl std::fmt::Debug for SealedCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedCredential")
            .field("id", &self.id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl SealedCredential {
    /// Returns the associated data of the seal, which opens only for this principal and account.
    pub fn associated_data(principal: PrincipalId, account: AccountId) -> String {
        format!("credential|{principal}|{account}")
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = credentials)]
pub(crate) struct CredentialRow {
    id: Vec<u8>,
    principal_id: Vec<u8>,
    account_id: Vec<u8>,
    sealed: String,
    created_at: i64,
}

impl CredentialRow {
    pub(crate) fn into_credential(self) -> Result<SealedCredential> {
        Ok(SealedCredential {
            id: CredentialId::from_bytes(&self.id).ok_or_else(|| corrupt("credential id"))?,
            principal: PrincipalId::from_bytes(&self.principal_id).ok_or_else(|| corrupt("principal id"))?,
            account: AccountId::from_bytes(&self.account_id).ok_or_else(|| corrupt("account id"))?,
            sealed: self.sealed,
        })
    }
}

/// Selects the credential of a principal for an account.
#[diesel::dsl::auto_type(no_type_alias)]
fn owned_by(principal: PrincipalId, account: AccountId) -> _ {
    let (principal, account): (Vec<u8>, Vec<u8>) = (principal.to_bytes(), account.to_bytes());
    credentials::table
        .filter(credentials::principal_id.eq(principal))
        .filter(credentials::account_id.eq(account))
}

impl Store {
    /// Returns the credential that a principal has for an account.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn credential_of(
        &self,
        principal: PrincipalId,
        account: AccountId,
    ) -> Result<Option<SealedCredential>> {
        self.read(move |session| session.credential_of(principal, account)).await
    }

    /// Returns some credentials after an id, in the order of ids.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn credential_page(
        &self,
        after: Option<CredentialId>,
        limit: i64,
    ) -> Result<Vec<SealedCredential>> {
        self.read(move |session| {
            let after = after.map(CredentialId::to_bytes).unwrap_or_default();
            let rows = credentials::table
                .filter(credentials::id.gt(after))
                .order(credentials::id)
                .limit(limit)
                .select(CredentialRow::as_select())
                .load(session.connection);
            rows.map_err(database)?.into_iter().map(CredentialRow::into_credential).collect()
        })
        .await
    }

    /// Replaces a seal by another seal of the same secret, unless the credential has changed meanwhile.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn credential_reseal(&self, id: CredentialId, old: &str, new: &str) -> Result<bool> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.write(move |session| {
            let row = credentials::table.find(id.to_bytes()).filter(credentials::sealed.eq(&old));
            let changed = diesel::update(row).set(credentials::sealed.eq(&new)).execute(session.connection);
            Ok(changed.map_err(database)? > 0)
        })
        .await
    }
}

impl Session<'_> {
    pub(super) fn credential_of(
        &mut self,
        principal: PrincipalId,
        account: AccountId,
    ) -> Result<Option<SealedCredential>> {
        let row = owned_by(principal, account).select(CredentialRow::as_select()).first(self.connection);
        row.optional().map_err(database)?.map(CredentialRow::into_credential).transpose()
    }

    /// Keeps a credential in place of the principal's earlier one for the account.
    pub(super) fn credential_put(&mut self, credential: &SealedCredential) -> Result<()> {
        let known = owned_by(credential.principal, credential.account)
            .select(credentials::id)
            .first::<Vec<u8>>(self.connection)
            .optional()
            .map_err(database)?;
        if known.as_deref() == Some(&credential.id.to_bytes()) {
            return Ok(());
        }
        self.credential_remove(credential.principal, credential.account)?;
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

    pub(super) fn credential_remove(&mut self, principal: PrincipalId, account: AccountId) -> Result<()> {
        diesel::delete(owned_by(principal, account)).execute(self.connection).map(drop).map_err(database)
    }
}

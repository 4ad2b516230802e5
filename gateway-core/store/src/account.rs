//! Accounts, and the sealed credentials that principals proved them with.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, CredentialId, PrincipalId};

use crate::error::{corrupt, database};
use crate::schema::{accounts, credentials};
use crate::{Session, Store};

/// An account of a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The gateway's id.
    pub id: AccountId,
    /// Its cloud.
    pub cloud: CloudId,
    /// The cloud's id.
    pub external_id: String,
    /// The cloud's name for it.
    pub name: String,
    /// The cloud asked for no calls before this.
    pub paused_until: Timestamp,
}

/// A credential as it comes out of the store: closed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// Its id: a new one whenever the principal sends another credential for the account.
    pub id: CredentialId,
    /// Who sent it.
    pub principal: PrincipalId,
    /// For which account.
    pub account: AccountId,
    /// See [`gateway_core::seal`]; the place is [`SealedCredential::associated_data`].
    pub sealed: String,
}

/// A credential row with the cloud that it is for.
pub type StoredCredential = (SealedCredential, CloudId);

impl std::fmt::Debug for SealedCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedCredential")
            .field("id", &self.id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl SealedCredential {
    /// Where a credential belongs: its seal opens only for this principal and account.
    pub fn associated_data(principal: PrincipalId, account: AccountId) -> String {
        format!("credential|{principal}|{account}")
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
pub(crate) struct AccountRow {
    pub(crate) id: Vec<u8>,
    pub(crate) cloud_id: Vec<u8>,
    pub(crate) external_id: String,
    pub(crate) name: String,
    pub(crate) paused_until: i64,
    pub(crate) created_at: i64,
}

impl AccountRow {
    pub(crate) fn into_account(self) -> Result<Account> {
        Ok(Account {
            id: AccountId::from_bytes(&self.id).ok_or_else(|| corrupt("account id"))?,
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            external_id: self.external_id,
            name: self.name,
            paused_until: Timestamp(self.paused_until),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = credentials)]
pub(crate) struct CredentialRow {
    pub(crate) id: Vec<u8>,
    pub(crate) principal_id: Vec<u8>,
    pub(crate) account_id: Vec<u8>,
    pub(crate) sealed: String,
    pub(crate) created_at: i64,
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

impl Store {
    /// The credential that a principal has for an account.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn credential_of(
        &self,
        principal: PrincipalId,
        account: AccountId,
    ) -> Result<Option<SealedCredential>> {
        self.read(move |session| {
            let row = credentials::table
                .filter(credentials::principal_id.eq(principal.to_bytes()))
                .filter(credentials::account_id.eq(account.to_bytes()))
                .select(CredentialRow::as_select())
                .first(session.connection);
            row.optional().map_err(database)?.map(CredentialRow::into_credential).transpose()
        })
        .await
    }

    /// Some credentials after the given id, to walk over all of them.
    ///
    /// # Errors
    /// Unavailable without a database.
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

    /// Replaces a seal by another of the same secret, unless the credential changed meanwhile.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn credential_reseal(&self, id: CredentialId, old: &str, new: &str) -> Result<bool> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.write(move |session| {
            let row = credentials::table.find(id.to_bytes()).filter(credentials::sealed.eq(&old));
            let changed = diesel::update(row).set(credentials::sealed.eq(&new)).execute(session.connection);
            Ok(changed.map_err(database)? > 0)
        })
        .await
    }

    /// The cloud asked for a pause: every process keeps it.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn account_pause(&self, account: AccountId, until: Timestamp) -> Result<()> {
        self.write(move |session| {
            let row = accounts::table.find(account.to_bytes()).filter(accounts::paused_until.lt(until.0));
            diesel::update(row)
                .set(accounts::paused_until.eq(until.0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

impl Session<'_> {
    /// Makes the account known, or its name current.
    pub(crate) fn account_put(
        &mut self,
        id: AccountId,
        cloud: CloudId,
        external_id: &str,
        name: &str,
    ) -> Result<()> {
        let row = accounts::table.find(id.to_bytes());
        let known = row
            .clone()
            .select(accounts::name)
            .first::<String>(self.connection)
            .optional()
            .map_err(database)?;
        match known {
            Some(known) if known == name => Ok(()),
            Some(_) => diesel::update(row)
                .set(accounts::name.eq(name))
                .execute(self.connection)
                .map(drop)
                .map_err(database),
            None => {
                let row = AccountRow {
                    id: id.to_bytes(),
                    cloud_id: cloud.to_bytes(),
                    external_id: external_id.to_owned(),
                    name: name.to_owned(),
                    paused_until: 0,
                    created_at: self.now()?.0,
                };
                diesel::insert_into(accounts::table)
                    .values(row)
                    .execute(self.connection)
                    .map(drop)
                    .map_err(database)
            }
        }
    }
}

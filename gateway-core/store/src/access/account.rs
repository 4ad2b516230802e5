//! Accounts of clouds.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId};

use crate::db::schema::accounts;
use crate::db::{Session, Store, corrupt, database};

/// An account of a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The gateway's id.
    pub id: AccountId,
    /// Cloud of the account.
    pub cloud: CloudId,
    /// The cloud's id.
    pub external_id: String,
    /// The cloud's name for the account.
    pub name: String,
    /// End of a pause: the cloud asked for no calls before this.
    pub paused_until: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
pub(super) struct AccountRow {
    id: Vec<u8>,
    cloud_id: Vec<u8>,
    external_id: String,
    name: String,
    paused_until: i64,
    created_at: i64,
}

impl AccountRow {
    pub(super) fn into_account(self) -> Result<Account> {
        Ok(Account {
            id: AccountId::from_bytes(&self.id).ok_or_else(|| corrupt("account id"))?,
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            external_id: self.external_id,
            name: self.name,
            paused_until: Timestamp(self.paused_until),
        })
    }
}

impl Store {
    /// Pauses all calls for an account, in every process. A longer pause stands.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
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

impl Store {
    /// Returns the end of the last pause of each account, in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn account_pauses(&self, ids: Vec<AccountId>) -> Result<Vec<(AccountId, Timestamp)>> {
        self.read(move |session| {
            let rows = accounts::table
                .filter(accounts::id.eq_any(ids.iter().map(|id| id.to_bytes())))
                .order(accounts::id)
                .select((accounts::id, accounts::paused_until))
                .load::<(Vec<u8>, i64)>(session.connection)
                .map_err(database)?;
            let pause = |(id, until): (Vec<u8>, i64)| {
                Ok((AccountId::from_bytes(&id).ok_or_else(|| corrupt("account id"))?, Timestamp(until)))
            };
            rows.into_iter().map(pause).collect()
        })
        .await
    }
}

impl Session<'_> {
    /// Adds an account, or updates its name.
    pub(super) fn account_put(
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

//! Live grants with all their details, for lists of accounts.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, PrincipalId};

use super::account::{Account, AccountRow};
use super::listable::Access;
use crate::db::schema::{accounts, clouds, grants};
use crate::db::{Connection, Session, Store, database};

/// A live grant.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Account.
    pub account: Account,
    /// Name of the account's cloud.
    pub cloud_name: String,
    /// Regions and kinds that the principal's own credential may list.
    pub access: Access,
    /// Time of the last successful verification.
    pub verified_at: Timestamp,
}

type Chosen = grants::BoxedQuery<'static, <Connection as diesel::Connection>::Backend>;

impl Store {
    /// Returns live grants of a principal in the order of their accounts: the first `limit` after an account.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_list(
        &self,
        principal: PrincipalId,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<Granted>> {
        self.read(move |session| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut chosen = of_principal(principal).order(grants::account_id).limit(limit);
            if let Some(after) = after {
                chosen = chosen.filter(grants::account_id.gt(after.to_bytes()));
            }
            session.granted(chosen)
        })
        .await
    }

    /// Returns the number of live grants of a principal.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grant_count(&self, principal: PrincipalId) -> Result<usize> {
        self.read(move |session| {
            let count = of_principal(principal).count().get_result::<i64>(session.connection);
            Ok(usize::try_from(count.map_err(database)?).unwrap_or_default())
        })
        .await
    }

    /// Returns the live grants of a principal for some accounts, in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn grants_of(&self, principal: PrincipalId, accounts: Vec<AccountId>) -> Result<Vec<Granted>> {
        self.read(move |session| {
            let of_accounts = grants::account_id.eq_any(accounts.iter().map(|account| account.to_bytes()));
            session.granted(of_principal(principal).filter(of_accounts).order(grants::account_id))
        })
        .await
    }
}

fn of_principal(principal: PrincipalId) -> Chosen {
    grants::table.filter(grants::principal_id.eq(principal.to_bytes())).into_boxed()
}

impl Session<'_> {
    fn granted(&mut self, chosen: Chosen) -> Result<Vec<Granted>> {
        let rows = chosen
            .inner_join(accounts::table.on(accounts::id.eq(grants::account_id)))
            .inner_join(clouds::table.on(clouds::id.eq(grants::cloud_id)))
            .select((AccountRow::as_select(), clouds::name, grants::access, grants::verified_at))
            .load::<(AccountRow, String, String, i64)>(self.connection)
            .map_err(database)?;
        let granted = |(account, cloud_name, access, verified_at): (AccountRow, String, String, i64)| {
            Ok(Granted {
                account: account.into_account()?,
                cloud_name,
                access: Access::parse(&access)?,
                verified_at: Timestamp(verified_at),
            })
        };
        rows.into_iter().map(granted).collect()
    }
}

//! The share of an account's budget that goes with a claim.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, Holder, Scope};

use crate::db::schema::{accounts, poll_targets};
use crate::db::{Session, corrupt, database};

/// Key of a call budget: one account, or the published resources of one cloud.
pub(super) type BudgetKey = (CloudId, Holder);

/// Returns the key of the budget that the listings of a scope are charged to.
pub(super) fn budget_key(scope: &Scope) -> BudgetKey {
    (scope.cloud, scope.holder)
}

impl Session<'_> {
    /// Counts the targets under lease by budget.
    pub(super) fn sharing(
        &mut self,
        keys: &HashSet<BudgetKey>,
        now: Timestamp,
    ) -> Result<HashMap<BudgetKey, u32>> {
        let leased = poll_targets::table
            .filter(poll_targets::cloud_id.eq_any(keys.iter().map(|(cloud, _)| cloud.to_bytes())))
            .filter(poll_targets::holder.eq_any(keys.iter().map(|(_, holder)| holder.to_bytes())))
            .filter(poll_targets::lease_until.gt(now.0))
            .select((poll_targets::cloud_id, poll_targets::holder))
            .load::<(Vec<u8>, Vec<u8>)>(self.connection)
            .map_err(database)?;
        let mut sharing = HashMap::new();
        // Counted here: the rows are few, and the database would sort them to count.
        for (cloud, holder) in leased {
            let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
            let holder = Holder::from_bytes(&holder).ok_or_else(|| corrupt("holder"))?;
            *sharing.entry((cloud, holder)).or_default() += 1;
        }
        Ok(sharing)
    }

    /// Returns the ends of the accounts' pauses.
    pub(super) fn paused_until(&mut self, ids: &HashSet<AccountId>) -> Result<HashMap<AccountId, Timestamp>> {
        let rows = accounts::table
            .filter(accounts::id.eq_any(ids.iter().map(|id| id.to_bytes())))
            .select((accounts::id, accounts::paused_until))
            .load::<(Vec<u8>, i64)>(self.connection)
            .map_err(database)?;
        let account = |(id, until): (Vec<u8>, i64)| {
            Ok((AccountId::from_bytes(&id).ok_or_else(|| corrupt("account id"))?, Timestamp(until)))
        };
        rows.into_iter().map(account).collect()
    }
}

//! The division of an account's call budget among the processes that work on its operations or check its credentials.

use std::collections::HashSet;
use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, ProcessId};

use crate::db::schema::{accounts, budget_users, operations};
use crate::db::{Store, database};

/// Time for which a process counts after an operation that it settled. Short operations seldom overlap: a longer time
/// divides the budget although a process is idle again; a shorter one lets several processes spend it whole by turns.
const RECENT: Duration = Duration::from_secs(10);

/// The use of an account's call budget by operations and credential checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetUse {
    /// Processes that hold leases on operations of the account or have just settled one, and those that check a credential.
    pub processes: u32,
    /// Rest of a pause that the cloud asked for.
    pub pause: Duration,
}

impl Store {
    /// Records that a process makes calls for an account for some time, in a credential check.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn budget_use(&self, account: AccountId, process: ProcessId, time: Duration) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            let of_account = budget_users::table.filter(budget_users::account_id.eq(account.to_bytes()));
            diesel::delete(of_account.filter(budget_users::used_until.lt(now.0)))
                .execute(session.connection)
                .map_err(database)?;
            let used_until = budget_users::used_until.eq(now.plus(time).0);
            let known = budget_users::table.find((account.to_bytes(), process.to_bytes()));
            if diesel::update(known).set(used_until).execute(session.connection).map_err(database)? > 0 {
                return Ok(());
            }
            let (account, process) = (account.to_bytes(), process.to_bytes());
            let row =
                (budget_users::account_id.eq(account), budget_users::process_id.eq(process), used_until);
            // If another check of this process was faster, the transaction is repeated.
            diesel::insert_into(budget_users::table)
                .values(row)
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// Returns the present use of an account's budget.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operations_budget(&self, account: AccountId) -> Result<BudgetUse> {
        self.read(move |session| {
            let now = session.now()?;
            let of_account = || {
                operations::table
                    .filter(operations::account_id.eq(account.to_bytes()))
                    .filter(operations::lease_owner.is_not_null())
                    .select(operations::lease_owner)
                    .into_boxed()
            };
            // Two statements, because each is a range of the index. The rows are few, and the database would sort them to count.
            let leased =
                of_account().filter(operations::finished_at.is_null()).filter(operations::due_at.gt(now.0));
            let settled = of_account().filter(operations::finished_at.gt(now.minus(RECENT).0));
            let mut owners = HashSet::new();
            for query in [leased, settled] {
                owners.extend(query.load::<Option<Vec<u8>>>(session.connection).map_err(database)?);
            }
            let checking = budget_users::table
                .filter(budget_users::account_id.eq(account.to_bytes()))
                .filter(budget_users::used_until.gt(now.0))
                .select(budget_users::process_id)
                .load::<Vec<u8>>(session.connection)
                .map_err(database)?;
            owners.extend(checking.into_iter().map(Some));
            let paused_until = accounts::table
                .find(account.to_bytes())
                .select(accounts::paused_until)
                .first::<i64>(session.connection)
                .optional()
                .map_err(database)?;
            let pause = paused_until.map_or(Duration::ZERO, |until| Timestamp(until).since(now));
            Ok(BudgetUse { processes: u32::try_from(owners.len()).unwrap_or(u32::MAX), pause })
        })
        .await
    }
}

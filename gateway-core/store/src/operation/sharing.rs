//! The division of an account's call budget among the processes that work on its operations.

use std::collections::HashSet;
use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::AccountId;

use crate::db::schema::{accounts, operations};
use crate::db::{Store, database};

/// Time for which a process counts after an operation that it settled. Short operations seldom overlap: a longer time
/// divides the budget although a process is idle again; a shorter one lets several processes spend it whole by turns.
const RECENT: Duration = Duration::from_secs(10);

/// The use of an account's call budget by operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetUse {
    /// Processes that hold leases on operations of the account, or have just settled one.
    pub processes: u32,
    /// Rest of a pause that the cloud asked for.
    pub pause: Duration,
}

impl Store {
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

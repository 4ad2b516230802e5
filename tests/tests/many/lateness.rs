//! The lateness of polls, read from the database: the time between the due time and the start of the next listing.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use diesel::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use gateway_core::id::{AccountId, Holder};

use crate::environment::{Environment, hanging};

/// The sample interval: far below the poll interval, so that every due time is seen before the claim.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    holder: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    due_at: i64,
    #[diesel(sql_type = BigInt)]
    lease_until: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    as_of: Option<i64>,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    now: i64,
}

/// A target since its last listing.
struct Pending {
    as_of: Option<i64>,
    /// The earliest due time since the last listing; unknown during the first lease.
    due: Option<i64>,
}

#[derive(Default)]
pub(crate) struct Lateness {
    /// The lateness of each listing of the other accounts in milliseconds, sorted.
    pub(crate) others: Vec<i64>,
    /// The number of targets of other accounts that were neither listed nor due.
    pub(crate) unseen: usize,
    /// The reasons of all failed listings of other accounts.
    pub(crate) failed_others: BTreeSet<String>,
    pub(crate) failed_hanging: usize,
    /// The number of targets of hanging accounts under lease at the end.
    pub(crate) held_by_hanging: usize,
}

impl Lateness {
    /// Measures for `window`.
    pub(crate) async fn measure(env: &Environment, window: Duration) -> Self {
        let mut connection = env.cluster.database.connect();
        let hanging = hanging().map(|number| {
            let account: AccountId = env.accounts[number].parse().unwrap();
            Holder::Account(account).to_bytes()
        });
        tokio::task::spawn_blocking(move || measure(&mut connection, &hanging, window)).await.unwrap()
    }

    /// Returns a percentile; 0 if nothing was listed, which callers check separately.
    pub(crate) fn percentile(&self, percent: usize) -> i64 {
        let rank = (self.others.len() * percent / 100).min(self.others.len().saturating_sub(1));
        self.others.get(rank).copied().unwrap_or_default()
    }
}

fn measure(connection: &mut MysqlConnection, hanging: &[Vec<u8>], window: Duration) -> Lateness {
    let mut lateness = Lateness::default();
    let mut pending: HashMap<i64, Pending> = HashMap::new();
    let mut listed = HashMap::new();
    let begun = Instant::now();
    let mut rows = Vec::new();
    while begun.elapsed() < window {
        std::thread::sleep(SAMPLE_INTERVAL);
        rows = sample(connection);
        for row in rows.iter().filter(|row| !hanging.contains(&row.holder)) {
            if row.failures > 0 {
                lateness.failed_others.extend(row.reason.clone());
            }
            let free = row.lease_until == 0;
            let known = pending
                .entry(row.id)
                .or_insert(Pending { as_of: row.as_of, due: free.then_some(row.due_at) });
            if row.as_of != known.as_of {
                if let (Some(due), Some(as_of)) = (known.due, row.as_of) {
                    lateness.others.push((as_of - due).max(0) / 1000);
                    *listed.entry(row.id).or_insert(0) += 1;
                }
                *known = Pending { as_of: row.as_of, due: None };
            }
            if free {
                // A postponed or released target counts from its first due time.
                known.due = Some(known.due.map_or(row.due_at, |due| due.min(row.due_at)));
            }
        }
    }
    for row in &rows {
        let (hangs, failed) = (hanging.contains(&row.holder), row.failures > 0);
        lateness.failed_hanging += usize::from(hangs && failed);
        lateness.held_by_hanging += usize::from(hangs && row.lease_until > row.now);
        if hangs {
            continue;
        }
        // The lateness of a target that is still due, until now.
        let late = pending[&row.id].due.map_or(0, |due| row.now - due);
        if late > 0 {
            lateness.others.push(late / 1000);
        } else if !listed.contains_key(&row.id) {
            lateness.unseen += 1;
        }
    }
    lateness.others.sort_unstable();
    lateness
}

fn sample(connection: &mut MysqlConnection) -> Vec<Row> {
    let sql = "SELECT id, holder, due_at, lease_until, as_of, failures, reason, \
               CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS now FROM poll_targets";
    diesel::sql_query(sql).load(connection).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

//! How late targets are listed, read from the database's own figures: what was due when, and when the listing that
//! followed began.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use diesel::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use gateway_core::id::{AccountId, Holder};

use crate::stage::{Stage, hanging};

/// Between two looks: far below the interval, so that every due time is seen before the target is claimed.
const LOOK: Duration = Duration::from_secs(1);

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

/// What is known of a target that was not listed since.
struct Waiting {
    as_of: Option<i64>,
    /// The earliest time that it was due since its last listing; unknown while its first lease is seen.
    due: Option<i64>,
}

#[derive(Default)]
pub(crate) struct Lateness {
    /// In milliseconds, of each listing of the accounts that do not hang; sorted.
    pub(crate) others: Vec<i64>,
    /// Targets of those that were neither listed nor due.
    pub(crate) unseen: usize,
    /// Why listings of theirs failed, at whatever time.
    pub(crate) failed_others: BTreeSet<String>,
    pub(crate) failed_hanging: usize,
    /// Listings of the accounts that hang, under lease in the end.
    pub(crate) held_by_hanging: usize,
}

impl Lateness {
    /// Looks on for a while.
    pub(crate) async fn measure(stage: &Stage, window: Duration) -> Self {
        let mut connection = stage.cluster.database.connect();
        let hanging = hanging().map(|number| {
            let account: AccountId = stage.accounts[number].parse().unwrap();
            Holder::Account(account).to_bytes()
        });
        tokio::task::spawn_blocking(move || look_on(&mut connection, &hanging, window)).await.unwrap()
    }

    /// 0 when nothing was listed, which no caller takes for an answer.
    pub(crate) fn percentile(&self, percent: usize) -> i64 {
        let place = (self.others.len() * percent / 100).min(self.others.len().saturating_sub(1));
        self.others.get(place).copied().unwrap_or_default()
    }
}

fn look_on(connection: &mut MysqlConnection, hanging: &[Vec<u8>], window: Duration) -> Lateness {
    let mut lateness = Lateness::default();
    let mut waiting: HashMap<i64, Waiting> = HashMap::new();
    let mut listed = HashMap::new();
    let begun = Instant::now();
    let mut rows = Vec::new();
    while begun.elapsed() < window {
        std::thread::sleep(LOOK);
        rows = look(connection);
        for row in rows.iter().filter(|row| !hanging.contains(&row.holder)) {
            if row.failures > 0 {
                lateness.failed_others.extend(row.reason.clone());
            }
            let free = row.lease_until == 0;
            let known = waiting
                .entry(row.id)
                .or_insert(Waiting { as_of: row.as_of, due: free.then_some(row.due_at) });
            if row.as_of != known.as_of {
                if let (Some(due), Some(as_of)) = (known.due, row.as_of) {
                    lateness.others.push((as_of - due).max(0) / 1000);
                    *listed.entry(row.id).or_insert(0) += 1;
                }
                *known = Waiting { as_of: row.as_of, due: None };
            }
            if free {
                // Put off or given back, it is late all the same.
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
        // What waits still is as late as it is by now.
        let late = waiting[&row.id].due.map_or(0, |due| row.now - due);
        if late > 0 {
            lateness.others.push(late / 1000);
        } else if !listed.contains_key(&row.id) {
            lateness.unseen += 1;
        }
    }
    lateness.others.sort_unstable();
    lateness
}

fn look(connection: &mut MysqlConnection) -> Vec<Row> {
    let sql = "SELECT id, holder, due_at, lease_until, as_of, failures, reason, \
               CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS now FROM poll_targets";
    diesel::sql_query(sql).load(connection).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

//! Wishes for newer listings, and how far they have come.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::TargetId;

use crate::error::database;
use crate::schema::poll_targets;
use crate::target::{NEVER, TargetStatus};
use crate::{Session, Store};

/// Least time from one attempt to the next, whoever wishes for one: what failed a moment ago is not asked for
/// again at once. Longer spares clouds in trouble; shorter shows sooner that the trouble is over.
const SPACING: Duration = Duration::from_secs(3);

/// A target on its way to a listing that is new enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub target: TargetId,
    /// When the last whole listing began.
    pub as_of: Option<Timestamp>,
    /// How the last attempt ended.
    pub status: TargetStatus,
    /// Counts attempts.
    pub epoch: i64,
    /// An attempt is under way.
    pub under_way: bool,
    /// Time until the next attempt; none when there will be no one.
    pub due_in: Option<Duration>,
    /// Attempts that failed since the last whole listing.
    pub failures: i32,
    /// The wait that followed the last attempt.
    pub interval: Duration,
}

impl Store {
    /// Wishes that these targets are listed as of this moment or later, each at once unless it is under way. Wishes
    /// of many are one: a target that is new enough, or wished for already, is left as it is.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn targets_wish(&self, targets: Vec<TargetId>, as_of: Timestamp) -> Result<Vec<Progress>> {
        self.write(move |session| {
            let now = session.now()?;
            let before = session.progress(&targets, now)?;
            for wanted in before.iter().filter(|progress| progress.as_of.is_none_or(|at| at < as_of)) {
                session.wish(wanted, as_of, now)?;
            }
            Ok(before)
        })
        .await
    }

    /// How far these targets have come, at which moment of the database's clock.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn targets_progress(&self, targets: Vec<TargetId>) -> Result<(Timestamp, Vec<Progress>)> {
        self.read(move |session| {
            let now = session.now()?;
            Ok((now, session.progress(&targets, now)?))
        })
        .await
    }
}

type Row = (i64, Option<i64>, String, i64, i64, i64, i32, i64);

impl Session<'_> {
    fn progress(&mut self, targets: &[TargetId], now: Timestamp) -> Result<Vec<Progress>> {
        let rows = poll_targets::table
            .filter(poll_targets::id.eq_any(targets.iter().map(|target| target.0)))
            .select((
                poll_targets::id,
                poll_targets::as_of,
                poll_targets::status,
                poll_targets::lease_epoch,
                poll_targets::lease_until,
                poll_targets::due_at,
                poll_targets::failures,
                poll_targets::interval_ms,
            ))
            .load::<Row>(self.connection)
            .map_err(database)?;
        rows.into_iter()
            .map(|(target, as_of, status, epoch, lease_until, due_at, failures, interval_ms)| {
                Ok(Progress {
                    target: TargetId(target),
                    as_of: as_of.map(Timestamp),
                    status: TargetStatus::parse(&status)?,
                    epoch,
                    under_way: lease_until > now.0,
                    due_in: (due_at < NEVER).then(|| Timestamp(due_at).since(now)),
                    failures,
                    interval: Duration::from_millis(u64::try_from(interval_ms).unwrap_or(0)),
                })
            })
            .collect()
    }

    fn wish(&mut self, target: &Progress, as_of: Timestamp, now: Timestamp) -> Result<()> {
        let row = poll_targets::table.find(target.target.0);
        diesel::update(row.filter(poll_targets::wanted_at.lt(as_of.0)))
            .set(poll_targets::wanted_at.eq(as_of.0))
            .execute(self.connection)
            .map_err(database)?;
        // One under way is looked at again when it ends: it may have begun late enough.
        diesel::update(
            row.filter(poll_targets::lease_until.le(now.0))
                .filter(poll_targets::due_at.gt(now.0))
                .filter(poll_targets::due_at.lt(NEVER))
                .filter(
                    (poll_targets::due_at - poll_targets::interval_ms * 1000)
                        .lt(now.minus(SPACING).0)
                        .or(poll_targets::status.eq(TargetStatus::Fresh.as_str())),
                ),
        )
        .set(poll_targets::due_at.eq(now.0))
        .execute(self.connection)
        .map(drop)
        .map_err(database)
    }
}

//! Wishes for newer listings, and how far they have come.

use std::time::Duration;

use diesel::dsl::case_when;
use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::TargetId;

use crate::error::database;
use crate::schema::poll_targets;
use crate::target::{NEVER, TargetStatus};
use crate::{Session, Store};

/// Least time after a failure until a wish brings the next attempt forward. Longer spares clouds in trouble; shorter
/// shows sooner that the trouble is over.
const SPACING: Duration = Duration::from_secs(10);

/// Targets that one statement names. More makes long statements; fewer makes many.
const AT_ONCE: usize = 1000;

/// A target on its way to a listing that is new enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshProgress {
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
    /// Wishes that these targets are listed as of this moment or later, each at once unless it is under way or has
    /// failed just now; how far they are with that. Wishes of many are one: a target that is new enough, or due
    /// already, is not due once more.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn request_refresh(
        &self,
        targets: Vec<TargetId>,
        as_of: Timestamp,
    ) -> Result<Vec<RefreshProgress>> {
        self.write(move |session| {
            let now = session.now()?;
            session.wish(&targets, as_of, now)?;
            session.progress(&targets, now)
        })
        .await
    }

    /// How far these targets have come, at which moment of the database's clock.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn refresh_progress(
        &self,
        targets: Vec<TargetId>,
    ) -> Result<(Timestamp, Vec<RefreshProgress>)> {
        self.read(move |session| {
            let now = session.now()?;
            Ok((now, session.progress(&targets, now)?))
        })
        .await
    }
}

type Row = (i64, Option<i64>, String, i64, i64, i64, i32, i64);

impl Session<'_> {
    fn progress(&mut self, targets: &[TargetId], now: Timestamp) -> Result<Vec<RefreshProgress>> {
        let mut all = Vec::with_capacity(targets.len());
        for targets in targets.chunks(AT_ONCE) {
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
            for row in rows {
                all.push(read(row, now)?);
            }
        }
        Ok(all)
    }

    fn wish(&mut self, targets: &[TargetId], as_of: Timestamp, now: Timestamp) -> Result<()> {
        for targets in targets.chunks(AT_ONCE) {
            let too_old = || {
                poll_targets::table
                    .filter(poll_targets::id.eq_any(targets.iter().map(|target| target.0)))
                    .filter(poll_targets::as_of.is_null().or(poll_targets::as_of.lt(as_of.0)))
            };
            // One under way is looked at again when it ends: it may have begun late enough.
            diesel::update(too_old().filter(poll_targets::wanted_at.lt(as_of.0)))
                .set(poll_targets::wanted_at.eq(as_of.0))
                .execute(self.connection)
                .map_err(database)?;
            let attempted = poll_targets::due_at - poll_targets::interval_ms * 1000;
            let fresh = poll_targets::status.eq(TargetStatus::Fresh.as_str());
            let waits = too_old()
                .filter(poll_targets::lease_until.le(now.0))
                .filter(poll_targets::due_at.gt(now.0))
                .filter(poll_targets::due_at.lt(NEVER))
                .filter(fresh.or(attempted.lt(now.minus(SPACING).0)));
            // Should it fail, the attempt stands for the one that failed last: wishes do not lengthen the backoff.
            let failures = case_when(poll_targets::failures.gt(0), poll_targets::failures - 1).otherwise(0);
            diesel::update(waits)
                .set((poll_targets::due_at.eq(now.0), poll_targets::failures.eq(failures)))
                .execute(self.connection)
                .map_err(database)?;
        }
        Ok(())
    }
}

fn read(row: Row, now: Timestamp) -> Result<RefreshProgress> {
    let (target, as_of, status, epoch, lease_until, due_at, failures, interval_ms) = row;
    Ok(RefreshProgress {
        target: TargetId(target),
        as_of: as_of.map(Timestamp),
        status: TargetStatus::parse(&status)?,
        epoch,
        under_way: lease_until > now.0,
        due_in: (due_at < NEVER).then(|| Timestamp(due_at).since(now)),
        failures,
        interval: Duration::from_millis(u64::try_from(interval_ms).unwrap_or(0)),
    })
}

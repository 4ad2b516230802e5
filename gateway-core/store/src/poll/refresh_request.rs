//! Refresh requests, and their progress.

use std::time::Duration;

use diesel::dsl::case_when;
use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::TargetId;

use crate::db::schema::poll_targets;
use crate::db::{NEVER, Session, Store, database};
use crate::target::TargetStatus;

/// Least time from a failure until a refresh request brings the next attempt forward. Longer spares a failing cloud;
/// shorter shows its recovery sooner.
const SPACING: Duration = Duration::from_secs(10);

/// Targets in one statement. More makes long statements; fewer makes many.
const CHUNK: usize = 1000;

/// The progress of a target towards a fresher listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshProgress {
    /// Target.
    pub target: TargetId,
    /// Begin of the last whole listing.
    pub as_of: Option<Timestamp>,
    /// Result of the last attempt.
    pub status: TargetStatus,
    /// Count of attempts.
    pub epoch: i64,
    /// Whether an attempt is under way.
    pub under_way: bool,
    /// Wait until the next attempt; `None` if there will be none.
    pub due_in: Option<Duration>,
    /// Consecutive failures since the last whole listing.
    pub failures: i32,
    /// Wait after the last attempt.
    pub interval: Duration,
}

impl Store {
    /// Requests that targets are listed as of a moment or later, and returns their progress.
    ///
    /// Each becomes due at once, unless a listing is under way or has just failed. Concurrent requests share one
    /// listing: a target that is fresh enough or already due is left alone.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn request_refresh(
        &self,
        targets: Vec<TargetId>,
        as_of: Timestamp,
    ) -> Result<Vec<RefreshProgress>> {
        self.write(move |session| {
            let now = session.now()?;
            session.request_refresh(&targets, as_of, now)?;
            session.progress(&targets, now)
        })
        .await
    }

    /// Returns database time and the progress of targets at that time.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
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
        for targets in targets.chunks(CHUNK) {
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
                all.push(progress(row, now)?);
            }
        }
        Ok(all)
    }

    fn request_refresh(&mut self, targets: &[TargetId], as_of: Timestamp, now: Timestamp) -> Result<()> {
        for targets in targets.chunks(CHUNK) {
            let too_old = || {
                poll_targets::table
                    .filter(poll_targets::id.eq_any(targets.iter().map(|target| target.0)))
                    .filter(poll_targets::as_of.is_null().or(poll_targets::as_of.lt(as_of.0)))
            };
            // A listing under way is looked at again when it ends: it may have begun late enough.
            diesel::update(too_old().filter(poll_targets::wanted_at.lt(as_of.0)))
                .set(poll_targets::wanted_at.eq(as_of.0))
                .execute(self.connection)
                .map_err(database)?;
            let attempted = poll_targets::due_at - poll_targets::interval_ms * 1000;
            let fresh = poll_targets::status.eq(TargetStatus::Fresh.as_str());
            let waiting = too_old()
                .filter(poll_targets::lease_until.le(now.0))
                .filter(poll_targets::due_at.gt(now.0))
                .filter(poll_targets::due_at.lt(NEVER))
                .filter(fresh.or(attempted.lt(now.minus(SPACING).0)));
            // If the attempt fails, it stands for the last failed one, so that requests do not lengthen the backoff.
            let failures = case_when(poll_targets::failures.gt(0), poll_targets::failures - 1).otherwise(0);
            diesel::update(waiting)
                .set((poll_targets::due_at.eq(now.0), poll_targets::failures.eq(failures)))
                .execute(self.connection)
                .map_err(database)?;
        }
        Ok(())
    }
}

fn progress(row: Row, now: Timestamp) -> Result<RefreshProgress> {
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

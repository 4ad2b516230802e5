//! Due poll targets.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::shares::Endpoint;

use crate::db::schema::{poll_targets, regions};
use crate::db::{NEVER, Session, database};
use crate::due::{DueWork, Holders, Part, region_with_first};
use crate::target::TargetRow;

/// The due poll targets.
pub(super) struct DueTargets;

impl DueWork for DueTargets {
    type Row = TargetRow;

    fn first_by_endpoint(session: &mut Session<'_>) -> Result<Vec<(Endpoint, i64)>> {
        let first = poll_targets::table
            .filter(poll_targets::cloud_id.eq(regions::cloud_id))
            .filter(poll_targets::region.eq(regions::name))
            .filter(poll_targets::due_at.lt(NEVER))
            .order(poll_targets::due_at)
            .select(poll_targets::due_at);
        let rows = regions::table
            .select((regions::cloud_id, regions::name, first.single_value()))
            .load(session.connection)
            .map_err(database)?;
        rows.into_iter().filter_map(region_with_first).collect()
    }

    fn due_before(
        session: &mut Session<'_>,
        time: i64,
        limit: usize,
        part: Option<Part<'_>>,
    ) -> Result<Vec<(i64, TargetRow)>> {
        let mut query = poll_targets::table
            .filter(poll_targets::due_at.lt(time))
            .order(poll_targets::due_at)
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select((poll_targets::due_at, TargetRow::as_select()))
            .into_boxed();
        if let Some(part) = part {
            query = query
                .filter(poll_targets::cloud_id.eq(part.endpoint.cloud.to_bytes()))
                .filter(poll_targets::region.eq(part.region()));
            query = match part.holders {
                Holders::Only(holder) => query.filter(poll_targets::holder.eq(holder)),
                Holders::AllBut(holders) => query.filter(poll_targets::holder.ne_all(holders)),
            };
        }
        query.load(session.connection).map_err(database)
    }
}

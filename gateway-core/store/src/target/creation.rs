//! The targets that a grant calls for.

use std::collections::HashMap;

use diesel::prelude::*;
use gateway_core::Kind;
use gateway_core::error::Result;
use gateway_core::id::{CloudId, Holder, Region};

use super::status::TargetStatus;
use crate::db::schema::poll_targets;
use crate::db::{NEVER, Session, database, for_update, insert_all};

#[derive(Insertable)]
#[diesel(table_name = poll_targets)]
struct NewTarget {
    cloud_id: Vec<u8>,
    region: String,
    holder: Vec<u8>,
    kind: &'static str,
    lease_epoch: i64,
    lease_until: i64,
    due_at: i64,
    wanted_at: i64,
    status: &'static str,
    interval_ms: i64,
    failures: i32,
    agreeing: i32,
    changed_at: i64,
}

impl Session<'_> {
    /// Creates the missing targets of one holder, and makes due the targets that waited for a grant.
    pub(crate) fn targets_ensure<'a>(
        &mut self,
        cloud: CloudId,
        holder: Holder,
        wanted: impl Iterator<Item = (&'a Region, Kind)>,
    ) -> Result<()> {
        let now = self.now()?.0;
        let known = poll_targets::table
            .filter(poll_targets::cloud_id.eq(cloud.to_bytes()))
            .filter(poll_targets::holder.eq(holder.to_bytes()))
            .select((poll_targets::id, poll_targets::region, poll_targets::kind, poll_targets::due_at))
            .load::<(i64, String, String, i64)>(self.connection)
            .map_err(database)?;
        let known: HashMap<_, _> = known
            .iter()
            .map(|(id, region, kind, due)| ((region.as_str(), kind.as_str()), (*id, *due)))
            .collect();
        let (mut new, mut waiting) = (Vec::new(), Vec::new());
        for (region, kind) in wanted {
            match known.get(&(region.as_str(), kind.as_str())) {
                None => new.push(new_target(cloud, region, holder, kind, now)),
                // A claim that does not see the grant yet may be suspending a target that is due.
                Some((id, due)) if *due >= NEVER || *due <= now => waiting.push(*id),
                Some(_) => {}
            }
        }
        self.targets_wake(&waiting, now)?;
        if !new.is_empty() {
            insert_all!(self, poll_targets::table, &new)?;
        }
        Ok(())
    }

    /// Makes due those of some targets that wait for a grant.
    fn targets_wake(&mut self, targets: &[i64], now: i64) -> Result<()> {
        if targets.is_empty() {
            return Ok(());
        }
        // An update alone would not wait for a suspension that is not committed yet.
        let suspended = poll_targets::table
            .filter(poll_targets::id.eq_any(targets))
            .filter(poll_targets::due_at.ge(NEVER))
            .select(poll_targets::id);
        let suspended = for_update!(self, suspended, i64)?;
        if !suspended.is_empty() {
            diesel::update(poll_targets::table.filter(poll_targets::id.eq_any(suspended)))
                .set(poll_targets::due_at.eq(now))
                .execute(self.connection)
                .map_err(database)?;
        }
        Ok(())
    }
}

fn new_target(cloud: CloudId, region: &Region, holder: Holder, kind: Kind, now: i64) -> NewTarget {
    NewTarget {
        cloud_id: cloud.to_bytes(),
        region: region.as_str().to_owned(),
        holder: holder.to_bytes(),
        kind: kind.as_str(),
        lease_epoch: 0,
        lease_until: 0,
        due_at: now,
        wanted_at: 0,
        status: TargetStatus::Pending.as_str(),
        interval_ms: 0,
        failures: 0,
        agreeing: 0,
        changed_at: now,
    }
}

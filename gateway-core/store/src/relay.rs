//! The relay's side of the outbox: leadership, numbering, what is published, and the purge.

use std::fmt::Write as _;
use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::ProcessId;

use crate::connection::for_update;
use crate::error::database;
use crate::event::{EventRow, StoredEvent};
use crate::schema::{events, leaders, tombstones};
use crate::target::lost;
use crate::{Session, Store};

/// The relay's row among the leaders.
pub(crate) const RELAY: &str = "relay";

/// The leadership of the relay, for as long as its lease lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// The lease's number.
    pub epoch: i64,
    /// Up to here events have positions.
    pub numbered: i64,
    /// Up to here the broker has confirmed them.
    pub published: i64,
}

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbered {
    /// Events that got a position now.
    pub count: usize,
    /// Up to here events have positions.
    pub position: i64,
}

impl Store {
    /// Whether anything waits to be numbered or published: asked by all relays, written by none, so that an
    /// idle gateway changes no row.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn relay_has_work(&self) -> Result<bool> {
        self.read(|session| {
            let unnumbered = events::table
                .filter(events::position.is_null())
                .select(events::seq)
                .first::<i64>(session.connection)
                .optional();
            if unnumbered.map_err(database)?.is_some() {
                return Ok(true);
            }
            let (numbered, published) = leaders::table
                .find(RELAY)
                .select((leaders::numbered, leaders::published))
                .first::<(i64, i64)>(session.connection)
                .map_err(database)?;
            Ok(published < numbered)
        })
        .await
    }

    /// Takes or keeps the leadership; `None` while another process has it.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn relay_lead(&self, owner: ProcessId, lease: Duration) -> Result<Option<Leadership>> {
        self.write(move |session| {
            let now = session.now()?;
            let query = leaders::table.find(RELAY).select((
                leaders::lease_owner,
                leaders::lease_epoch,
                leaders::lease_until,
                leaders::numbered,
                leaders::published,
            ));
            let rows = for_update!(session, query, (Option<Vec<u8>>, i64, i64, i64, i64))?;
            let Some((holder, epoch, until, numbered, published)) = rows.into_iter().next() else {
                return Ok(None);
            };
            let ours = holder.as_deref() == Some(&owner.to_bytes());
            if !ours && until > now.0 {
                return Ok(None);
            }
            // A lapsed lease of our own gets a new epoch too: others may have led in between.
            let epoch = if ours && until > now.0 { epoch } else { epoch + 1 };
            diesel::update(leaders::table.find(RELAY))
                .set((
                    leaders::lease_owner.eq(owner.to_bytes()),
                    leaders::lease_epoch.eq(epoch),
                    leaders::lease_until.eq(now.plus(lease).0),
                ))
                .execute(session.connection)
                .map_err(database)?;
            Ok(Some(Leadership { epoch, numbered, published }))
        })
        .await
    }

    /// Gives the leadership back.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn relay_resign(&self, epoch: i64) -> Result<()> {
        self.write(move |session| {
            let row = leaders::table.find(RELAY).filter(leaders::lease_epoch.eq(epoch));
            diesel::update(row)
                .set(leaders::lease_until.eq(0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// Numbers committed events, in the order of their versions per record.
    ///
    /// # Errors
    /// `LeaseLost` when another process leads.
    pub async fn relay_number(&self, epoch: i64, limit: i64) -> Result<Numbered> {
        self.write(move |session| {
            let numbered = session.lead(epoch)?;
            let mut rows = events::table
                .filter(events::position.is_null())
                .order(events::seq)
                .limit(limit)
                .select((events::seq, events::target_id, events::resource_id, events::version))
                .load::<(i64, i64, Vec<u8>, i64)>(session.connection)
                .map_err(database)?;
            if rows.is_empty() {
                return Ok(Numbered { count: 0, position: numbered });
            }
            order_by_version(&mut rows);
            // Only numbers of our own making: nothing to escape. One statement instead of one per event.
            let mut sql = "UPDATE events SET position = CASE seq".to_owned();
            let mut list = String::new();
            for ((seq, ..), position) in rows.iter().zip(numbered + 1..) {
                let _ = write!(sql, " WHEN {seq} THEN {position}");
                let _ = write!(list, "{}{seq}", if list.is_empty() { "" } else { "," });
            }
            let _ = write!(sql, " END WHERE seq IN ({list})");
            diesel::sql_query(sql).execute(session.connection).map_err(database)?;
            let position = numbered + i64::try_from(rows.len()).unwrap_or(0);
            diesel::update(leaders::table.find(RELAY))
                .set(leaders::numbered.eq(position))
                .execute(session.connection)
                .map_err(database)?;
            Ok(Numbered { count: rows.len(), position })
        })
        .await
    }

    /// Numbered events after a position, in order.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn relay_batch(&self, after: i64, limit: i64) -> Result<Vec<StoredEvent>> {
        self.read(move |session| {
            let rows = events::table
                .filter(events::position.gt(after))
                .order(events::position)
                .limit(limit)
                .select(EventRow::as_select())
                .load(session.connection);
            rows.map_err(database)?.into_iter().map(EventRow::into_event).collect()
        })
        .await
    }

    /// The broker has confirmed everything up to here.
    ///
    /// # Errors
    /// `LeaseLost` when another process leads.
    pub async fn relay_published(&self, epoch: i64, position: i64) -> Result<()> {
        self.write(move |session| {
            let row = leaders::table.find(RELAY).filter(leaders::lease_epoch.eq(epoch));
            let changed =
                diesel::update(row).set(leaders::published.eq(position)).execute(session.connection);
            if changed.map_err(database)? == 0 { Err(lost()) } else { Ok(()) }
        })
        .await
    }

    /// Removes published events and versions of deleted records from before `cutoff`, some at a time;
    /// returns how many events went.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn events_purge(&self, cutoff: Timestamp, limit: i64) -> Result<usize> {
        self.write(move |session| {
            let published =
                leaders::table.find(RELAY).select(leaders::published).first::<i64>(session.connection);
            let published = published.map_err(database)?;
            let oldest = events::table
                .filter(events::position.le(published))
                .order(events::position)
                .limit(limit)
                .select((events::seq, events::at))
                .load::<(i64, i64)>(session.connection)
                .map_err(database)?;
            let old: Vec<_> =
                oldest.into_iter().take_while(|(_, at)| *at < cutoff.0).map(|(seq, _)| seq).collect();
            diesel::delete(tombstones::table.filter(tombstones::observed_at.lt(cutoff.0)))
                .execute(session.connection)
                .map_err(database)?;
            if old.is_empty() {
                return Ok(0);
            }
            diesel::delete(events::table.filter(events::seq.eq_any(old)))
                .execute(session.connection)
                .map_err(database)
        })
        .await
    }
}

impl Session<'_> {
    /// Holds the leader's row, and gives the last position.
    fn lead(&mut self, epoch: i64) -> Result<i64> {
        let query =
            leaders::table.find(RELAY).filter(leaders::lease_epoch.eq(epoch)).select(leaders::numbered);
        for_update!(self, query, i64)?.first().copied().ok_or_else(lost)
    }
}

/// Rows come in the order of `seq`. A cluster of several writing servers may hand those out in another order
/// than transactions commit: within a record the version decides.
fn order_by_version(rows: &mut [(i64, i64, Vec<u8>, i64)]) {
    let mut places: std::collections::HashMap<(i64, Vec<u8>), Vec<usize>> = std::collections::HashMap::new();
    for (place, (_, target, resource, _)) in rows.iter().enumerate() {
        places.entry((*target, resource.clone())).or_default().push(place);
    }
    for places in places.into_values().filter(|places| places.len() > 1) {
        let mut of_record: Vec<_> = places.iter().map(|place| rows[*place].clone()).collect();
        of_record.sort_by_key(|(_, _, _, version)| *version);
        for (place, row) in places.into_iter().zip(of_record) {
            rows[place] = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_one_record_come_in_order_and_others_keep_their_place() {
        let row = |seq, resource: &[u8], version| (seq, 1, resource.to_vec(), version);
        let mut rows = vec![row(1, b"a", 2), row(2, b"b", 1), row(3, b"a", 1)];
        order_by_version(&mut rows);
        assert_eq!(rows, vec![row(3, b"a", 1), row(2, b"b", 1), row(1, b"a", 2)]);
    }
}

//! Pages of the log, as readers follow it.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, PrincipalId, TargetId};

use super::stored::{EventRow, StoredEvent};
use crate::db::schema::events;
use crate::db::{Session, Store, database};

/// The events that a reader may see.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Poll targets whose records the reader may see.
    pub targets: HashSet<TargetId>,
    /// Accounts whose grants the reader may see.
    pub accounts: HashSet<AccountId>,
    /// Principal whose own grants the reader may see, ended ones included.
    pub principal: Option<PrincipalId>,
}

/// A page of the log.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// Visible events, in order.
    pub events: Vec<StoredEvent>,
    /// Last position that the page covers; the reader continues after it.
    pub position: i64,
    /// Whether events after the requested position were purged: the reader missed some and must list again.
    pub gap: bool,
    /// Whether more events follow this page.
    pub more: bool,
}

/// Positions that one page covers. With more, rare events take fewer calls; with fewer, a call costs less for a reader
/// who may see little of it.
const WINDOW: i64 = 5_000;

/// An event in the window: row number, position, target, holder, resource.
type WindowRow = (i64, i64, i64, Vec<u8>, Vec<u8>);

impl EventFilter {
    fn shows(&self, (_, _, target, holder, resource): &WindowRow) -> bool {
        match *target {
            0 => {
                self.principal.is_some_and(|own| own.to_bytes() == *resource)
                    || AccountId::from_bytes(holder).is_some_and(|account| self.accounts.contains(&account))
            }
            target => self.targets.contains(&TargetId(target)),
        }
    }
}

impl Store {
    /// Returns visible events after a position.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn event_list(&self, after: i64, filter: EventFilter, limit: usize) -> Result<EventPage> {
        self.read(move |session| session.event_list(after, &filter, limit)).await
    }
}

impl Session<'_> {
    fn event_list(&mut self, after: i64, filter: &EventFilter, limit: usize) -> Result<EventPage> {
        // Read before the window: an event numbered by now and absent from the window was purged.
        let numbered = self.numbered()?;
        let window = self.event_window(after)?;
        let gap = match window.first() {
            Some((_, first, ..)) => *first > after + 1,
            None => numbered > after,
        };
        let mut position = if window.is_empty() { after.max(numbered) } else { after };
        let (mut chosen, mut covered) = (Vec::new(), 0);
        for row in &window {
            if filter.shows(row) {
                if chosen.len() == limit {
                    break;
                }
                chosen.push(row.0);
            }
            position = row.1;
            covered += 1;
        }
        let more = covered < window.len() || window.len() as i64 == WINDOW;
        let wanted = chosen.len();
        let mut rows = events::table
            .filter(events::seq.eq_any(chosen))
            .select(EventRow::as_select())
            .load::<EventRow>(self.connection)
            .map_err(database)?;
        rows.sort_unstable_by_key(|row| row.position);
        // A purge may have come between the two queries.
        let gap = gap || rows.len() < wanted;
        let events = rows.into_iter().map(EventRow::into_event).collect::<Result<_>>()?;
        Ok(EventPage { events, position, gap, more })
    }

    fn event_window(&mut self, after: i64) -> Result<Vec<WindowRow>> {
        events::table
            .filter(events::position.gt(after))
            .order(events::position)
            .limit(WINDOW)
            .select((
                events::seq,
                events::position.assume_not_null(),
                events::target_id,
                events::holder,
                events::resource_id,
            ))
            .load(self.connection)
            .map_err(database)
    }
}

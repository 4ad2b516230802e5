//! Pages of the log, as readers follow it.

use std::sync::Arc;

use diesel::prelude::*;
use gateway_core::error::Result;

use super::candidate::{Candidate, Span};
use super::stored::{EventRow, StoredEvent};
use crate::access::Visibility;
use crate::db::schema::events;
use crate::db::{Session, Store, database};

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

impl Store {
    /// Returns events after a position that a principal may see: of visible resources, of the grants of its accounts, and
    /// of its own grants, ended ones included.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn event_list(
        &self,
        after: i64,
        visibility: Arc<Visibility>,
        limit: usize,
    ) -> Result<EventPage> {
        self.read(move |session| session.event_list(after, &visibility, limit)).await
    }
}

impl Session<'_> {
    fn event_list(&mut self, after: i64, visibility: &Visibility, limit: usize) -> Result<EventPage> {
        // Read first, and the end of what is looked for: an event that is numbered meanwhile could otherwise be missed in
        // one place and put the page's end behind itself in another.
        let numbered = self.numbered()?;
        let (candidates, is_whole) = self.candidates(visibility, Span { after, to: numbered }, limit + 1)?;
        let visible: Vec<_> = candidates.iter().filter(|event| event.is_visible(visibility)).collect();
        let (position, more) = match (visible.get(limit), candidates.last()) {
            (Some(beyond), _) => (beyond.position - 1, true),
            (None, Some(last)) if !is_whole => (last.position, true),
            _ => (after.max(numbered), false),
        };
        let chosen: Vec<_> = visible.iter().take(limit).map(|event| event.seq).collect();
        let events = if chosen.is_empty() { Vec::new() } else { self.events_numbered(chosen)? };
        // Read last, so that it shows a purge that came between the queries. An event that was numbered before and is
        // absent now was purged.
        let first = self.first_position(after)?;
        let gap = first.map_or(numbered > after, |first| first > after + 1);
        Ok(EventPage { events, position, gap, more })
    }

    fn events_numbered(&mut self, rows: Vec<i64>) -> Result<Vec<StoredEvent>> {
        let mut rows = events::table
            .filter(events::seq.eq_any(rows))
            .select(EventRow::as_select())
            .load::<EventRow>(self.connection)
            .map_err(database)?;
        rows.sort_unstable_by_key(|row| row.position);
        rows.into_iter().map(EventRow::into_event).collect()
    }

    /// Returns the position of the first event after a position, of whomever it is.
    fn first_position(&mut self, after: i64) -> Result<Option<i64>> {
        events::table
            .filter(events::position.gt(after))
            .order(events::position)
            .select(events::position.assume_not_null())
            .first(self.connection)
            .optional()
            .map_err(database)
    }
}

impl Candidate {
    fn is_visible(&self, visibility: &Visibility) -> bool {
        match &self.resource {
            Some((region, kind)) => visibility.shows(self.cloud, self.holder, region, *kind),
            None => {
                let account = self.holder.account().and_then(|account| visibility.account(account));
                account.is_some() || (self.principal.is_some() && self.principal == visibility.principal())
            }
        }
    }
}

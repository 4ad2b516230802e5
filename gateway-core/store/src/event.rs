//! The log of events, as readers follow it.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::document::rendering::{EventView, GRANT, render_event};
use gateway_core::error::{Error, Result};
use gateway_core::id::{AccountId, CloudId, EventId, Holder, PrincipalId, Region, ResourceId, TargetId};
use serde_json::Value;

use crate::error::{corrupt, database};
use crate::relay::RELAY;
use crate::schema::{events, leaders};
use crate::{Session, Store};

/// An event as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The same each time it is published.
    pub id: EventId,
    /// Its place in the order of all events; `None` until the relay has numbered it.
    pub position: Option<i64>,
    /// The target that it is of; 0 for grants.
    pub target: TargetId,
    /// Its cloud.
    pub cloud: CloudId,
    /// Its region; `-` for grants.
    pub region: Region,
    /// For whom the record is kept.
    pub holder: Holder,
    /// Kind of the resource, or `grant`.
    pub kind: String,
    /// The resource; the principal for grants, which nobody is told.
    pub resource: ResourceId,
    /// The record's version that this event made.
    pub version: i64,
    /// `created`, `changed`, `state_changed`, `deleted`; `granted`, `ended` for grants.
    pub change: String,
    /// The state before.
    pub old_state: Option<String>,
    /// The state after.
    pub new_state: Option<String>,
    /// When the store saw it.
    pub at: Timestamp,
    /// The canonical document after the change; none when it is gone.
    pub document: Option<String>,
}

impl StoredEvent {
    /// Whether it is about a grant.
    pub fn is_grant(&self) -> bool {
        self.kind == GRANT
    }

    /// The document that readers of the log and subscribers get alike.
    ///
    /// # Errors
    /// Internal, when it has no position yet, or holds what cannot be rendered.
    pub fn render(&self, cloud_name: &str) -> Result<Value> {
        let position = self.position.ok_or_else(|| Error::internal("an event without position"))?;
        render_event(&EventView {
            id: self.id,
            position,
            version: self.version,
            kind: &self.kind,
            cloud: cloud_name,
            region: &self.region,
            holder: self.holder,
            resource: self.resource,
            change: &self.change,
            old_state: self.old_state.as_deref(),
            new_state: self.new_state.as_deref(),
            at: self.at,
            document: self.document.as_deref(),
        })
    }
}

/// Which events a reader may see.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of these targets.
    pub targets: HashSet<TargetId>,
    /// About grants of these accounts.
    pub accounts: HashSet<AccountId>,
    /// About this principal's own grants, those that have ended too.
    pub principal: Option<PrincipalId>,
}

/// A stretch of the log.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// What the reader may see of it, in order.
    pub events: Vec<StoredEvent>,
    /// Up to where the stretch goes: the reader goes on after this.
    pub position: i64,
    /// Events after the asked position were purged: the reader missed some and must list again.
    pub gap: bool,
    /// There is more right after this page.
    pub more: bool,
}

#[derive(Insertable)]
#[diesel(table_name = events)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct NewEvent {
    pub(crate) id: Vec<u8>,
    pub(crate) target_id: i64,
    pub(crate) cloud_id: Vec<u8>,
    pub(crate) region: String,
    pub(crate) holder: Vec<u8>,
    pub(crate) kind: String,
    pub(crate) resource_id: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) change_name: String,
    pub(crate) old_state: Option<String>,
    pub(crate) new_state: Option<String>,
    pub(crate) at: i64,
    pub(crate) document: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub(crate) struct EventRow {
    id: Vec<u8>,
    position: Option<i64>,
    target_id: i64,
    cloud_id: Vec<u8>,
    region: String,
    holder: Vec<u8>,
    kind: String,
    resource_id: Vec<u8>,
    version: i64,
    change_name: String,
    old_state: Option<String>,
    new_state: Option<String>,
    at: i64,
    document: Option<String>,
}

impl EventRow {
    pub(crate) fn into_event(self) -> Result<StoredEvent> {
        Ok(StoredEvent {
            id: EventId::from_bytes(&self.id).ok_or_else(|| corrupt("event id"))?,
            position: self.position,
            target: TargetId(self.target_id),
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            region: Region::new(self.region),
            holder: Holder::from_bytes(&self.holder).ok_or_else(|| corrupt("holder"))?,
            kind: self.kind,
            resource: ResourceId::from_bytes(&self.resource_id).ok_or_else(|| corrupt("resource id"))?,
            version: self.version,
            change: self.change_name,
            old_state: self.old_state,
            new_state: self.new_state,
            at: Timestamp(self.at),
            document: self.document,
        })
    }
}

/// Positions that one page looks at. Higher finds rare events with fewer calls; lower bounds what a call
/// costs whose caller may see little of it.
const WINDOW: i64 = 5_000;

impl Store {
    /// Events after a position, as far as the filter lets them through.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn event_list(&self, after: i64, filter: EventFilter, limit: usize) -> Result<EventPage> {
        self.read(move |session| {
            // Before the window: what had a position by now and is not in it was purged.
            let numbered = session.numbered()?;
            let window = events::table
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
                .load::<(i64, i64, i64, Vec<u8>, Vec<u8>)>(session.connection)
                .map_err(database)?;
            let gap = match window.first() {
                Some((_, first, ..)) => *first > after + 1,
                None => numbered > after,
            };
            let own = filter.principal.map(PrincipalId::to_bytes);
            let visible = |target: i64, holder: &[u8], resource: &[u8]| match target {
                0 if own.as_deref() == Some(resource) => true,
                0 => AccountId::from_bytes(holder).is_some_and(|account| filter.accounts.contains(&account)),
                target => filter.targets.contains(&TargetId(target)),
            };
            let mut position = if window.is_empty() { after.max(numbered) } else { after };
            let (mut chosen, mut looked) = (Vec::new(), 0);
            for (seq, at, target, holder, resource) in &window {
                if visible(*target, holder, resource) {
                    if chosen.len() == limit {
                        break;
                    }
                    chosen.push(*seq);
                }
                position = *at;
                looked += 1;
            }
            let more = looked < window.len() || window.len() as i64 == WINDOW;
            let wanted = chosen.len();
            let mut rows = events::table
                .filter(events::seq.eq_any(chosen))
                .select(EventRow::as_select())
                .load::<EventRow>(session.connection)
                .map_err(database)?;
            rows.sort_unstable_by_key(|row| row.position);
            // A purge may have come between the two queries.
            let gap = gap || rows.len() < wanted;
            let events = rows.into_iter().map(EventRow::into_event).collect::<Result<_>>()?;
            Ok(EventPage { events, position, gap, more })
        })
        .await
    }
}

impl Session<'_> {
    /// Up to here events have positions.
    pub(crate) fn numbered(&mut self) -> Result<i64> {
        leaders::table.find(RELAY).select(leaders::numbered).first(self.connection).map_err(database)
    }

    /// Tells the principal, and whoever else sees the account, that its grants changed: they list again.
    pub(crate) fn event_of_grant(
        &mut self,
        principal: PrincipalId,
        account: AccountId,
        cloud: CloudId,
        change: &str,
        now: Timestamp,
    ) -> Result<()> {
        let event = NewEvent {
            id: EventId::generate().to_bytes(),
            target_id: 0,
            cloud_id: cloud.to_bytes(),
            region: "-".to_owned(),
            holder: account.to_bytes(),
            kind: GRANT.to_owned(),
            resource_id: principal.to_bytes(),
            version: 0,
            change_name: change.to_owned(),
            old_state: None,
            new_state: None,
            at: now.0,
            document: None,
        };
        diesel::insert_into(events::table).values(event).execute(self.connection).map(drop).map_err(database)
    }
}

//! The outbox: events that a writer adds in the transaction of its change.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::document::rendering::GRANT;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, EventId, PrincipalId};

use crate::db::schema::events;
use crate::db::{Session, by_bytes, database, insert_all};

/// An event without a position.
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
    /// Principal whose grant changed; `None` for the event of a resource.
    pub(crate) principal_id: Option<Vec<u8>>,
}

impl Session<'_> {
    /// Adds events.
    pub(crate) fn events_add(&mut self, new: &[NewEvent]) -> Result<()> {
        for new in by_bytes(new, |event| event.document.as_ref().map_or(0, String::len)) {
            insert_all!(self, events::table, new)?;
        }
        Ok(())
    }

    /// Adds the event of a changed grant, after which the principal and all others who see the account list again.
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
            principal_id: Some(principal.to_bytes()),
        };
        diesel::insert_into(events::table).values(event).execute(self.connection).map(drop).map_err(database)
    }
}

//! Events as the store keeps them.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::document::rendering::{EventView, GRANT, render_event};
use gateway_core::error::{Error, Result};
use gateway_core::id::{CloudId, EventId, Holder, Region, ResourceId, TargetId};
use serde_json::Value;

use crate::db::corrupt;
use crate::db::schema::events;

/// An event as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Id, the same each time the event is published.
    pub id: EventId,
    /// Position in the order of all events; `None` until the relay has numbered the event.
    pub position: Option<i64>,
    /// Poll target of the record; 0 for grants.
    pub target: TargetId,
    /// Cloud.
    pub cloud: CloudId,
    /// Region; `-` for grants.
    pub region: Region,
    /// Holder of the record.
    pub holder: Holder,
    /// Kind of the resource, or `grant`.
    pub kind: String,
    /// Resource; for grants the principal, which is not published.
    pub resource: ResourceId,
    /// Version of the record after the change.
    pub version: i64,
    /// `created`, `changed`, `state_changed`, `deleted`; `granted`, `ended` for grants.
    pub change: String,
    /// State before the change.
    pub old_state: Option<String>,
    /// State after the change.
    pub new_state: Option<String>,
    /// Database time of the change.
    pub at: Timestamp,
    /// Canonical document after the change; `None` for a deletion, and for a document of more than
    /// [`MAX_DOCUMENT`](gateway_core::document::event::MAX_DOCUMENT) bytes.
    pub document: Option<String>,
}

impl StoredEvent {
    /// Returns whether the event is about a grant.
    pub fn is_grant(&self) -> bool {
        self.kind == GRANT
    }

    /// Returns the event with a link instead of its document.
    #[must_use]
    pub fn without_document(&self) -> Self {
        Self { document: None, ..self.clone() }
    }

    /// Renders the document that readers of the log and subscribers get alike.
    ///
    /// # Errors
    /// `Internal` if the event has no position yet or its document cannot be rendered.
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub(super) struct EventRow {
    id: Vec<u8>,
    pub(super) position: Option<i64>,
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
    pub(super) fn into_event(self) -> Result<StoredEvent> {
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

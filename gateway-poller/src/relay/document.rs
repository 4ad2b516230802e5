//! An event of the outbox as the message that subscribers get.

use gateway_bus::Publication;
use gateway_core::error::{Error, Result};
use gateway_core::event::routing_key;
use gateway_core::resource::{EventView, render_event};
use gateway_store::StoredEvent;

/// The message of an event.
///
/// # Errors
/// Internal, when what the store holds cannot be rendered.
pub(super) fn publication(event: &StoredEvent, cloud: &str) -> Result<Publication> {
    let position = event.position.ok_or_else(|| Error::internal("an event without position"))?;
    let view = EventView {
        id: event.id,
        position,
        version: event.version,
        kind: &event.kind,
        cloud,
        region: &event.region,
        holder: event.holder,
        resource: event.resource,
        change: &event.change,
        old_state: event.old_state.as_deref(),
        new_state: event.new_state.as_deref(),
        at: event.at,
        document: event.document.as_deref(),
    };
    let body = render_event(&view)?.to_string().into_bytes();
    let routing_key = routing_key(event.holder, cloud, &event.region, &event.kind, &event.change);
    Ok(Publication { id: event.id, routing_key, body })
}

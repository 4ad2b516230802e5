//! An event of the outbox as the message that subscribers get.

use gateway_bus::Publication;
use gateway_core::document::event::routing_key;
use gateway_core::error::Result;
use gateway_store::StoredEvent;

/// The message of an event.
///
/// # Errors
/// Internal, when what the store holds cannot be rendered.
pub(super) fn publication(event: &StoredEvent, cloud: &str) -> Result<Publication> {
    let body = event.render(cloud)?.to_string().into_bytes();
    let routing_key = routing_key(event.holder, cloud, &event.region, &event.kind, &event.change);
    Ok(Publication { id: event.id, routing_key, body })
}

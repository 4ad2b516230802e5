//! A page of the event log, as far as the caller may see it.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_core::error::Error as CoreError;
use gateway_core::id::CloudId;
use gateway_store::{EventPage, Store, StoredEvent};
use serde_json::Value;

use super::page_bytes::PageBytes;
use crate::app::access::Caller;
use crate::app::visibility::Authority;
use crate::app::{App, Error, Result};

/// A page of the event log.
#[derive(Debug)]
pub(crate) struct Events {
    /// CloudEvents, in order.
    pub(crate) documents: Vec<Value>,
    /// The end of the page: the next begins after it.
    pub(crate) position: i64,
    /// There are more events right after this page.
    pub(crate) more: bool,
}

/// Returns at most `limit` events after a position.
pub(crate) async fn events(app: &App, caller: &Caller, after: i64, limit: usize) -> Result<Events> {
    let mut authority = Arc::clone(&caller.authority);
    let mut page = app.store.event_list(after, Arc::clone(&authority.visibility), limit).await?;
    if page.position > authority.position() {
        // The caller's access was read before the last of these events. A grant in between adds events that this
        // page lacks and that a follower would never see.
        let covering = app.authorities.covering(caller.claims.sub, page.position).await?;
        authority = covering.ok_or(Error::TokenRevoked)?;
        page = app.store.event_list(after, Arc::clone(&authority.visibility), limit).await?;
        truncate(&mut page, authority.position().max(after));
    }
    if page.gap {
        let detail = format!(
            "events after position {after} are no longer kept; list again and follow from the position of that list"
        );
        return Err(Error::Expired { detail });
    }
    end_by_bytes(&mut page);
    let clouds = cloud_names(&app.store, &authority, &page.events).await?;
    let documents = page.events.iter().map(|event| render(event, &clouds)).collect::<Result<_>>()?;
    Ok(Events { documents, position: page.position, more: page.more })
}

/// Ends a page at a position; later events are left to the next page.
fn truncate(page: &mut EventPage, position: i64) {
    if page.position > position {
        page.events.retain(|event| event.position.is_some_and(|at| at <= position));
        page.position = position;
        page.more = true;
    }
}

/// Ends a page before an answer becomes too large; later events are left to the next page.
fn end_by_bytes(page: &mut EventPage) {
    let fitting =
        PageBytes::count(page.events.iter().map(|event| event.document.as_deref().unwrap_or_default()));
    if fitting < page.events.len() {
        page.events.truncate(fitting);
        page.position = page.events.last().and_then(|event| event.position).unwrap_or(page.position);
        page.more = true;
    }
}

/// Returns the names of the clouds of some events. A grant that ended may have been the caller's last at its cloud.
async fn cloud_names(
    store: &Store,
    authority: &Authority,
    events: &[StoredEvent],
) -> Result<HashMap<CloudId, String>> {
    let granted = authority.visibility.clouds().map(|(id, cloud)| (id, cloud.name.clone()));
    let mut names: HashMap<_, _> = granted.collect();
    if events.iter().any(|event| !names.contains_key(&event.cloud)) {
        names.extend(store.cloud_list().await?.into_iter().map(|cloud| (cloud.spec.id, cloud.spec.name)));
    }
    Ok(names)
}

fn render(event: &StoredEvent, clouds: &HashMap<CloudId, String>) -> Result<Value> {
    let cloud = clouds
        .get(&event.cloud)
        .ok_or_else(|| CoreError::internal("an event of a cloud that is not registered was listed"))?;
    Ok(event.render(cloud)?)
}

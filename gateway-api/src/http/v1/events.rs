//! `GET /v1/events?after=`: the log of events, as far as the caller may see it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gateway_bus::WorkClass;
use gateway_core::error::{Error, Result};
use gateway_core::id::CloudId;
use gateway_store::{Authority, EventFilter, EventPage, Store, StoredEvent};
use serde::Serialize;
use serde_json::{Value, json};

use super::operation::{Operation, reference};
use super::{Answer, Problem};
use crate::http::bearer::Caller;
use crate::http::query::{Query, bad};
use crate::http::state::Api;

const DEFAULT: usize = 100;

/// Longest page; see the collections.
const MOST: usize = 1000;

/// A stretch of the log.
#[derive(Debug, Serialize)]
pub(super) struct Events {
    items: Vec<Value>,
    position: i64,
    more: bool,
}

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    caller: Caller,
    query: Query,
) -> Answer<Json<Events>> {
    query.expect(&["after", "limit"])?;
    let limit = query.limit(DEFAULT, MOST)?;
    let after = query.get("after").and_then(|text| text.parse().ok()).filter(|after: &i64| *after >= 0);
    let after = after.ok_or_else(|| bad("after", "must be the position of a list or of the page before"))?;
    let mut authority = caller.authority;
    let mut page = list(&state.store, &authority, after, limit).await?;
    if page.position > authority.position {
        // What the caller may see was read before the last of these: with a grant in between, events of it
        // would be passed over, and never seen by who follows.
        let covering = state.authorities.covering(caller.claims.sub, page.position).await?;
        authority = covering.ok_or_else(Problem::token_revoked)?;
        page = list(&state.store, &authority, after, limit).await?;
        cut(&mut page, authority.position.max(after));
    }
    if page.gap {
        let detail = format!(
            "events after position {after} are no longer kept: list again, and follow from the position of that list"
        );
        return Err(Problem::new("expired", "Events were purged", StatusCode::GONE, detail));
    }
    let clouds = cloud_names(&state.store, &authority, &page.events).await?;
    let items = page.events.iter().map(|event| render(event, &clouds)).collect::<Result<_>>()?;
    Ok(Json(Events { items, position: page.position, more: page.more }))
}

async fn list(store: &Store, authority: &Authority, after: i64, limit: usize) -> Result<EventPage> {
    let filter = EventFilter {
        targets: authority.targets.iter().map(|target| target.id).collect(),
        accounts: authority.accounts(),
        principal: Some(authority.client.id),
    };
    store.event_list(after, filter, limit).await
}

/// Ends a page at a position; what came after it is left to the next.
fn cut(page: &mut EventPage, position: i64) {
    if page.position > position {
        page.events.retain(|event| event.position.is_some_and(|at| at <= position));
        page.position = position;
        page.more = true;
    }
}

/// Names of the clouds that events are of. A grant that has ended may have been the last one of its cloud.
async fn cloud_names(
    store: &Store,
    authority: &Authority,
    events: &[StoredEvent],
) -> Result<HashMap<CloudId, String>> {
    let granted = authority.grants.iter().map(|grant| (grant.account.cloud, grant.cloud_name.clone()));
    let mut names: HashMap<_, _> = granted.collect();
    if events.iter().any(|event| !names.contains_key(&event.cloud)) {
        names.extend(store.cloud_list().await?.into_iter().map(|cloud| (cloud.spec.id, cloud.spec.name)));
    }
    Ok(names)
}

fn render(event: &StoredEvent, clouds: &HashMap<CloudId, String>) -> Result<Value> {
    let cloud = clouds
        .get(&event.cloud)
        .ok_or_else(|| Error::internal("an event of a cloud that is not registered was listed"))?;
    event.render(cloud)
}

pub(super) fn operation() -> Operation {
    Operation::new("list_events", "Events after a position, in order", WorkClass::Read)
        .required_query(
            "after",
            "Events after this position",
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
        )
        .query(
            "limit",
            "Most events of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT }),
        )
        .answer(
            200,
            "A stretch of the log; go on after `position`",
            Some(json!({
                "type": "object",
                "required": ["items", "position", "more"],
                "properties": {
                    "items": { "type": "array", "items": reference("Event") },
                    "position": { "type": "integer", "format": "int64" },
                    "more": { "type": "boolean", "description": "There is more right after this page." },
                },
            })),
        )
        .problem(410, "Events after this position are no longer kept: list again")
}

/// CloudEvents have their own specification; only what the gateway puts in is spelled out.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let text = json!({ "type": "string" });
    let event = json!({
        "type": "object",
        "description": "CloudEvents 1.0. The data of `gateway.grant.changed` names position, cloud, account and change alone, and means: list again.",
        "required": ["specversion", "id", "source", "type", "time", "subject", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "format": "uuid", "description": "The same each time the event is published." },
            "source": text,
            "type": { "enum": [
                "gateway.resource.created", "gateway.resource.changed", "gateway.resource.state_changed",
                "gateway.resource.deleted", "gateway.grant.changed",
            ] },
            "time": { "type": "string", "format": "date-time" },
            "subject": { "type": "string", "format": "uuid" },
            "datacontenttype": { "const": "application/json" },
            "data": {
                "type": "object",
                "required": ["position", "cloud", "account"],
                "properties": {
                    "position": { "type": "integer", "format": "int64" },
                    "version": { "type": "integer", "format": "int64" },
                    "kind": text, "cloud": text, "region": text, "account": text,
                    "old_state": { "type": ["string", "null"] },
                    "new_state": { "type": ["string", "null"] },
                    "resource": { "oneOf": [reference("Resource"), { "type": "null" }] },
                    "change": { "enum": ["granted", "ended"] },
                },
            },
        },
    });
    vec![("Event".to_owned(), event)]
}

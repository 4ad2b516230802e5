//! `GET /v1/sync`: every record that the caller may see, as lines of JSON, to begin a copy with.
//!
//! The first line has the position from which to follow and the scopes, one line each record, the last line says
//! that it is whole. A handler answers a stretch at a time and names the next in a header, which the front follows:
//! no message grows with the fleet.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::error::Error;
use gateway_store::ResourceQuery;
use serde_json::json;

use super::operation::{Operation, reference};
use super::scope_filter::{self, ScopeFilter};
use super::scopes::Scope;
use super::{Answer, Problem, collection, kind_filter};
use crate::http::bearer::Caller;
use crate::http::continuation::CONTINUE;
use crate::http::cursor::{FilterMark, Place};
use crate::http::query::{Query, bad};
use crate::http::state::Api;

/// Records of one stretch. More spares messages; each stretch is held in memory whole.
const STRETCH: usize = 500;

pub(super) async fn handle(State(state): State<Arc<Api>>, caller: Caller, query: Query) -> Answer<Response> {
    let [cloud, region, account] = scope_filter::PARAMETERS;
    query.expect(&[cloud, region, account, "kind", "cursor"])?;
    let kind = kind_filter(&query)?;
    let authority = &*caller.authority;
    let filter = ScopeFilter::read(&query, authority)?;
    let given: Vec<_> = [cloud, region, account, "kind"].iter().map(|name| query.get(name)).collect();
    let mark = FilterMark::of(&[&[Some("sync")], &given[..]].concat());
    let wrong = || bad("cursor", "is not one that this answer, with these filters, has given");
    let place = query.get("cursor").map(|text| Place::decode(text, mark).ok_or_else(wrong)).transpose()?;
    let targets: Vec<_> = authority
        .targets
        .iter()
        .filter(|target| kind.is_none_or(|kind| target.kind == kind) && filter.takes_target(target))
        .collect();
    // Read before the first row: who follows from there misses nothing.
    let position = place.as_ref().map_or(authority.position, |place| place.position);
    let mut lines = String::new();
    if place.is_none() {
        let listed = targets.iter().map(|target| Scope::of(target, authority.read_at));
        let kinds = Kind::ALL.iter().copied().filter(|one| kind.is_none_or(|kind| *one == kind));
        let refused = kinds.flat_map(|kind| Scope::forbidden(authority, kind));
        let scopes: Vec<_> = listed.chain(refused.filter(|scope| filter.takes_scope(scope))).collect();
        line(&mut lines, &json!({ "position": position, "scopes": scopes }))?;
    }
    let listing = state
        .store
        .resource_list(ResourceQuery {
            targets: targets.iter().map(|target| target.id).collect(),
            after: place.map(|place| place.cursor),
            limit: STRETCH,
            ..ResourceQuery::default()
        })
        .await?;
    for row in &listing.rows {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{{\"resource\":{}}}", collection::render(row, authority)?);
    }
    let next = listing.next.map(|cursor| Place { cursor, position }.encode(mark));
    if next.is_none() {
        line(&mut lines, &json!({ "end": true, "position": position }))?;
    }
    let mut response = ([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response();
    if let Some(next) = next {
        let target = format!("/v1/sync?{}", query.replaced("cursor", &next));
        let value = target.parse().map_err(|_| Problem::internal())?;
        response.headers_mut().insert(CONTINUE, value);
    }
    Ok(response)
}

fn line(lines: &mut String, value: &serde_json::Value) -> Answer<()> {
    writeln!(lines, "{value}").map_err(|error| Problem::from(Error::internal(error)))
}

pub(super) fn operation() -> Operation {
    let line = json!({
        "description": "First `position` and `scopes`, then `resource` on each line, and on the last `end`: without it \
                        the answer is not whole.",
        "oneOf": [
            {
                "type": "object",
                "required": ["position", "scopes"],
                "properties": {
                    "position": { "type": "integer", "format": "int64", "description": "Follow /v1/events from here." },
                    "scopes": { "type": "array", "items": reference("Scope") },
                },
            },
            { "type": "object", "required": ["resource"], "properties": { "resource": reference("Resource") } },
            {
                "type": "object",
                "required": ["end", "position"],
                "properties": { "end": { "const": true }, "position": { "type": "integer", "format": "int64" } },
            },
        ],
    });
    let operation = Operation::new("sync", "Every record, as lines of JSON", WorkClass::Read);
    scope_filter::describe(operation)
        .kind()
        .query(
            "cursor",
            "For programs on the bus: the rest, as the header `gateway-continue` of the answer before names it",
            json!({ "type": "string" }),
        )
        .stream(200, "Lines of JSON", "application/x-ndjson", line)
}

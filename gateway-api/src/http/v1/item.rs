//! `GET /v1/{plural}/{id}`: one record.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::{Holder, ResourceId};
use gateway_core::kind::KindSpec;
use gateway_store::{Authority, ResourceRow, Store};
use serde_json::json;

use super::fields::Fields;
use super::operation::{Operation, reference};
use super::{Answer, Problem, collection};
use crate::http::Exchange;
use crate::http::bearer::Caller;
use crate::http::conditional::{EntityTag, Envelopment};
use crate::http::query::Query;
use crate::http::refresh::{self, MAX_AGE};
use crate::http::state::Api;

pub(super) async fn handle(
    kind: Kind,
    State(state): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    exchange: Option<Extension<Exchange>>,
    headers: HeaderMap,
    query: Query,
) -> Answer<Response> {
    query.expect(&["view", "fields", MAX_AGE])?;
    let raw = query.raw()?;
    let fields = Fields::read(&query, kind, raw)?;
    let id: ResourceId = id.parse().map_err(|_| Problem::no_such_resource())?;
    let mut authority = Arc::clone(&caller.authority);
    let mut row = find(&state.store, &authority, kind, id, raw).await?;
    if let (Some(age), Some(known)) = (refresh::max_age(&query)?, &row) {
        let targets = collection::target_of(known, &caller.authority).into_iter();
        (authority, _) = refresh::refreshed(&state, &caller, exchange, targets, age).await?;
        row = find(&state.store, &authority, kind, id, raw).await?;
    }
    let authority = &*authority;
    let row = row.ok_or_else(Problem::no_such_resource)?;
    let target = collection::target_of(&row, authority).ok_or_else(Problem::internal)?;
    let mut tag = EntityTag::new();
    tag.add(&row.target.0.to_be_bytes());
    tag.add(&row.version.to_be_bytes());
    tag.add(&row.changed_at.0.to_be_bytes());
    let age = target.as_of.map(|as_of| authority.read_at.since(as_of));
    let document = fields.of(collection::render(&row, authority)?)?;
    let body = || ([(CONTENT_TYPE, "application/json")], String::from(Box::<str>::from(document)));
    Ok(Envelopment { tag, age, next: None }.answer(&headers, body))
}

/// The record of that id, if the caller may see one.
pub(super) async fn find(
    store: &Store,
    authority: &Authority,
    kind: Kind,
    id: ResourceId,
    raw: bool,
) -> Answer<Option<ResourceRow>> {
    let rows = store.resource_get(id, raw).await?;
    let visible = rows.into_iter().filter_map(|row| {
        let target = collection::target_of(&row, authority).filter(|target| target.kind == kind)?;
        Some(((target.holder == Holder::Global, target.id), row))
    });
    // The account's own record knows more than the published one.
    Ok(visible.min_by_key(|(rank, _)| *rank).map(|(_, row)| row))
}

pub(super) fn operation(spec: &KindSpec) -> Operation {
    let (kind, record) = (spec.kind, collection::record_name(spec));
    Operation::new(format!("get_{kind}"), format!("{}: one of them", spec.summary), WorkClass::Read)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .query("view", "`raw` adds the cloud's own document", json!({ "type": "string", "enum": ["raw"] }))
        .query("fields", "Only these members, by commas", json!({ "type": "string" }))
        .max_age()
        .answer(200, "The record", Some(reference(&record)))
        .conditional()
        .problem(404, "There is none, or the caller may not see it")
}

//! `GET /v1/{plural}/{id}`: one record.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::KindSpec;
use gateway_core::scope::Holder;
use serde_json::json;

use super::operation::{Operation, reference};
use super::{Answer, Problem, collection};
use crate::http::bearer::Caller;
use crate::http::query::Query;
use crate::http::state::Api;

pub(super) async fn handle(
    kind: Kind,
    State(state): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Answer<impl IntoResponse> {
    query.expect(&["view"])?;
    let raw = query.raw()?;
    let id: ResourceId = id.parse().map_err(|_| Problem::no_such_resource())?;
    let rows = state.store.resource_get(id, raw).await?;
    let authority = &*caller.authority;
    let visible = rows.iter().filter_map(|row| {
        let target = collection::target_of(row, authority).filter(|target| target.kind == kind)?;
        Some((target, row))
    });
    // The account's own record knows more than the published one.
    let (_, row) = visible
        .min_by_key(|(target, _)| (target.holder == Holder::Global, target.id))
        .ok_or_else(Problem::no_such_resource)?;
    let document = collection::render(row, authority)?;
    Ok(([(CONTENT_TYPE, "application/json")], String::from(Box::<str>::from(document))))
}

pub(super) fn operation(spec: &KindSpec) -> Operation {
    let (kind, record) = (spec.kind, collection::record_name(spec));
    Operation::new(format!("get_{kind}"), format!("{}: one of them", spec.summary), WorkClass::Read)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .query("view", "`raw` adds the cloud's own document", json!({ "type": "string", "enum": ["raw"] }))
        .answer(200, "The record", Some(reference(&record)))
        .problem(404, "There is none, or the caller may not see it")
}

//! `GET /v1/{plural}/{id}`: one record.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::kind::KindSpec;
use serde_json::json;

use super::api_operation::{ApiOperation, reference};
use super::{Answer, Problem, collection, list_parameters};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, Item, ItemQuery};
use crate::http::Exchange;
use crate::http::conditional::{EntityTag, Representation};
use crate::http::max_age::{self, MAX_AGE};
use crate::http::query::Query;

/// Reads one record.
pub(super) async fn handle(
    kind: Kind,
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    exchange: Option<Extension<Exchange>>,
    headers: HeaderMap,
    query: Query,
) -> Answer<Response> {
    query.expect(&["view", "fields", MAX_AGE])?;
    let raw = query.raw()?;
    let fields = list_parameters::fields(&query, kind, raw)?;
    let id = id.parse().map_err(|_| Problem::no_such_resource())?;
    let max_age = max_age::parse(&query)?;
    let deadline = max_age::deadline(exchange.as_deref(), max_age.is_some())?;
    let item = read::item(&app, &caller, &ItemQuery { kind, id, fields, raw, max_age }, deadline).await?;
    let Item { record, age } = item;
    let mut tag = EntityTag::new();
    tag.add(&record.target.0.to_be_bytes());
    tag.add(&record.version.to_be_bytes());
    tag.add(&record.changed_at.0.to_be_bytes());
    let body = || ([(CONTENT_TYPE, "application/json")], String::from(Box::<str>::from(record.document)));
    Ok(Representation { tag, age, next: None }.respond(&headers, body))
}

/// Describes the operation.
pub(super) fn operation(spec: &KindSpec) -> ApiOperation {
    let (kind, record) = (spec.kind, collection::record_name(spec));
    ApiOperation::new(format!("get_{kind}"), format!("{}: return one", spec.summary), WorkClass::Read)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .query("view", "`raw` adds the cloud's own document", json!({ "type": "string", "enum": ["raw"] }))
        .query("fields", "Only these fields, separated by commas", json!({ "type": "string" }))
        .max_age()
        .answer(200, "The record", Some(reference(&record)))
        .conditional()
        .problem(404, "There is no such record, or the caller may not see it")
}

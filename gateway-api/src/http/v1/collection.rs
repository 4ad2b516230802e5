//! `GET /v1/{plural}`: a page of the records of one kind that the caller may see, and the freshness of each scope.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::kind::KindSpec;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::api_operation::{ApiOperation, reference};
use super::scopes::{Scope, Summary, scopes_schema};
use super::{Answer, list_parameters};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, Record, RecordPage};
use crate::app::visibility::Scopes;
use crate::http::Exchange;
use crate::http::conditional::{EntityTag, Representation};
use crate::http::max_age;
use crate::http::query::Query;

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Box<RawValue>>,
    next: Option<String>,
    position: i64,
    scopes: Vec<Scope>,
    scope_summary: Summary,
}

/// Lists the records of a kind.
pub(super) async fn handle(
    kind: Kind,
    State(app): State<Arc<App>>,
    caller: Caller,
    exchange: Option<Extension<Exchange>>,
    headers: HeaderMap,
    query: Query,
) -> Answer<Response> {
    let list = list_parameters::parse(&query, kind)?;
    let deadline = max_age::deadline(exchange.as_deref(), list.max_age.is_some())?;
    let page = read::list(&app, &caller, &list, deadline).await?;
    let RecordPage { records, next, position, scopes: Scopes { first, summary, age } } = page;
    let (scopes, scope_summary) = (Scope::all(first), Summary::new(summary, list.selection.scopes()));
    let representation = Representation {
        tag: tag(&records, &scopes, &scope_summary, next.is_some()),
        age,
        next: next
            .as_ref()
            .map(|next| format!("/v1/{}?{}", kind.spec().plural, query.replaced("cursor", next))),
    };
    let items = records.into_iter().map(|record| record.document).collect();
    Ok(representation.respond(&headers, || Json(Page { items, next, position, scopes, scope_summary })))
}

fn tag(records: &[Record], scopes: &[Scope], summary: &Summary, is_more: bool) -> EntityTag {
    let mut tag = EntityTag::new();
    for record in records {
        tag.add(&record.target.0.to_be_bytes());
        tag.add(record.id.0.as_bytes());
        // A version may occur again after its tombstone was purged, but not with the same time of change.
        tag.add(&record.version.to_be_bytes());
        tag.add(&record.changed_at.0.to_be_bytes());
    }
    scopes.iter().for_each(|scope| scope.add_to(&mut tag));
    summary.add_to(&mut tag);
    tag.add(if is_more { b"more" } else { b"" });
    tag
}

/// Describes the operation.
pub(super) fn operation(spec: &KindSpec) -> ApiOperation {
    let operation = ApiOperation::new(
        format!("list_{}", spec.plural),
        format!("{}: list a page", spec.summary),
        WorkClass::Read,
    );
    list_parameters::describe(operation, spec)
        .answer(200, "A page", Some(reference(&page_name(spec))))
        .conditional()
}

/// Returns the schemas of a kind: its own fields, its record and a page of records.
pub(super) fn schemas(spec: &KindSpec) -> Vec<(String, Value)> {
    let fields = (spec.schema)();
    let Some((name, _)) = fields.first() else { return Vec::new() };
    let (record, page_schema) = (format!("{name}Resource"), page_name(spec));
    let page = json!({
        "type": "object",
        "required": ["items", "next", "position", "scopes", "scope_summary"],
        "properties": {
            "items": { "type": "array", "items": reference(&record) },
            "next": { "type": ["string", "null"], "description": "The `cursor` of the next page; null on the last." },
            "position": { "type": "integer", "format": "int64", "description": "Follow /v1/events from here." },
            "scopes": scopes_schema(),
            "scope_summary": reference("ScopeSummary"),
        },
    });
    let whole = json!({ "allOf": [reference("Resource"), reference(name)] });
    fields
        .iter()
        .map(|(name, schema)| (name.clone(), serde_json::to_value(schema).unwrap_or_default()))
        .chain([(record, whole), (page_schema, page)])
        .collect()
}

/// Returns the name of the schema of a record.
pub(super) fn record_name(spec: &KindSpec) -> String {
    (spec.schema)().first().map(|(name, _)| format!("{name}Resource")).unwrap_or_default()
}

/// Returns the name of the schema of a page.
fn page_name(spec: &KindSpec) -> String {
    (spec.schema)().first().map(|(name, _)| format!("{name}Page")).unwrap_or_default()
}

//! `GET /v1/{plural}`: the records of one kind that the caller may see, by keyset, with the age of each scope.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::document::rendering::{Identity, resource_text};
use gateway_core::kind::KindSpec;
use gateway_store::{Authority, ResourceQuery, ResourceRow, VisibleTarget};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::fields::Fields;
use super::narrowing::{self, Narrowing};
use super::operation::{Operation, reference};
use super::scopes::Scope;
use super::{Answer, Problem};
use crate::http::Exchange;
use crate::http::bearer::Caller;
use crate::http::conditional::{EntityTag, Envelopment};
use crate::http::cursor::Place;
use crate::http::query::{Query, bad};
use crate::http::refresh::{self, MAX_AGE};
use crate::http::state::Api;

const DEFAULT: usize = 50;

/// Longest page. Longer pages spare requests; each is held in memory whole, and travels as one message.
const MOST: usize = 1000;

/// Parameters besides those that narrow.
const PARAMETERS: [&str; 5] = ["limit", "cursor", "view", "fields", MAX_AGE];

/// A page of a collection.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Box<RawValue>>,
    next: Option<String>,
    position: i64,
    scopes: Vec<Scope>,
}

pub(super) async fn handle(
    kind: Kind,
    State(state): State<Arc<Api>>,
    caller: Caller,
    exchange: Option<Extension<Exchange>>,
    headers: HeaderMap,
    query: Query,
) -> Answer<Response> {
    let spec = kind.spec();
    Narrowing::expect(&query, spec, &PARAMETERS)?;
    let (limit, raw) = (query.limit(DEFAULT, MOST)?, query.raw()?);
    let fields = Fields::read(&query, kind, raw)?;
    let narrowing = Narrowing::read(&query, kind, &caller.authority)?;
    let (authority, demanded) = match refresh::max_age(&query)? {
        None => (Arc::clone(&caller.authority), None),
        Some(age) => {
            let targets = targets(&caller.authority, kind, &narrowing);
            let (authority, as_of) = refresh::refreshed(&state, &caller, exchange, targets, age).await?;
            (authority, Some(as_of))
        }
    };
    let authority = &*authority;
    let mark = narrowing.mark(kind);
    let place =
        match query.get("cursor") {
            None => None,
            Some(text) => Some(Place::decode(text, mark).ok_or_else(|| {
                bad("cursor", "is not one that this listing, with these filters, has given")
            })?),
        };
    let targets: Vec<_> = targets(authority, kind, &narrowing).collect();
    // The first page's position goes along with its followers: who follows from there misses nothing. This
    // handler's own may be older, for another one may have answered the page before.
    let position = place.as_ref().map_or(authority.position, |place| place.position);
    let listing = state
        .store
        .resource_list(ResourceQuery {
            targets: targets.iter().map(|target| target.id).collect(),
            filter: narrowing.records.clone(),
            order: narrowing.order,
            after: place.map(|place| place.cursor),
            limit,
            raw,
        })
        .await?;
    let mut scopes: Vec<_> = targets
        .iter()
        .map(|target| Scope::of(target, authority.read_at))
        .chain(Scope::forbidden(authority, kind).filter(|scope| narrowing.scopes.takes_scope(scope)))
        .collect();
    if let Some(as_of) = demanded {
        scopes.iter_mut().for_each(|scope| scope.demand(as_of));
    }
    let next = listing.next.map(|cursor| Place { cursor, position }.encode(mark));
    let mut tag = EntityTag::new();
    for row in &listing.rows {
        tag.add(&row.target.0.to_be_bytes());
        tag.add(row.id.0.as_bytes());
        // A version may come again, once it is forgotten that the record was there: not at the same moment.
        tag.add(&row.version.to_be_bytes());
        tag.add(&row.changed_at.0.to_be_bytes());
    }
    scopes.iter().for_each(|scope| scope.add_to(&mut tag));
    tag.add(if next.is_some() { b"more" } else { b"" });
    let envelopment = Envelopment {
        tag,
        age: Scope::age(&scopes, authority.read_at),
        next: next.as_ref().map(|next| format!("/v1/{}?{}", spec.plural, query.replaced("cursor", next))),
    };
    let items = listing.rows.iter().map(|row| fields.of(render(row, authority)?)).collect::<Answer<_>>()?;
    Ok(envelopment.answer(&headers, || Json(Page { items, next, position, scopes })))
}

/// The targets of a listing.
pub(super) fn targets<'a>(
    authority: &'a Authority,
    kind: Kind,
    narrowing: &'a Narrowing<'_>,
) -> impl Iterator<Item = &'a VisibleTarget> {
    authority
        .targets
        .iter()
        .filter(move |target| target.kind == kind && narrowing.scopes.takes_target(target))
}

/// The document of a row that the caller may see.
pub(super) fn render(row: &ResourceRow, authority: &Authority) -> Answer<Box<RawValue>> {
    let target = target_of(row, authority).ok_or_else(Problem::internal)?;
    let identity = Identity {
        id: row.id,
        kind: target.kind,
        version: row.version,
        cloud: &target.cloud_name,
        region: &target.region,
        holder: target.holder,
        changed_at: row.changed_at,
        accounts: &authority.acts_for,
    };
    Ok(resource_text(&row.document, row.raw.as_deref(), &identity)?)
}

/// The row's target, if the caller may see it.
pub(super) fn target_of<'a>(row: &ResourceRow, authority: &'a Authority) -> Option<&'a VisibleTarget> {
    let place = authority.targets.binary_search_by_key(&row.target, |target| target.id).ok()?;
    authority.targets.get(place)
}

pub(super) fn operation(spec: &KindSpec) -> Operation {
    let operation = Operation::new(
        format!("list_{}", spec.plural),
        format!("{}: a page of them", spec.summary),
        WorkClass::Read,
    );
    narrowing::describe(operation, spec)
        .query(
            "limit",
            "Most records of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT }),
        )
        .query("cursor", "The `next` of the page before, with the same filters", json!({ "type": "string" }))
        .query("view", "`raw` adds the cloud's own documents", json!({ "type": "string", "enum": ["raw"] }))
        .query("fields", "Only these members of each record, by commas", json!({ "type": "string" }))
        .max_age()
        .answer(200, "A page", Some(reference(&list_name(spec))))
        .conditional()
}

/// The kind's own fields, its records, and a page of them.
pub(super) fn schemas(spec: &KindSpec) -> Vec<(String, Value)> {
    let fields = (spec.schema)();
    let Some((name, _)) = fields.first() else { return Vec::new() };
    let (record, list) = (format!("{name}Resource"), list_name(spec));
    let page = json!({
        "type": "object",
        "required": ["items", "next", "position", "scopes"],
        "properties": {
            "items": { "type": "array", "items": reference(&record) },
            "next": { "type": ["string", "null"], "description": "Where the next page starts; null on the last." },
            "position": { "type": "integer", "format": "int64", "description": "Follow /v1/events from here." },
            "scopes": { "type": "array", "items": reference("Scope") },
        },
    });
    let whole = json!({ "allOf": [reference("Resource"), reference(name)] });
    fields
        .iter()
        .map(|(name, schema)| (name.clone(), serde_json::to_value(schema).unwrap_or_default()))
        .chain([(record, whole), (list, page)])
        .collect()
}

/// The schema of a record of the kind.
pub(super) fn record_name(spec: &KindSpec) -> String {
    (spec.schema)().first().map(|(name, _)| format!("{name}Resource")).unwrap_or_default()
}

fn list_name(spec: &KindSpec) -> String {
    (spec.schema)().first().map(|(name, _)| format!("{name}Page")).unwrap_or_default()
}

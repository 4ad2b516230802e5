//! `GET /v1/{plural}`: the records of one kind that the caller may see, by keyset, with the age of each scope.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::kind::KindSpec;
use gateway_core::resource::{Identity, resource_text};
use gateway_store::{Authority, ResourceFilter, ResourceRow, VisibleTarget};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::operation::{Operation, reference};
use super::scopes::Scope;
use super::{Answer, Problem};
use crate::http::bearer::Caller;
use crate::http::cursor::{FilterMark, Place};
use crate::http::query::{Query, bad};
use crate::http::state::Api;

const DEFAULT: usize = 50;

/// Longest page. Longer pages spare requests; each is held in memory whole, and travels as one message.
const MOST: usize = 1000;

const PARAMETERS: [&str; 8] = ["cloud", "region", "account", "state", "name", "limit", "cursor", "view"];

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
    query: Query,
) -> Answer<Json<Page>> {
    query.expect(&PARAMETERS)?;
    let (limit, raw) = (query.limit(DEFAULT, MOST)?, query.raw()?);
    let authority = &*caller.authority;
    let filter = Filter::read(&query, kind, authority)?;
    let mark = filter.mark(kind);
    let place =
        match query.get("cursor") {
            None => None,
            Some(text) => Some(Place::decode(text, mark).ok_or_else(|| {
                bad("cursor", "is not one that this listing, with these filters, has given")
            })?),
        };
    let targets: Vec<_> = authority
        .targets
        .iter()
        .filter(|target| target.kind == kind && filter.takes_target(target))
        .collect();
    let wanted =
        ResourceFilter { state: filter.state.map(str::to_owned), name: filter.name.map(str::to_owned) };
    let ids = targets.iter().map(|target| target.id).collect();
    let listing = state.store.resource_list(ids, wanted, place.map(|place| place.cursor), limit, raw).await?;
    // The first page's position goes along with its followers: who follows from there misses nothing.
    let position = place.map_or(authority.position, |place| place.position.min(authority.position));
    let items = listing.rows.iter().map(|row| render(row, authority)).collect::<Answer<_>>()?;
    let scopes = targets
        .iter()
        .map(|target| Scope::of(target, authority.read_at))
        .chain(Scope::forbidden(authority, kind).filter(|scope| filter.takes_scope(scope)))
        .collect();
    let next = listing.next.map(|cursor| Place { cursor, position }.encode(mark));
    Ok(Json(Page { items, next, position, scopes }))
}

/// The filters of a listing, each known to the caller.
struct Filter<'a> {
    cloud: Option<&'a str>,
    region: Option<&'a str>,
    account: Option<&'a str>,
    state: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> Filter<'a> {
    /// Refuses values that cannot match: an empty answer would read as "there are none".
    fn read(query: &'a Query, kind: Kind, authority: &Authority) -> Answer<Self> {
        let filter = Self {
            cloud: query.get("cloud"),
            region: query.get("region"),
            account: query.get("account"),
            state: query.get("state"),
            name: query.get("name"),
        };
        let grants = &authority.grants;
        known("cloud", filter.cloud, |name| grants.iter().any(|grant| grant.cloud_name == name))?;
        known("region", filter.region, |name| {
            grants.iter().any(|grant| grant.access.0.keys().any(|region| region.as_str() == name))
        })?;
        known("account", filter.account, |id| {
            id == "global" || grants.iter().any(|grant| grant.account.id.to_string() == id)
        })?;
        let spec = kind.spec();
        if filter.state.is_some_and(|state| spec.state(state).is_none()) {
            let words: Vec<_> = spec.states.iter().map(|state| state.name).collect();
            return Err(match words.as_slice() {
                [] => bad("state", "has no meaning here: this kind has no states"),
                words => bad("state", &format!("must be one of {}", words.join(", "))),
            });
        }
        Ok(filter)
    }

    fn mark(&self, kind: Kind) -> FilterMark {
        FilterMark::of(&[Some(kind.as_str()), self.cloud, self.region, self.account, self.state, self.name])
    }

    fn takes_target(&self, target: &VisibleTarget) -> bool {
        self.takes(&target.cloud_name, target.region.as_str(), || target.holder.to_string())
    }

    fn takes_scope(&self, scope: &Scope) -> bool {
        self.takes(&scope.cloud, scope.region.as_str(), || scope.account.clone())
    }

    fn takes(&self, cloud: &str, region: &str, account: impl FnOnce() -> String) -> bool {
        self.cloud.is_none_or(|wanted| wanted == cloud)
            && self.region.is_none_or(|wanted| wanted == region)
            && self.account.is_none_or(|wanted| wanted == account())
    }
}

fn known(name: &str, value: Option<&str>, is_known: impl FnOnce(&str) -> bool) -> Answer<()> {
    match value {
        Some(value) if !is_known(value) => {
            let detail =
                format!("the query parameter {name} names {value:?}, which none of your accounts has");
            let problem =
                Problem::bad_request("unknown-filter-value", "A filter names what you do not have", detail);
            Err(problem.with_member("parameter", name.into()))
        }
        _ => Ok(()),
    }
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
    };
    Ok(resource_text(&row.document, row.raw.as_deref(), &identity)?)
}

/// The row's target, if the caller may see it.
pub(super) fn target_of<'a>(row: &ResourceRow, authority: &'a Authority) -> Option<&'a VisibleTarget> {
    let place = authority.targets.binary_search_by_key(&row.target, |target| target.id).ok()?;
    authority.targets.get(place)
}

pub(super) fn operation(spec: &KindSpec) -> Operation {
    let states: Vec<_> = spec.states.iter().map(|state| state.name).collect();
    let operation = Operation::new(
        format!("list_{}", spec.plural),
        format!("{}: a page of them", spec.summary),
        WorkClass::Read,
    )
    .query("cloud", "Only of the cloud of this name", json!({ "type": "string" }))
    .query("region", "Only of this region", json!({ "type": "string" }))
    .query("account", "Only of this account, by its id; or `global`", json!({ "type": "string" }))
    .query("name", "Only of exactly this name", json!({ "type": "string" }))
    .query(
        "limit",
        "Most records of a page",
        json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT }),
    )
    .query("cursor", "The `next` of the page before, with the same filters", json!({ "type": "string" }))
    .query("view", "`raw` adds the cloud's own documents", json!({ "type": "string", "enum": ["raw"] }));
    let operation = match states.as_slice() {
        [] => operation,
        states => operation.query("state", "Only in this state", json!({ "type": "string", "enum": states })),
    };
    operation.answer(200, "A page", Some(reference(&list_name(spec))))
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

//! The query parameters of a list: filters, sort order and page, parsed by the specification of the kind.

use gateway_core::Kind;
use gateway_core::document::terms::Term;
use gateway_core::id::ResourceId;
use gateway_core::kind::KindSpec;
use serde_json::json;

use super::api_operation::ApiOperation;
use super::{Answer, scope_parameters};
use crate::app::read::{Fields, ListQuery, ResourceFilter, Selection, SortKey, SortOrder};
use crate::http::max_age::{self, MAX_AGE};
use crate::http::query::{Query, invalid};

/// The filters of every kind.
const COMMON: [&str; 7] = ["cloud", "region", "account", "state", "name", "q", "sort"];

/// The parameters of a page.
const PAGE: [&str; 5] = ["limit", "cursor", "view", "fields", MAX_AGE];

/// The prefix of the key of a tag.
const TAG: &str = "tag.";

/// Most tags of one query. Each is looked up in every scope, and databases limit the conditions of a statement.
const MAX_TAGS: usize = 16;

/// The records of a page without `limit`.
const DEFAULT_LIMIT: usize = 50;

/// Most records of a page. A higher value saves requests; a lower one saves memory, which holds each page whole, and
/// keeps messages small.
const MAX_LIMIT: usize = 1000;

/// The keys of `sort`.
const SORT_KEYS: [(&str, SortKey); 3] =
    [("name", SortKey::Name), ("created_at", SortKey::CreatedAt), ("changed_at", SortKey::ChangedAt)];

/// Parses the query of a list.
pub(super) fn parse(query: &Query, kind: Kind) -> Answer<ListQuery> {
    expect(query, kind.spec(), &PAGE)?;
    let (limit, raw) = (query.limit(DEFAULT_LIMIT, MAX_LIMIT)?, query.raw()?);
    Ok(ListQuery {
        limit,
        raw,
        fields: fields(query, kind, raw)?,
        selection: selection(query, kind)?,
        max_age: max_age::parse(query)?,
        cursor: query.get("cursor").map(str::to_owned),
    })
}

/// Parses a query that has filters only.
pub(super) fn parse_selection(query: &Query, kind: Kind) -> Answer<Selection> {
    expect(query, kind.spec(), &[])?;
    selection(query, kind)
}

/// Parses `fields`.
pub(super) fn fields(query: &Query, kind: Kind, raw: bool) -> Answer<Fields> {
    match query.get("fields") {
        None => Ok(Fields::default()),
        Some(text) => Ok(Fields::parse(text, kind, raw)?),
    }
}

/// Refuses parameters that neither the kind nor `others` has.
fn expect(query: &Query, spec: &'static KindSpec, others: &[&'static str]) -> Answer<()> {
    let mut known: Vec<&str> = COMMON.to_vec();
    known.extend(spec.filters);
    known.extend(spec.relations.iter().map(|relation| relation.name));
    known.extend(others);
    query.expect_matching(&known, |name| name.len() > TAG.len() && name.starts_with(TAG))
}

/// Refuses values that no record can have: an empty answer would read as "there are none".
fn selection(query: &Query, kind: Kind) -> Answer<Selection> {
    let spec = kind.spec();
    let state = query.get("state");
    if state.is_some_and(|state| spec.state(state).is_none()) {
        let names: Vec<_> = spec.states.iter().map(|state| state.name).collect();
        return Err(match names.as_slice() {
            [] => invalid("state", "does not apply: this kind has no states"),
            names => invalid("state", format!("must be one of {}", names.join(", "))),
        });
    }
    let name_contains = query.get("q").map(str::to_owned);
    let order = order(query.get("sort"), name_contains.is_some());
    let records = ResourceFilter {
        state: state.map(str::to_owned),
        name: query.get("name").map(str::to_owned),
        name_contains,
        terms: terms(query, spec)?,
    };
    Ok(Selection::new(kind, scope_parameters::parse(query)?, records, order?))
}

/// Parses the filters by fields, relations and tags.
fn terms(query: &Query, spec: &KindSpec) -> Answer<Vec<Term>> {
    let fields = spec.filters.iter().filter_map(|name| Some(Term::field(name, query.get(name)?)));
    let mut terms: Vec<_> = fields.collect();
    for relation in spec.relations {
        if let Some(value) = query.get(relation.name) {
            let id: ResourceId = value
                .parse()
                .map_err(|_| invalid(relation.name, "must be the gateway's id of a resource"))?;
            terms.push(Term::field(relation.name, &id.to_string()));
        }
    }
    let tags: Vec<_> = query.with_prefix(TAG).collect();
    if tags.len() > MAX_TAGS {
        return Err(invalid("tag", format!("is given {} times; at most {MAX_TAGS} are allowed", tags.len())));
    }
    terms.extend(tags.into_iter().map(|(key, value)| Term::tag(key, value)));
    Ok(terms)
}

/// Parses `sort`. A search uses the index of names, so that its default order is by name.
fn order(sort: Option<&str>, is_search: bool) -> Answer<SortOrder> {
    let Some(text) = sort else {
        let by_name = SortOrder::By { key: SortKey::Name, descending: false };
        return Ok(if is_search { by_name } else { SortOrder::default() });
    };
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let key = SORT_KEYS.iter().find(|(known, _)| *known == name).map(|(_, key)| *key);
    let key = key.ok_or_else(|| {
        let names = SORT_KEYS.map(|(name, _)| name).join(", ");
        invalid("sort", format!("must be one of {names}, with - in front for the reverse order"))
    })?;
    Ok(SortOrder::By { key, descending })
}

/// Describes the filters and the sort order in the OpenAPI document.
pub(super) fn describe_selection(operation: ApiOperation, spec: &KindSpec) -> ApiOperation {
    let text = || json!({ "type": "string" });
    let sorts: Vec<_> =
        SORT_KEYS.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]).collect();
    let mut operation = scope_parameters::describe(operation)
        .query("name", "Only of exactly this name", text())
        .query("q", "Only with this somewhere in the name, upper and lower case alike", text())
        .query("sort", "In this order; `-` reverses it", json!({ "type": "string", "enum": sorts }));
    for name in spec.filters {
        operation = operation.query(name, "Only with exactly this value of the field", text());
    }
    for relation in spec.relations {
        let description = format!("Only those that name this {}, by the gateway's id", relation.to);
        operation =
            operation.query(relation.name, &description, json!({ "type": "string", "format": "uuid" }));
    }
    operation = operation.tags(TAG, MAX_TAGS);
    let states: Vec<_> = spec.states.iter().map(|state| state.name).collect();
    match states.as_slice() {
        [] => operation,
        states => operation.query("state", "Only in this state", json!({ "type": "string", "enum": states })),
    }
}

/// Describes all parameters of a list in the OpenAPI document.
pub(super) fn describe(operation: ApiOperation, spec: &KindSpec) -> ApiOperation {
    describe_selection(operation, spec)
        .query(
            "limit",
            "Most records of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        )
        .query("cursor", "The `next` of the page before, with the same filters", json!({ "type": "string" }))
        .query("view", "`raw` adds the cloud's own documents", json!({ "type": "string", "enum": ["raw"] }))
        .query("fields", "Only these fields of each record, separated by commas", json!({ "type": "string" }))
        .max_age()
}

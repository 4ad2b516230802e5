//! Which records of a kind a listing wants, and in which order: its query parameters, checked against what the
//! caller has and the kind knows.

use gateway_core::Kind;
use gateway_core::document::terms::Term;
use gateway_core::id::ResourceId;
use gateway_core::kind::KindSpec;
use gateway_store::{Authority, ResourceFilter, SortKey, SortOrder};
use serde_json::json;

use super::Answer;
use super::operation::Operation;
use super::scope_filter::{self, ScopeFilter};
use crate::http::cursor::FilterMark;
use crate::http::query::{Query, bad};

/// Filters of every kind.
const COMMON: [&str; 7] = ["cloud", "region", "account", "state", "name", "q", "sort"];

/// Stands before the key of a tag.
const TAG: &str = "tag.";

/// Most tags of one query. Each is looked up in every scope, and no database takes any number of conditions.
const MOST_TAGS: usize = 16;

/// What a listing can be sorted by.
const KEYS: [(&str, SortKey); 3] =
    [("name", SortKey::Name), ("created_at", SortKey::CreatedAt), ("changed_at", SortKey::ChangedAt)];

/// The filters and the order of one listing.
#[derive(Debug)]
pub(super) struct Narrowing<'a> {
    pub(super) scopes: ScopeFilter<'a>,
    pub(super) records: ResourceFilter,
    pub(super) order: SortOrder,
    /// Everything above as it was given, for the mark of cursors.
    given: Vec<(&'a str, &'a str)>,
}

impl<'a> Narrowing<'a> {
    /// Refuses parameters that the kind does not have and `others` do not name.
    pub(super) fn expect(query: &Query, spec: &'static KindSpec, others: &[&'static str]) -> Answer<()> {
        let mut known: Vec<&str> = COMMON.to_vec();
        known.extend(own_filters(spec));
        known.extend(others);
        query.expect_besides(&known, |name| name.len() > TAG.len() && name.starts_with(TAG))
    }

    /// Refuses values that cannot match: an empty answer would read as "there are none".
    pub(super) fn read(query: &'a Query, kind: Kind, authority: &Authority) -> Answer<Self> {
        let spec = kind.spec();
        let state = query.get("state");
        if state.is_some_and(|state| spec.state(state).is_none()) {
            let words: Vec<_> = spec.states.iter().map(|state| state.name).collect();
            return Err(match words.as_slice() {
                [] => bad("state", "has no meaning here: this kind has no states"),
                words => bad("state", &format!("must be one of {}", words.join(", "))),
            });
        }
        let q = query.get("q");
        let mut given: Vec<_> =
            COMMON.iter().chain(spec.filters).filter_map(|name| Some((*name, query.get(name)?))).collect();
        let mut terms = Vec::new();
        for name in spec.filters {
            terms.extend(query.get(name).map(|value| Term::field(name, value)));
        }
        for relation in spec.relations {
            if let Some(value) = query.get(relation.name) {
                let id: ResourceId = value
                    .parse()
                    .map_err(|_| bad(relation.name, "must be the gateway's id of a resource"))?;
                terms.push(Term::field(relation.name, &id.to_string()));
                given.push((relation.name, value));
            }
        }
        let tags: Vec<_> = query.with_prefix(TAG).collect();
        if tags.len() > MOST_TAGS {
            return Err(bad("tag", &format!("is given {} times; {MOST_TAGS} are the most", tags.len())));
        }
        for (key, value) in tags {
            terms.push(Term::tag(key, value));
            // A key may be called like a parameter: what says that it is a tag comes before each.
            given.extend([(TAG, key), (key, value)]);
        }
        Ok(Self {
            scopes: ScopeFilter::read(query, authority)?,
            records: ResourceFilter {
                state: state.map(str::to_owned),
                name: query.get("name").map(str::to_owned),
                name_contains: q.map(str::to_owned),
                terms,
            },
            order: order(query.get("sort"), q.is_some())?,
            given,
        })
    }

    /// What cursors of this listing carry.
    pub(super) fn mark(&self, kind: Kind) -> FilterMark {
        let parts = self.given.iter().flat_map(|(name, value)| [Some(*name), Some(*value)]);
        FilterMark::of(&std::iter::once(Some(kind.as_str())).chain(parts).collect::<Vec<_>>())
    }
}

/// The kind's own fields and its relations.
fn own_filters(spec: &'static KindSpec) -> impl Iterator<Item = &'static str> {
    spec.filters.iter().copied().chain(spec.relations.iter().map(|relation| relation.name))
}

/// Search goes along the index of names, so that without another wish its answer is in their order.
fn order(sort: Option<&str>, searches: bool) -> Answer<SortOrder> {
    let Some(text) = sort else {
        let by_name = SortOrder::By { key: SortKey::Name, descending: false };
        return Ok(if searches { by_name } else { SortOrder::Id });
    };
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let key = KEYS.iter().find(|(known, _)| *known == name).map(|(_, key)| *key);
    let key = key.ok_or_else(|| {
        let names = KEYS.map(|(name, _)| name).join(", ");
        bad("sort", &format!("must be one of {names}, with - in front for the reverse"))
    })?;
    Ok(SortOrder::By { key, descending })
}

/// The parameters, as the API document has them.
pub(super) fn describe(operation: Operation, spec: &KindSpec) -> Operation {
    let text = || json!({ "type": "string" });
    let sorts: Vec<_> = KEYS.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]).collect();
    let mut operation = scope_filter::describe(operation)
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
    operation = operation.tags(TAG, MOST_TAGS);
    let states: Vec<_> = spec.states.iter().map(|state| state.name).collect();
    match states.as_slice() {
        [] => operation,
        states => operation.query("state", "Only in this state", json!({ "type": "string", "enum": states })),
    }
}

//! `GET /v1/{plural}/{id}/related`: what a record names, and what names it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use gateway_bus::WorkClass;
use gateway_core::document::terms::Term;
use gateway_core::id::{ResourceId, TargetId};
use gateway_core::kind::{KindSpec, Relation};
use gateway_core::{Error, Kind};
use gateway_store::{Authority, ResourceFilter, ResourceQuery, Store, VisibleTarget};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::operation::{Operation, reference};
use super::{Answer, Problem, collection, item};
use crate::http::bearer::Caller;
use crate::http::query::{Query, bad};
use crate::http::state::Api;

/// Records shown of each relation that may have thousands; the rest is behind its link.
const SHOWN: usize = 50;

/// All that a record is related to.
#[derive(Debug, Serialize)]
pub(super) struct Related {
    items: Vec<Group>,
}

/// The records of one relation.
#[derive(Debug, Serialize)]
struct Group {
    /// Name of the relation: as a filter where this record is named, as a link where it names.
    relation: &'static str,
    direction: Direction,
    kind: Kind,
    /// All of them, page by page; none where the record names them itself.
    link: Option<String>,
    items: Vec<Box<RawValue>>,
    /// There are more behind the link.
    more: bool,
}

/// Who names whom.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// The record names them.
    Names,
    /// They name the record.
    NamedBy,
}

/// What the groups of one record have in common.
struct Around<'a> {
    store: &'a Store,
    authority: &'a Authority,
    /// The record's own target: others are looked for at the same cloud and region.
    target: &'a VisibleTarget,
    id: ResourceId,
}

pub(super) async fn handle(
    kind: Kind,
    State(state): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<Related>> {
    query.expect(&["relation"])?;
    let wanted = query.get("relation");
    let (named, naming) = (kind.spec().relations, kind.named_by());
    let known: Vec<_> =
        named.iter().map(|one| one.name).chain(naming.iter().map(|one| one.1.inverse)).collect();
    if wanted.is_some_and(|wanted| !known.contains(&wanted)) {
        return Err(bad("relation", &format!("must be one of {}", known.join(", "))));
    }
    let takes = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let authority = &*caller.authority;
    let id: ResourceId = id.parse().map_err(|_| Problem::no_such_resource())?;
    let row = item::find(&state.store, authority, kind, id, false).await?;
    let row = row.ok_or_else(Problem::no_such_resource)?;
    let target = collection::target_of(&row, authority).ok_or_else(Problem::internal)?;
    let around = Around { store: &state.store, authority, target, id: row.id };
    let document: Map<String, Value> = serde_json::from_str(&row.document).map_err(Error::internal)?;
    let mut items = Vec::new();
    for relation in named.iter().filter(|relation| takes(relation.name)) {
        let ids = relation.ids(&document);
        if !ids.is_empty() {
            items.push(around.named(relation, ids).await?);
        }
    }
    for (spec, relation) in naming.into_iter().filter(|(_, relation)| takes(relation.inverse)) {
        let group = around.naming(spec, relation).await?;
        if !group.items.is_empty() {
            items.push(group);
        }
    }
    Ok(Json(Related { items }))
}

impl Around<'_> {
    /// Those that the record names, as far as the caller may see them.
    async fn named(&self, relation: &'static Relation, ids: Vec<ResourceId>) -> Answer<Group> {
        let mut items = Vec::new();
        for id in ids {
            // One that the caller may not see, or that is not listed yet, is left to the document's reference.
            if let Some(row) = item::find(self.store, self.authority, relation.to, id, false).await? {
                items.push(collection::render(&row, self.authority)?);
            }
        }
        let direction = Direction::Names;
        Ok(Group { relation: relation.name, direction, kind: relation.to, link: None, items, more: false })
    }

    /// The first of those that name the record.
    async fn naming(&self, spec: &'static KindSpec, relation: &'static Relation) -> Answer<Group> {
        let term = Term::field(relation.name, &self.id.to_string());
        let query = ResourceQuery {
            targets: self.targets(spec.kind),
            filter: ResourceFilter { terms: vec![term], ..ResourceFilter::default() },
            limit: SHOWN,
            ..ResourceQuery::default()
        };
        let listing = self.store.resource_list(query).await?;
        let items = listing.rows.iter().map(|row| collection::render(row, self.authority));
        Ok(Group {
            relation: relation.inverse,
            direction: Direction::NamedBy,
            kind: spec.kind,
            link: Some(format!("/v1/{}?{}={}", spec.plural, relation.name, self.id)),
            items: items.collect::<Answer<_>>()?,
            more: listing.next.is_some(),
        })
    }

    fn targets(&self, kind: Kind) -> Vec<TargetId> {
        let near = |target: &&VisibleTarget| {
            target.kind == kind && target.cloud == self.target.cloud && target.region == self.target.region
        };
        self.authority.targets.iter().filter(near).map(|target| target.id).collect()
    }
}

pub(super) fn operation(spec: &KindSpec) -> Operation {
    let inverses = spec.kind.named_by();
    let names = spec.relations.iter().map(|relation| relation.name);
    let names: Vec<_> = names.chain(inverses.iter().map(|(_, relation)| relation.inverse)).collect();
    let summary = format!("{}: what one of them names, and what names it", spec.summary);
    Operation::new(format!("related_to_{}", spec.kind), summary, WorkClass::Read)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .query("relation", "Only of this relation", json!({ "type": "string", "enum": names }))
        .answer(200, "The related records, by relation", Some(reference("Related")))
        .problem(404, "There is no such record, or the caller may not see it")
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    let group = json!({
        "type": "object",
        "required": ["relation", "direction", "kind", "link", "items", "more"],
        "properties": {
            "relation": { "type": "string" },
            "direction": { "enum": ["names", "named_by"], "description": "Whether the record names these, or these name it." },
            "kind": { "type": "string" },
            "link": { "type": ["string", "null"], "description": "All of them, page by page." },
            "items": { "type": "array", "items": reference("Resource") },
            "more": { "type": "boolean", "description": "There are more behind the link." },
        },
    });
    let related = json!({
        "type": "object",
        "required": ["items"],
        "properties": { "items": { "type": "array", "items": group } },
    });
    vec![("Related".to_owned(), related)]
}

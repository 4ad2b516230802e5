//! `GET /v1/{plural}/{id}/related`: the records that a record names, and those that name it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::KindSpec;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::api_operation::{ApiOperation, reference};
use super::{Answer, Problem};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, Direction, RelatedGroup};
use crate::http::query::{Query, invalid};

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Related {
    items: Vec<Group>,
}

/// The records of one relation.
#[derive(Debug, Serialize)]
struct Group {
    /// The name of the relation: as a link where the record names others, as a filter where others name it.
    relation: &'static str,
    /// `names` or `named_by`.
    direction: &'static str,
    kind: Kind,
    /// The list of all records; none where the record itself names them.
    link: Option<String>,
    items: Vec<Box<RawValue>>,
    /// There are more records behind the link.
    more: bool,
}

impl Group {
    fn new(group: RelatedGroup, id: ResourceId) -> Self {
        let RelatedGroup { relation, direction, kind, documents, more } = group;
        let (direction, link) = match direction {
            Direction::Names => ("names", None),
            Direction::NamedBy(field) => {
                ("named_by", Some(format!("/v1/{}?{field}={id}", kind.spec().plural)))
            }
        };
        Self { relation, direction, kind, link, items: documents, more }
    }
}

/// Lists the records related to one record.
pub(super) async fn handle(
    kind: Kind,
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<Related>> {
    query.expect(&["relation"])?;
    let (wanted, known) = (query.get("relation"), relations(kind.spec()));
    if wanted.is_some_and(|wanted| !known.contains(&wanted)) {
        return Err(invalid("relation", format!("must be one of {}", known.join(", "))));
    }
    let id: ResourceId = id.parse().map_err(|_| Problem::no_such_resource())?;
    let groups = read::related(&app, &caller, kind, id, wanted).await?;
    Ok(Json(Related { items: groups.into_iter().map(|group| Group::new(group, id)).collect() }))
}

/// Returns the names of the relations of a kind, in both directions.
fn relations(spec: &KindSpec) -> Vec<&'static str> {
    let names = spec.relations.iter().map(|relation| relation.name);
    let inverses = spec.kind.named_by().into_iter().map(|(_, relation)| relation.inverse);
    names.chain(inverses).collect()
}

/// Describes the operation.
pub(super) fn operation(spec: &KindSpec) -> ApiOperation {
    let summary = format!("{}: list the records that one names, and those that name it", spec.summary);
    ApiOperation::new(format!("related_to_{}", spec.kind), summary, WorkClass::Read)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .query("relation", "Only of this relation", json!({ "type": "string", "enum": relations(spec) }))
        .answer(200, "The related records, by relation", Some(reference("Related")))
        .problem(404, "There is no such record, or the caller may not see it")
}

/// Returns the schemas of this file.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let group = json!({
        "type": "object",
        "required": ["relation", "direction", "kind", "link", "items", "more"],
        "properties": {
            "relation": { "type": "string" },
            "direction": { "enum": ["names", "named_by"], "description": "Whether the record names these, or these name it." },
            "kind": { "type": "string" },
            "link": { "type": ["string", "null"], "description": "The list of all of them; null where the record names these." },
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

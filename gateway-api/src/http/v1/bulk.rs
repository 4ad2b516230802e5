//! `POST /v1/{plural}/actions/{action}`: one action on all that a filter finds, each with an operation of its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::{StreamExt as _, stream};
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Command, KindSpec, Verb, VerbSpec};
use gateway_store::{ResourceQuery, ResourceRow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::narrowing::{self, Narrowing};
use super::operation::{Operation, reference, schema_of};
use super::write::{self, Incoming, Request, Standing, read_body};
use super::{Answer, Problem, collection, item, operations, target};
use crate::http::Exchange;
use crate::http::bearer::Caller;
use crate::http::idempotency::{Digest, Key};
use crate::http::state::Api;

/// Most resources of one order. Each is one call of a cloud at least, and the answer names them all.
const MOST: usize = 500;

/// Resources that are worked on at once. Higher is done sooner, and takes more of the handlers' connections.
const AT_ONCE: usize = 8;

/// What is to be done to all that the filter finds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkOrder {
    /// How many the filter finds: when it finds more or fewer, nothing is done.
    expect: usize,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// The body that the action takes for one of them.
    #[serde(default)]
    #[schema(value_type = Object)]
    order: Map<String, Value>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkOutcome {
    dry_run: bool,
    /// How many the filter found.
    matched: usize,
    /// How many of them were refused, or are not over yet.
    failed: usize,
    items: Vec<BulkItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkItem {
    #[schema(value_type = uuid::Uuid)]
    id: ResourceId,
    /// Empty of one that the same request was about before.
    name: String,
    /// The HTTP status that an order for it alone would have been answered with; none in a dry run that finds nothing
    /// against it.
    status: Option<u16>,
    /// The operation, if there is one.
    #[schema(value_type = Option<Object>)]
    operation: Option<Value>,
    /// Why it was refused.
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

pub(super) async fn handle(
    (kind, spec): (Kind, &'static VerbSpec),
    State(state): State<Arc<Api>>,
    incoming: Incoming,
) -> Answer<Json<BulkOutcome>> {
    let Incoming { caller, exchange, headers, query, body } = incoming;
    Narrowing::expect(&query, kind.spec(), &[])?;
    let narrowing = Narrowing::read(&query, kind, &caller.authority)?;
    let bulk: BulkOrder = serde_json::from_value(read_body(&body)?).map_err(|_| {
        Problem::bad_request(
            "bad-bulk-order",
            "The order is not of the documented form",
            "the body must have `expect`, a number, and may have `dry_run` and `order`",
        )
    })?;
    // All that are under way when time is up are told as such, and so are the rest: that takes a moment too.
    let exchange =
        exchange.map(|all| Exchange { deadline: all.deadline.minus(write::MARGIN.saturating_mul(2)), ..all });
    let exchange = exchange.as_ref();
    let found = state
        .store
        .resource_list(ResourceQuery {
            targets: collection::targets(&caller.authority, kind, &narrowing)
                .map(|target| target.id)
                .collect(),
            filter: narrowing.records.clone(),
            limit: MOST,
            ..ResourceQuery::default()
        })
        .await?;
    let message = exchange.map_or_else(Uuid::new_v4, |exchange| exchange.id);
    let key = Key::read(&headers)?.unwrap_or_else(|| Key::of_message(message));
    let mut parts: Vec<_> = found.rows.into_iter().map(Part::Found).collect();
    let begun = match bulk.dry_run {
        true => Vec::new(),
        false => {
            let start = key.start_of_parts();
            state.store.operations_of_keys(caller.claims.sub, start, MOST as i64).await?
        }
    };
    let is_again = !begun.is_empty();
    // It was begun before: what it ended is found no more, and is part of it all the same.
    if begun.len() == bulk.expect && is_again {
        parts.clear();
    }
    parts.retain(|part| begun.iter().all(|known| known.resource != Some(part.id())));
    parts.splice(0..0, begun.into_iter().map(|known| Part::Begun(Box::new(known))));
    if found.next.is_some() && !is_again || parts.len() != bulk.expect {
        let more = if found.next.is_some() { "more than " } else { "" };
        let done = if is_again { "what was begun before goes on" } else { "nothing was done" };
        let detail = format!("the filter finds {more}{}, not {}: {done}", parts.len(), bulk.expect);
        return Err(Problem::new(
            "count-mismatch",
            "The filter finds another number",
            StatusCode::CONFLICT,
            detail,
        )
        .with_member("matched", parts.len().into()));
    }
    let order = Value::Object(bulk.order);
    let whole = Whole {
        state: &state,
        caller: &caller,
        exchange,
        kind,
        spec,
        order: &order,
        key: &key,
        query: query.canonical(),
        message,
        dry_run: bulk.dry_run,
    };
    let (whole, matched) = (&whole, parts.len());
    let each = stream::iter(parts).map(|part| whole.one(part));
    let items: Vec<_> = each.buffered(AT_ONCE).collect().await;
    let failed = items.iter().filter(|item| item.problem.is_some()).count();
    Ok(Json(BulkOutcome { dry_run: bulk.dry_run, matched, failed, items }))
}

/// One of them.
enum Part {
    Found(ResourceRow),
    /// By the same request, when it came before.
    Begun(Box<gateway_store::Operation>),
}

impl Part {
    fn id(&self) -> ResourceId {
        match self {
            Self::Found(row) => row.id,
            // Each is about a resource.
            Self::Begun(known) => known.resource.unwrap_or(ResourceId(Uuid::nil())),
        }
    }
}

/// What all of them have in common.
struct Whole<'a> {
    state: &'a Arc<Api>,
    caller: &'a Caller,
    exchange: Option<&'a Exchange>,
    kind: Kind,
    spec: &'static VerbSpec,
    order: &'a Value,
    key: &'a Key,
    query: String,
    message: Uuid,
    dry_run: bool,
}

impl Whole<'_> {
    async fn one(&self, part: Part) -> BulkItem {
        let (id, name) = (part.id(), self.name(&part).await);
        let item = BulkItem { id, name, status: None, operation: None, problem: None };
        match self.part(part).await {
            Ok(None) => item,
            Ok(Some((status, operation))) => {
                BulkItem { status: Some(status.as_u16()), operation: Some(operation), ..item }
            }
            Err(problem) => {
                let document = problem.document(self.message);
                let operation = document.get("operation").cloned();
                BulkItem {
                    status: Some(problem.status().as_u16()),
                    operation,
                    problem: Some(document),
                    ..item
                }
            }
        }
    }

    /// Its name, while it is there.
    async fn name(&self, part: &Part) -> String {
        let named = |row: &ResourceRow| serde_json::from_str::<Named>(&row.document).ok();
        let named = match part {
            Part::Found(row) => named(row),
            Part::Begun(_) => {
                let row = item::find(&self.state.store, &self.caller.authority, self.kind, part.id(), false);
                row.await.ok().flatten().as_ref().and_then(named)
            }
        };
        named.map(|named| named.name).unwrap_or_default()
    }

    /// The order for one of them: its status and operation; nothing of a dry run.
    async fn part(&self, part: Part) -> Answer<Option<(StatusCode, Value)>> {
        let Self { state, caller, exchange, kind, spec, .. } = *self;
        let id = part.id();
        let digest = Digest::of(&format!("{}?{}", write::path_of(kind, id, spec), self.query), self.order);
        let standing = match part {
            Part::Begun(known) => {
                write::expect_same(&known, &digest)?;
                Standing::Known(known)
            }
            Part::Found(row) => {
                let target = target::of_row(caller, &row)?;
                if self.dry_run {
                    target.expect(state, kind, spec.verb)?;
                    Command::read(spec, self.order.clone()).map_err(write::faulty)?;
                    return Ok(None);
                }
                let request = Request {
                    kind,
                    spec,
                    target: Some(target),
                    order: self.order.clone(),
                    key: Some(self.key.of_part(id)),
                    message: Uuid::new_v5(&self.message, id.0.as_bytes()),
                    digest,
                };
                write::begin(state, caller, request, Some(id), exchange).await?
            }
        };
        let (operation, _) = write::wait(state, exchange, standing).await?;
        let status = operations::outcome(&operation, None, Some(caller))?.status();
        Ok(Some((status, operations::reference(operation.id))))
    }
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

pub(super) fn operation(spec: &KindSpec, verb: Verb) -> Operation {
    let summary = format!("{}: {} all that the filter finds", spec.summary, verb.as_str().replace('_', " "));
    narrowing::describe(Operation::new(format!("{verb}_{}", spec.plural), summary, WorkClass::Write), spec)
        .header("idempotency-key", "However often a request comes with this key, each is done once")
        .body("BulkOrder")
        .answer(200, "What became of each", Some(reference("BulkOutcome")))
        .problem(409, "The filter finds another number than `expect`; nothing was done")
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut order = schema_of::<BulkOrder>("BulkOrder");
    order.1["properties"]["order"] =
        json!({ "type": "object", "description": "The body that the action takes for one of them." });
    vec![order, schema_of::<BulkOutcome>("BulkOutcome"), schema_of::<BulkItem>("BulkItem")]
}

//! `POST /v1/{plural}/actions/{action}`: one action on all that a filter finds, each with an operation of its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::{StreamExt as _, stream};
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Canonical as _, KindSpec};
use gateway_core::kinds::Instance;
use gateway_core::verb::{Verb, VerbSpec};
use gateway_store::{Operation as Stored, ResourceQuery, ResourceRow};
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

/// Whether a kind's verb can be ordered for many at once.
pub(super) fn takes(spec: &KindSpec, verb: Verb) -> bool {
    // What makes something, or tells something, is for one at a time.
    let single = [Verb::Create, Verb::Update, Verb::CreateImage, Verb::ConsoleOutput];
    spec.kind == Instance::KIND && !single.contains(&verb)
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
    let key = Key::read(&headers)?;
    // What was begun with this key, and may be what the filter finds no more.
    let begun = match key.as_ref().filter(|_| !bulk.dry_run) {
        Some(key) => state.store.operations_of_parts(caller.claims.sub, key.before_parts()).await?,
        None => Vec::new(),
    };
    let is_begun = |row: &ResourceRow| begun.iter().any(|known| known.resource == Some(row.id));
    let rest: Vec<_> = found.rows.iter().filter(|row| !is_begun(row)).collect();
    let matched = begun.len() + rest.len();
    if found.next.is_some() || matched != bulk.expect {
        let more = if found.next.is_some() { "more than " } else { "" };
        let detail = format!("the filter finds {more}{matched}, not {}: nothing was done", bulk.expect);
        let status = StatusCode::CONFLICT;
        return Err(Problem::new("expected-others", "The filter finds another number", status, detail)
            .with_member("matched", matched.into()));
    }
    let whole = Whole {
        state: &state,
        caller: &caller,
        exchange,
        kind,
        spec,
        order: &Value::Object(bulk.order),
        key: key.as_ref(),
        message: exchange.map_or_else(Uuid::new_v4, |exchange| exchange.id),
        dry_run: bulk.dry_run,
    };
    let (whole, begun, rest) = (&whole, &begun, &rest);
    let known = stream::iter(0..begun.len()).map(|at| whole.again(&begun[at]));
    let mut items: Vec<_> = known.buffered(AT_ONCE).collect().await;
    let new = stream::iter(0..rest.len()).map(|at| whole.one(rest[at]));
    items.extend(new.buffered(AT_ONCE).collect::<Vec<_>>().await);
    let failed = items.iter().filter(|item| item.problem.is_some()).count();
    Ok(Json(BulkOutcome { dry_run: bulk.dry_run, matched, failed, items }))
}

/// What all of them have in common.
struct Whole<'a> {
    state: &'a Arc<Api>,
    caller: &'a Caller,
    exchange: Option<&'a Exchange>,
    kind: Kind,
    spec: &'static VerbSpec,
    order: &'a Value,
    key: Option<&'a Key>,
    message: Uuid,
    dry_run: bool,
}

impl Whole<'_> {
    async fn one(&self, row: &ResourceRow) -> BulkItem {
        let name = serde_json::from_str::<Named>(&row.document).map(|named| named.name).unwrap_or_default();
        self.item(row.id, name, self.part(row).await)
    }

    /// One that an earlier request with the same key began.
    async fn again(&self, known: &Stored) -> BulkItem {
        let id = known.resource.unwrap_or(ResourceId(Uuid::nil()));
        let digest = Digest::of(&write::path_of(self.kind, id, self.spec), self.order);
        let part = async {
            write::expect_same(known, &digest)?;
            self.outcome(Standing::Known(Box::new(known.clone()))).await.map(Some)
        };
        let name = item::find(&self.state.store, &self.caller.authority, self.kind, id, false).await;
        let name = name.ok().flatten().and_then(|row| serde_json::from_str::<Named>(&row.document).ok());
        self.item(id, name.map(|named| named.name).unwrap_or_default(), part.await)
    }

    fn item(&self, id: ResourceId, name: String, part: Answer<Option<(StatusCode, Value)>>) -> BulkItem {
        let item = BulkItem { id, name, status: None, operation: None, problem: None };
        match part {
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

    /// The order for one of them: its status and operation; nothing of a dry run.
    async fn part(&self, row: &ResourceRow) -> Answer<Option<(StatusCode, Value)>> {
        let Self { state, caller, kind, spec, .. } = *self;
        let target = target::of_row(caller, row)?;
        if self.dry_run {
            target.expect(state, kind, spec.verb)?;
            (spec.read)(self.order.clone()).map_err(write::faulty)?;
            return Ok(None);
        }
        let path = write::path_of(kind, row.id, spec);
        let request = Request {
            kind,
            spec,
            target: Some(target),
            order: self.order.clone(),
            key: self.key.map(|key| key.of_part(row.id)),
            message: Uuid::new_v5(&self.message, row.id.0.as_bytes()),
            digest: Digest::of(&path, self.order),
        };
        let standing = write::begin(state, caller, request, Some(row.id)).await?;
        self.outcome(standing).await.map(Some)
    }

    async fn outcome(&self, standing: Standing) -> Answer<(StatusCode, Value)> {
        let (operation, _) = write::wait(self.state, self.exchange, standing).await?;
        let status = operations::outcome(&operation, None)?.status();
        Ok((status, operations::reference(operation.id)))
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

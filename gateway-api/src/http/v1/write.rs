//! `POST`, `PATCH` and `DELETE` of resources, and their actions: from the request to an operation, and back.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, patch, post, put};
use gateway_core::Kind;
use gateway_core::driver::{Known, OneTimeOutput, Step};
use gateway_core::id::{OperationId, ResourceId};
use gateway_core::kind::{Canonical as _, Command, FieldError, KindSpec, Quota, Verb, VerbSpec};
use gateway_core::marker::Marker;
use gateway_store::{NewOperation, Operation, OperationLease, OperationStart};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::target::{self, Target};
use super::{Answer, Problem, bulk, operations, upload};
use crate::app::operation::{self as engine, Place};
use crate::http::bearer::Caller;
use crate::http::idempotency::{Digest, Key};
use crate::http::query::Query;
use crate::http::state::Api;
use crate::http::{Exchange, preference};

/// How long before a request's deadline its operation is named instead of awaited: the answer has to travel.
pub(super) const MARGIN: Duration = Duration::from_millis(500);

/// How long an operation is awaited of which no deadline is known.
const UNHURRIED: Duration = Duration::from_secs(60);

/// How often an operation is looked at that somebody else works on.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One request to change something.
pub(super) struct Request {
    pub(super) kind: Kind,
    pub(super) spec: &'static VerbSpec,
    pub(super) target: Option<Target>,
    pub(super) order: Value,
    pub(super) key: Option<Key>,
    pub(super) message: uuid::Uuid,
    pub(super) digest: Digest,
}

/// Where the operation of a request stands.
pub(super) enum Standing {
    /// It is ours to wait for.
    Started(OperationId, JoinHandle<Option<OneTimeOutput>>),
    /// It was known before.
    Known(Box<Operation>),
}

/// Whether a request is for something new.
pub(super) enum Admitted {
    /// It is written down, and ours to do.
    New(Box<Operation>, OperationLease),
    /// It was known before.
    Known(Box<Operation>),
}

/// What a request brings along, whatever it wants done.
pub(super) struct Incoming {
    pub(super) caller: Caller,
    pub(super) exchange: Option<Exchange>,
    pub(super) headers: HeaderMap,
    pub(super) query: Query,
    pub(super) body: Bytes,
}

impl FromRequest<Arc<Api>> for Incoming {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &Arc<Api>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, state).await?;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Problem::internal())?;
        let exchange = parts.extensions.get::<Exchange>().copied();
        Ok(Self { caller, exchange, headers: parts.headers, query, body })
    }
}

/// Does one thing, or says what became of it when it was done.
async fn answer(
    (kind, spec): (Kind, &'static VerbSpec),
    state: &Arc<Api>,
    id: Option<ResourceId>,
    incoming: Incoming,
) -> Answer<Response> {
    let Incoming { caller, exchange, headers, query, body } = incoming;
    query.expect(&[])?;
    let exchange = exchange.as_ref();
    let order = read_body(&body)?;
    let path = match id {
        None => format!("/v1/{}", kind.spec().plural),
        Some(id) => path_of(kind, id, spec),
    };
    let request = Request {
        kind,
        spec,
        target: None,
        digest: Digest::of(&path, &order),
        order,
        key: Key::read(&headers)?,
        message: exchange.map_or_else(uuid::Uuid::new_v4, |exchange| exchange.id),
    };
    let standing = begin(state, &caller, request, id, exchange).await?;
    if preference::wants_no_wait(&headers) {
        let id = match &standing {
            Standing::Started(id, _) => *id,
            Standing::Known(known) => known.id,
        };
        return operations::accepted(state, id, &caller).await;
    }
    let (operation, told) = wait(state, exchange, standing).await?;
    operations::outcome(&operation, told, Some(&caller))
}

/// What stands for a verb on a resource in digests.
pub(super) fn path_of(kind: Kind, id: ResourceId, spec: &VerbSpec) -> String {
    format!("/v1/{}/{id}/{}", kind.spec().plural, spec.verb)
}

/// The routes of what can be done to a kind.
pub(super) fn routes(spec: &'static KindSpec, router: Router<Arc<Api>>) -> Router<Arc<Api>> {
    let kind = spec.kind;
    let one = format!("/v1/{}/{{id}}", spec.plural);
    spec.verbs.iter().fold(router, |router, verb| {
        let what = (kind, verb);
        let router = match verb.bulk {
            false => router,
            true => router.route(
                &format!("/v1/{}/actions/{}", spec.plural, verb.verb),
                post(move |state, incoming| bulk::handle(what, state, incoming)),
            ),
        };
        let act = move |State(state): State<Arc<Api>>, Path(id): Path<String>, incoming| async move {
            let id: ResourceId = id.parse().map_err(|_| Problem::no_such_resource())?;
            answer(what, &state, Some(id), incoming).await
        };
        match verb.verb {
            Verb::Create => router.route(
                &format!("/v1/{}", spec.plural),
                post(move |State(state): State<Arc<Api>>, incoming| async move {
                    answer(what, &state, None, incoming).await
                }),
            ),
            Verb::Update => router.route(&one, patch(act)),
            Verb::Delete => router.route(&one, delete(act)),
            Verb::Upload => router.route(
                &format!("{one}/content"),
                put(move |state, id, incoming| upload::begin(what, state, id, incoming)),
            ),
            action => router.route(&format!("{one}/actions/{action}"), post(act)),
        }
    })
}

/// Nothing at all stands for an empty order.
pub(super) fn read_body(body: &Bytes) -> Answer<Value> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(order @ Value::Object(_)) => Ok(order),
        // serde's words may quote what was sent, and that may be a secret.
        _ => Err(Problem::bad_request(
            "not-json",
            "The body is no JSON object",
            "the body must be a JSON object",
        )),
    }
}

/// Finds the operation of a request, or checks the request and begins one.
pub(super) async fn begin(
    state: &Arc<Api>,
    caller: &Caller,
    request: Request,
    id: Option<ResourceId>,
    exchange: Option<&Exchange>,
) -> Answer<Standing> {
    Ok(match admit(state, caller, request, id, exchange).await? {
        Admitted::New(begun, held) => Standing::Started(begun.id, state.operations.start(*begun, held)),
        Admitted::Known(known) => Standing::Known(known),
    })
}

/// The same, and leaves to the caller to do what is new.
pub(super) async fn admit(
    state: &Arc<Api>,
    caller: &Caller,
    request: Request,
    id: Option<ResourceId>,
    exchange: Option<&Exchange>,
) -> Answer<Admitted> {
    let principal = caller.claims.sub;
    let key = request.key.as_ref().map(Key::stored);
    // First of all: what was done once may be impossible by now, and is not to be refused for that.
    if let Some(known) = state.store.operation_find(principal, request.message, key.clone()).await? {
        expect_same(&known, &request.digest)?;
        return Ok(Admitted::Known(Box::new(known)));
    }
    // Of what begins later its caller would not hear.
    if left(state, exchange).is_zero() {
        let detail = "there was no time left for it: nothing was done; send it again";
        return Err(Problem::new(
            "deadline-exceeded",
            "It was not begun",
            StatusCode::GATEWAY_TIMEOUT,
            detail,
        ));
    }
    let checked = check(state, caller, request, id).await?;
    let Checked { request, target, order, operation: id } = checked;
    let new = NewOperation {
        id,
        principal,
        message: request.message,
        key,
        digest: request.digest.0,
        account: target.account,
        cloud: target.cloud,
        region: target.region,
        kind: request.kind,
        verb: request.spec.verb,
        resource: target.resource,
        sealed: state.operations.seal(id, &order)?,
    };
    let (owner, lease) = state.operations.lease();
    match state.store.operation_begin(new, owner, lease).await? {
        OperationStart::Existing(known) => {
            expect_same(&known, &request.digest)?;
            Ok(Admitted::Known(known))
        }
        OperationStart::New(held) => {
            let begun = state.store.operation_get(id).await?.ok_or_else(Problem::internal)?;
            Ok(Admitted::New(Box::new(begun), held))
        }
    }
}

/// Refuses a request that has the key of another one.
pub(super) fn expect_same(known: &Operation, digest: &Digest) -> Answer<()> {
    if known.digest != digest.0 {
        return Err(Problem::new(
            "key-of-another-request",
            "The idempotency key belongs to another request",
            StatusCode::UNPROCESSABLE_ENTITY,
            "the key was sent before with another request; take a new one for each",
        )
        .with_member("operation", operations::reference(known.id)));
    }
    Ok(())
}

/// A request that may be carried out.
struct Checked {
    request: Request,
    target: Target,
    order: Value,
    operation: OperationId,
}

async fn check(
    state: &Arc<Api>,
    caller: &Caller,
    mut request: Request,
    id: Option<ResourceId>,
) -> Answer<Checked> {
    let (kind, spec) = (request.kind, request.spec);
    let mut order = std::mem::take(&mut request.order);
    let target = match (request.target.take(), id) {
        (Some(target), _) => target,
        (None, None) => target::of_create(caller, &mut order)?,
        (None, Some(id)) => target::of_resource(state, caller, kind, id).await?,
    };
    target.expect(state, kind, spec.verb)?;
    let typed = Command::read(spec, order.clone()).map_err(faulty)?;
    let place = Place::seen_by(&caller.authority, target.cloud, target.region.clone(), target.account);
    let (named, mut faults) = engine::named(&state.store, &place, spec, &order).await?;
    let known: Option<Known> = match target.resource {
        Some(id) => place.known(&state.store, kind, id).await?,
        None => None,
    };
    faults.extend(named.check(&typed, known.as_ref()));
    let operation = OperationId::generate();
    if faults.is_empty() {
        let opened = state.operations.open(caller.claims.sub, target.account, target.cloud).await?;
        let marker = Marker { operation, ordinal: 1 };
        let step =
            Step { kind, verb: spec.verb, command: &typed, target: known.as_ref(), named: &named, marker };
        faults = opened.session.validate(&step);
        if faults.is_empty() {
            let count = order.get("count").and_then(Value::as_u64).unwrap_or(1);
            let spent = engine::spent_quota(&state.store, &place, kind, spec.verb, count).await?;
            if let Some((native_key, _)) = spent {
                // What the store has may be old; a refusal is worth a question.
                let quota = opened.session.get(&target.region, Quota::KIND, &native_key).await;
                if let Ok(Some(quota)) = quota {
                    faults.extend(Quota::excess(&quota.fields, kind.spec(), count));
                }
            }
        }
    }
    if !faults.is_empty() {
        return Err(faulty(faults));
    }
    Ok(Checked { request, target, order, operation })
}

/// The problem of an order with faults: each with its place, and nothing was sent.
pub(super) fn faulty(faults: Vec<FieldError>) -> Problem {
    let detail = match faults.first() {
        Some(fault) if !fault.pointer.is_empty() => format!("{} {}", fault.pointer, fault.detail),
        Some(fault) => fault.detail.clone(),
        None => String::new(),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Problem::new("invalid-command", "The order cannot be carried out", status, detail)
        .with_member("faults", serde_json::to_value(faults).unwrap_or_default())
}

/// How long a request may still be worked on.
fn left(state: &Api, exchange: Option<&Exchange>) -> Duration {
    let left = exchange.map(|exchange| exchange.deadline.since(state.clock.now()));
    left.map_or(UNHURRIED, |left| left.saturating_sub(MARGIN))
}

/// Waits until the operation is over, and takes it up if its process died; until shortly before the deadline.
pub(super) async fn wait(
    state: &Arc<Api>,
    exchange: Option<&Exchange>,
    standing: Standing,
) -> Answer<(Operation, Option<OneTimeOutput>)> {
    let until = tokio::time::Instant::now() + left(state, exchange);
    let (id, mut task) = match standing {
        Standing::Known(known) if known.is_over() => return Ok((*known, None)),
        Standing::Known(known) => (known.id, None),
        Standing::Started(id, task) => (id, Some(task)),
    };
    let mut told = None;
    loop {
        match task.take() {
            Some(mut running) => match tokio::time::timeout_at(until, &mut running).await {
                Ok(ended) => told = ended.ok().flatten().or(told),
                // It goes on without us.
                Err(_) => return Err(operations::late(id)),
            },
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
        let operation = state.store.operation_get(id).await?.ok_or_else(|| operations::late(id))?;
        if operation.is_over() {
            return Ok((operation, told));
        }
        if tokio::time::Instant::now() >= until {
            return Err(operations::late(id));
        }
        // By our clock, which may be off the database's: then another one takes it up, a moment later.
        if operation.due_at <= state.clock.now() {
            task = state.operations.take_up(id).await?;
        }
    }
}

/// An answer with the place of what was made.
pub(super) fn located(status: StatusCode, location: Option<String>, document: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    let mut response = (status, [(header::CONTENT_TYPE, json)], document).into_response();
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

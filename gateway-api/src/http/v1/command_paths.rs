//! The paths of all commands: routes, operations of the OpenAPI document and schemas of bodies.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, patch, post, put};
use gateway_bus::WorkClass;
use gateway_core::kind::{self, KindSpec, Verb, VerbSpec};
use serde_json::{Value, json};

use super::api_operation::{ApiOperation, reference};
use super::incoming::{Incoming, resource_id};
use super::{bulk, command, upload};
use crate::app::App;

/// Returns the path and the method of a verb.
fn path(spec: &KindSpec, verb: Verb) -> (String, &'static str) {
    let plural = spec.plural;
    match verb {
        Verb::Create => (format!("/v1/{plural}"), "post"),
        Verb::Update => (format!("/v1/{plural}/{{id}}"), "patch"),
        Verb::Delete => (format!("/v1/{plural}/{{id}}"), "delete"),
        Verb::Upload => (format!("/v1/{plural}/{{id}}/content"), "put"),
        action => (format!("/v1/{plural}/{{id}}/actions/{action}"), "post"),
    }
}

fn bulk_path(spec: &KindSpec, verb: Verb) -> String {
    format!("/v1/{}/actions/{verb}", spec.plural)
}

/// Adds the routes of all verbs of a kind.
pub(super) fn routes(spec: &'static KindSpec, router: Router<Arc<App>>) -> Router<Arc<App>> {
    spec.verbs.iter().fold(router, |router, verb| {
        let what = (spec.kind, verb);
        let (path, _) = path(spec, verb.verb);
        let router = match verb.bulk {
            false => router,
            true => router.route(
                &bulk_path(spec, verb.verb),
                post(move |state, incoming| bulk::handle(what, state, incoming)),
            ),
        };
        let create = move |State(app): State<Arc<App>>, incoming: Incoming| async move {
            command::handle(&app, what, None, incoming).await
        };
        let act = move |State(app): State<Arc<App>>, Path(id): Path<String>, incoming: Incoming| async move {
            command::handle(&app, what, Some(resource_id(&id)?), incoming).await
        };
        match verb.verb {
            Verb::Create => router.route(&path, post(create)),
            Verb::Update => router.route(&path, patch(act)),
            Verb::Delete => router.route(&path, delete(act)),
            Verb::Upload => {
                router.route(&path, put(move |state, id, incoming| upload::begin(what, state, id, incoming)))
            }
            _ => router.route(&path, post(act)),
        }
    })
}

/// Returns path, method and operation of every verb of a kind.
pub(super) fn operations(spec: &KindSpec) -> Vec<(String, &'static str, ApiOperation)> {
    let single = spec.verbs.iter().map(|verb| {
        let (path, method) = path(spec, verb.verb);
        let operation = match verb.verb {
            Verb::Upload => upload::operation(spec),
            _ => operation(spec, verb),
        };
        (path, method, operation)
    });
    let bulk = spec.verbs.iter().filter(|verb| verb.bulk);
    single
        .chain(bulk.map(|verb| (bulk_path(spec, verb.verb), "post", bulk::operation(spec, verb.verb))))
        .collect()
}

fn operation(spec: &KindSpec, verb: &VerbSpec) -> ApiOperation {
    let done = match verb.verb {
        Verb::Create => (201, "The resource is created"),
        _ => (200, "The command is done"),
    };
    let id = format!("{}_{}", verb.verb, spec.kind);
    let summary = format!("{}: {}", spec.summary, summary(verb.verb));
    let mut operation = ApiOperation::new(id, summary, WorkClass::Write)
        .header("idempotency-key", "A request with a key that was sent before is not done again")
        .header("prefer", "`respond-async`: answer at once, and name the operation")
        .answer(done.0, done.1, Some(reference("Outcome")))
        .answer(202, "The operation is accepted, and goes on", Some(accepted()))
        .problem(403, "The caller does not own the resource, or the cloud forbids it")
        .problem(
            409,
            "The state does not allow it; of a delete, `users` names the resources that use this one",
        )
        .problem(422, "The command is invalid; `errors` has a JSON pointer for each field that is wrong")
        .problem(501, "The cloud does not support it; `capability` names what is missing");
    if verb.verb != Verb::Create {
        operation = operation
            .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
            .problem(404, "There is no such resource, or the caller has no access to it");
    }
    operation = match body(verb) {
        Some((name, _)) => operation.body(&name),
        None => operation,
    };
    if verb.secret { operation.with_secrets() } else { operation }
}

fn summary(verb: Verb) -> String {
    match verb {
        Verb::Create => "create one".to_owned(),
        Verb::Update => "update one".to_owned(),
        Verb::Delete => "delete one".to_owned(),
        action => action.as_str().replace('_', " "),
    }
}

fn accepted() -> Value {
    json!({
        "type": "object",
        "required": ["operation"],
        "properties": { "operation": reference("OperationDocument") },
    })
}

/// Returns the name and the schema of a verb's body. A create's body also has the members of its placement.
fn body(verb: &VerbSpec) -> Option<(String, Value)> {
    let (name, mut schema) = all_schemas(verb)?.into_iter().next()?;
    if verb.verb == Verb::Create
        && let Some(properties) = schema["properties"].as_object_mut()
    {
        properties.extend(placement());
    }
    Some((name, schema))
}

/// Returns the schema of a verb's body, and the schemas that it names.
fn all_schemas(verb: &VerbSpec) -> Option<Vec<(String, Value)>> {
    let schemas = (verb.schema?)().into_iter();
    Some(schemas.map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect())
}

/// Returns the schemas of all bodies, each once.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut all = BTreeMap::new();
    for verb in kind::ALL.iter().flat_map(|spec| spec.verbs) {
        all.extend(all_schemas(verb).into_iter().flatten());
    }
    for verb in kind::ALL.iter().flat_map(|spec| spec.verbs) {
        all.extend(body(verb));
    }
    all.into_iter().collect()
}

/// Returns the members of every create's body that select cloud, region and account.
fn placement() -> [(String, Value); 3] {
    let text = |description: &str| json!({ "type": "string", "description": description });
    [
        (
            "cloud".to_owned(),
            text("Name of the cloud. Required only if the caller has access to more than one."),
        ),
        ("region".to_owned(), text("The region. Required only if the account can use more than one.")),
        (
            "account".to_owned(),
            text("The gateway's id of the account. Required only if the caller has access to more than one."),
        ),
    ]
}

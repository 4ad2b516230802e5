//! What can be done to each kind, as the OpenAPI document has it.

use std::collections::BTreeMap;

use gateway_bus::WorkClass;
use gateway_core::kind;
use gateway_core::kind::{KindSpec, Verb, VerbSpec};
use serde_json::{Value, json};

use super::operation::{Operation, reference};
use super::{bulk, upload};

/// Path, method and operation of every verb of a kind.
pub(super) fn operations(spec: &KindSpec) -> Vec<(String, &'static str, Operation)> {
    let one = format!("/v1/{}/{{id}}", spec.plural);
    spec.verbs
        .iter()
        .map(|verb| {
            if verb.verb == Verb::Upload {
                return (format!("{one}/content"), "put", upload::operation(spec));
            }
            let (path, method) = match verb.verb {
                Verb::Create => (format!("/v1/{}", spec.plural), "post"),
                Verb::Update => (one.clone(), "patch"),
                Verb::Delete => (one.clone(), "delete"),
                action => (format!("{one}/actions/{action}"), "post"),
            };
            (path, method, operation(spec, verb))
        })
        .chain(spec.verbs.iter().filter(|verb| verb.bulk).map(|verb| {
            let path = format!("/v1/{}/actions/{}", spec.plural, verb.verb);
            (path, "post", bulk::operation(spec, verb.verb))
        }))
        .collect()
}

fn operation(spec: &KindSpec, verb: &VerbSpec) -> Operation {
    let done = if verb.verb == Verb::Create { (201, "It is made") } else { (200, "It is done") };
    let id = format!("{}_{}", verb.verb, spec.kind);
    let summary = format!("{}: {}", spec.summary, words(verb.verb));
    let mut operation = Operation::new(id, summary, WorkClass::Write)
        .header("idempotency-key", "However often a request comes with this key, it is done once")
        .header("prefer", "`respond-async`: answer at once, and name the operation")
        .answer(done.0, done.1, Some(reference("Outcome")))
        .answer(202, "The operation is accepted, and goes on", Some(accepted()))
        .problem(403, "It belongs to somebody else, or the cloud does not allow it")
        .problem(409, "The present state does not allow it; of a delete, `users` names who uses it")
        .problem(
            422,
            "The order cannot be carried out; `faults` has a JSON pointer for each field that is wrong",
        )
        .problem(501, "The cloud cannot do this; `capability` names what it lacks");
    if verb.verb != Verb::Create {
        operation = operation
            .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
            .problem(404, "There is no such record, or the caller may not see it");
    }
    operation = match body_name(spec, verb) {
        Some(name) => operation.body(&name),
        None => operation,
    };
    if verb.secret { operation.with_secrets() } else { operation }
}

fn words(verb: Verb) -> String {
    match verb {
        Verb::Create => "make one".to_owned(),
        Verb::Update => "change what its owner wrote about it".to_owned(),
        Verb::Delete => "end one".to_owned(),
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

/// The schema of a verb's body. A create's says besides where it is to be made.
fn body_name(spec: &KindSpec, verb: &VerbSpec) -> Option<String> {
    let name = (verb.schema?)().into_iter().next()?.0;
    Some(match verb.verb {
        Verb::Create => format!("{}Order", record(spec)),
        _ => name,
    })
}

fn record(spec: &KindSpec) -> String {
    (spec.schema)().first().map(|(name, _)| format!("Create{name}")).unwrap_or_default()
}

/// The bodies, each once.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut all = BTreeMap::new();
    for spec in kind::ALL {
        for verb in spec.verbs {
            let Some(schemas) = verb.schema else { continue };
            let mut own = schemas()
                .into_iter()
                .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()));
            if verb.verb == Verb::Create
                && let Some((_, mut body)) = own.next()
            {
                if let Some(properties) = body["properties"].as_object_mut() {
                    properties.extend(place());
                }
                all.insert(format!("{}Order", record(spec)), body);
            }
            all.extend(own);
        }
    }
    all.into_iter().collect()
}

/// Members of every create: needed as far as more than one would do.
fn place() -> [(String, Value); 3] {
    let text = |words: &str| json!({ "type": "string", "description": words });
    [
        ("cloud".to_owned(), text("Name of the cloud, where the caller has proved accounts of several.")),
        ("region".to_owned(), text("The region, where the account can use several.")),
        (
            "account".to_owned(),
            text("The account, by the gateway's id, where the caller has proved several."),
        ),
    ]
}

//! The OpenAPI 3.1 document, generated from the operations and the registry of kinds.
//!
//! `openapi.json` is checked in: clients and the front's route table read it. A test fails if it differs from the
//! code; run that test with `GATEWAY_REWRITE=1` to write the file again.

use std::collections::BTreeMap;

use gateway_core::document::observation::Visibility;
use gateway_core::kind::Reference;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;

use crate::http::v1::{self, ApiOperation};

/// Returns the document.
pub fn document() -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (path, method, operation) in front_operations().into_iter().chain(v1::operations()) {
        paths.entry(path).or_default().insert(method.to_owned(), operation.into_value());
    }
    let mut schemas: BTreeMap<String, Value> = v1::schemas().into_iter().collect();
    schemas.insert("Problem".to_owned(), problem());
    schemas.insert("Resource".to_owned(), resource());
    for (name, schema) in [("Reference", Reference::schema()), ("Visibility", Visibility::schema())] {
        schemas.insert(name.to_owned(), serde_json::to_value(schema).unwrap_or_default());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cloud Gateway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One vocabulary for the resources of many clouds. Reads never wait for a cloud: every answer states the age of its data.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": v1::common_responses(),
            "headers": { "RequestId": {
                "description": "The id of the request, as the gateway's log lines and problems name it.",
                "schema": { "type": "string", "format": "uuid" },
            } },
            "securitySchemes": {
                "client": { "type": "http", "scheme": "basic", "description": "Id and secret of a registered client." },
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From POST /v1/check_credentials." },
            },
        },
    })
}

/// Returns the operations that the front serves without the bus.
fn front_operations() -> Vec<(String, &'static str, ApiOperation)> {
    let status =
        json!({ "type": "object", "required": ["status"], "properties": { "status": { "type": "string" } } });
    vec![
        (
            "/live".to_owned(),
            "get",
            ApiOperation::of_the_front("live", "Return whether the process runs").answer(
                200,
                "The process runs",
                Some(status.clone()),
            ),
        ),
        (
            "/ready".to_owned(),
            "get",
            ApiOperation::of_the_front("ready", "Return whether requests can be answered")
                .answer(200, "Requests can be answered", Some(status))
                .problem(
                    503,
                    "The broker, the handlers or their database do not answer; `detail` says which",
                ),
        ),
        (
            "/v1/openapi.json".to_owned(),
            "get",
            ApiOperation::of_the_front("openapi", "Return this document").answer(
                200,
                "OpenAPI 3.1",
                Some(json!({ "type": "object" })),
            ),
        ),
    ]
}

/// Returns the schema of a problem.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457. `type` is stable; a problem may have further members.",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "format": "uri-reference", "description": "The request's id." },
        },
    })
}

/// Returns the schema of the fields that resources of every kind have.
fn resource() -> Value {
    let time = json!({ "type": ["string", "null"], "format": "date-time" });
    let maybe = json!({ "type": ["string", "null"] });
    json!({
        "type": "object",
        "required": [
            "id", "kind", "version", "cloud", "region", "account", "external_id", "name", "state", "cloud_state",
            "owner", "visibility", "created_at", "updated_at", "changed_at", "tags", "actions", "links",
        ],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "kind": { "type": "string" },
            "version": { "type": "integer", "format": "int64", "description": "The number of changes of the record." },
            "cloud": { "type": "string", "description": "The name of the cloud." },
            "region": { "type": "string" },
            "account": { "type": "string", "description": "The id of the account that holds the record, or `global`." },
            "external_id": { "type": "string", "description": "The cloud's own id." },
            "name": { "type": "string" },
            "state": maybe,
            "cloud_state": { "type": ["string", "null"], "description": "The cloud's own word for the state." },
            "owner": { "type": ["string", "null"], "description": "The owning account, by the cloud's own id." },
            "visibility": { "$ref": "#/components/schemas/Visibility" },
            "created_at": time,
            "updated_at": time,
            "changed_at": { "type": "string", "format": "date-time", "description": "The time at which the gateway last saw a change." },
            "tags": { "type": "object", "additionalProperties": { "type": "string" } },
            "actions": { "type": "array", "items": { "type": "string" }, "description": "The verbs that the caller may use on it now." },
            "links": { "type": "object", "required": ["self"], "additionalProperties": { "type": "string" } },
            "cloud_data": { "description": "The cloud's own document, with `view=raw`." },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::routes::DOCUMENT;

    #[test]
    fn openapi_json_equals_the_code() {
        let text = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
        if std::env::var_os("GATEWAY_REWRITE").is_some() {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
            std::fs::write(file, &text).unwrap();
        } else {
            assert!(
                text == DOCUMENT,
                "openapi.json differs from the code; run this test with GATEWAY_REWRITE=1"
            );
        }
    }

    #[test]
    fn every_reference_resolves() {
        fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get("$ref").and_then(Value::as_str));
                    members.values().for_each(|value| walk(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut references = Vec::new();
        walk(&document, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_has_security_success_and_problems() {
        let document = document();
        let mut ids = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{method} {path}");
                ids.push(operation["operationId"].as_str().unwrap().to_owned());
                assert!(operation["security"].is_array(), "{name}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
                if operation["x-gateway-class"] != "front" {
                    for status in ["401", "500", "503", "504"] {
                        let response = &responses[status];
                        let common = response["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
                        let response = common.map_or(Some(response), |name| document.pointer(name)).unwrap();
                        let content = &response["content"];
                        assert!(content["application/problem+json"].is_object(), "{name}: {status}");
                    }
                }
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "operation ids are unique");
    }
}

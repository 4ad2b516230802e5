//! An operation of the OpenAPI document, described next to its handler.

use gateway_bus::WorkClass;
use gateway_core::Kind;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use crate::http::max_age::MAX_AGE;
use crate::http::problem::MEDIA_TYPE;
use crate::routes::Authentication;

/// The problems of every operation that handlers answer. The document has each once, because operations are many.
const COMMON_PROBLEMS: [(u16, &str, &str); 8] = [
    (400, "NotValid", "The request is not valid"),
    (401, "NotAuthenticated", "The token is missing, malformed, forged, expired or revoked"),
    (405, "OtherMethod", "The path does not take this method"),
    (413, "TooLarge", "The body is too large"),
    (500, "Internal", "Internal error"),
    (502, "BadReply", "The handler's reply could not be read"),
    (503, "NotAvailable", "Not available now; Retry-After says when to try again"),
    (504, "NoAnswer", "No answer in time"),
];

/// Returns the responses to which operations refer.
pub(crate) fn common_responses() -> Map<String, Value> {
    COMMON_PROBLEMS
        .iter()
        .map(|(_, name, description)| ((*name).to_owned(), problem_response(description)))
        .collect()
}

fn problem_response(description: &str) -> Value {
    json!({
        "description": description,
        "headers": { "x-request-id": reference_to_id() },
        "content": { (MEDIA_TYPE): { "schema": reference("Problem") } },
    })
}

/// An operation by its essential properties, from which the rest is derived.
#[derive(Clone, Debug)]
pub(crate) struct ApiOperation {
    id: String,
    summary: String,
    authentication: Authentication,
    class: Option<WorkClass>,
    secret: bool,
    streams: bool,
    forwards: bool,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
}

impl ApiOperation {
    /// Creates an operation that handlers answer. It requires a token by default.
    pub(crate) fn new(id: impl Into<String>, summary: impl Into<String>, class: WorkClass) -> Self {
        let operation = Self {
            id: id.into(),
            summary: summary.into(),
            authentication: Authentication::Bearer,
            class: Some(class),
            secret: false,
            streams: false,
            forwards: false,
            parameters: Vec::new(),
            body: None,
            responses: Map::new(),
        };
        COMMON_PROBLEMS.iter().fold(operation, |mut operation, (status, name, _)| {
            let response = json!({ "$ref": format!("#/components/responses/{name}") });
            operation.responses.insert(status.to_string(), response);
            operation
        })
    }

    /// Creates an operation that the front answers without authentication.
    pub(crate) fn of_the_front(id: &str, summary: &str) -> Self {
        let mut operation =
            Self::new(id, summary, WorkClass::Read).problem(405, "The path does not take this method");
        operation.authentication = Authentication::Anyone;
        operation.class = None;
        operation.responses.retain(|status, _| status == "405");
        operation
    }

    /// Requires client id and secret; its bodies hold secrets.
    #[must_use]
    pub(crate) fn for_clients(mut self) -> Self {
        self.authentication = Authentication::Basic;
        self.secret = true;
        self
    }

    #[must_use]
    pub(crate) fn query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema }))
    }

    /// Adds the query parameter `kind`.
    #[must_use]
    pub(crate) fn kind(self) -> Self {
        let names: Vec<_> = Kind::ALL.iter().copied().map(Kind::as_str).collect();
        self.query("kind", "Only of this kind", json!({ "type": "string", "enum": names }))
    }

    /// Adds the query parameter `max_age`.
    #[must_use]
    pub(crate) fn max_age(self) -> Self {
        let description = "Waits until every scope was listed within this time, such as `5s`, `500ms` or `2m`; one that \
                           could not be is named in `scopes`. Such a request has the work class `refresh`";
        self.query(MAX_AGE, description, json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m)?$" }))
    }

    /// Adds query parameters `tag.KEY=VALUE` with any key.
    #[must_use]
    pub(crate) fn tags(self, prefix: &str, most: usize) -> Self {
        self.parameter(json!({
            "name": "tags",
            "in": "query",
            "required": false,
            "description": format!("Only with these tags: `{prefix}KEY=VALUE`, {most} of them at most"),
            "style": "form",
            "explode": true,
            "schema": {
                "type": "object",
                "patternProperties": { (format!("^{}", prefix.replace('.', "\\."))): { "type": "string" } },
                "additionalProperties": false,
            },
        }))
    }

    /// Adds a request header.
    #[must_use]
    pub(crate) fn header(self, name: &str, description: &str) -> Self {
        let schema = json!({ "type": "string" });
        self.parameter(json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema }))
    }

    /// Marks the bodies as secret.
    #[must_use]
    pub(crate) fn with_secrets(mut self) -> Self {
        self.secret = true;
        self
    }

    #[must_use]
    pub(crate) fn required_query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({ "name": name, "in": "query", "required": true, "description": description, "schema": schema }))
    }

    #[must_use]
    pub(crate) fn path(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }))
    }

    fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    #[must_use]
    pub(crate) fn body(mut self, schema: &str) -> Self {
        let content = json!({ "application/json": { "schema": reference(schema) } });
        self.body = Some(json!({ "required": true, "content": content }));
        self
    }

    /// Takes content that the front streams to a cloud.
    #[must_use]
    pub(crate) fn content(mut self, media_type: &str) -> Self {
        self.forwards = true;
        let bytes = json!({ "type": "string", "format": "binary" });
        self.body = Some(json!({ "required": true, "content": { (media_type): { "schema": bytes } } }));
        self
    }

    #[must_use]
    pub(crate) fn answer(mut self, status: u16, description: &str, schema: Option<Value>) -> Self {
        let mut response =
            json!({ "description": description, "headers": { "x-request-id": reference_to_id() } });
        if let Some(schema) = schema {
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        self.responses.insert(status.to_string(), response);
        self
    }

    /// Adds a streamed response that is not JSON.
    #[must_use]
    pub(crate) fn stream(mut self, status: u16, description: &str, media_type: &str, schema: Value) -> Self {
        self.streams = true;
        let response = json!({
            "description": description,
            "headers": { "x-request-id": reference_to_id() },
            "content": { (media_type): { "schema": schema } },
        });
        self.responses.insert(status.to_string(), response);
        self
    }

    /// Adds `If-None-Match` and the headers of freshness. Call it after the response 200 is added.
    #[must_use]
    pub(crate) fn conditional(mut self) -> Self {
        let text = json!({ "type": "string" });
        self.parameters.push(json!({
            "name": "if-none-match", "in": "header", "required": false, "schema": text,
            "description": "ETags of answers that the client has",
        }));
        let headers = json!({
            "x-request-id": reference_to_id(),
            "etag": { "description": "Changes when something other than ages does.", "schema": text },
            "age": { "description": "Seconds since the oldest part was listed.", "schema": { "type": "integer" } },
            "link": { "description": "`rel=\"next\"`: the next page.", "schema": text },
        });
        if let Some(answer) = self.responses.get_mut("200") {
            answer["headers"] = headers.clone();
        }
        let known = json!({ "description": "The client has it", "headers": headers });
        self.responses.insert("304".to_owned(), known);
        self
    }

    #[must_use]
    pub(crate) fn problem(mut self, status: u16, description: &str) -> Self {
        self.responses.insert(status.to_string(), problem_response(description));
        self
    }

    /// Returns the operation object.
    pub(crate) fn into_value(self) -> Value {
        let security = match self.authentication {
            Authentication::Anyone => json!([{}]),
            Authentication::Basic => json!([{ "client": [] }]),
            Authentication::Bearer => json!([{ "token": [] }]),
        };
        let mut value = json!({
            "operationId": self.id,
            "summary": self.summary,
            "security": security,
            "responses": self.responses,
            "x-gateway-class": self.class.map_or("front", WorkClass::as_str),
        });
        if !self.parameters.is_empty() {
            value["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            value["requestBody"] = body;
        }
        if self.secret {
            value["x-gateway-secret"] = true.into();
        }
        if self.forwards {
            value["x-gateway-forwards"] = true.into();
        }
        if self.streams {
            value["x-gateway-streams"] = true.into();
        }
        value
    }
}

/// Returns a reference to a schema of the document.
pub(crate) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// Returns the name and the schema of a wire type.
pub(crate) fn schema_of<T: PartialSchema>(name: &str) -> (String, Value) {
    (name.to_owned(), serde_json::to_value(T::schema()).unwrap_or_default())
}

fn reference_to_id() -> Value {
    json!({ "$ref": "#/components/headers/RequestId" })
}

//! The route table: what front and handler know of the API, read once from the checked-in OpenAPI document.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, Method};
use gateway_bus::WorkClass;
use gateway_core::error::{Error, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The OpenAPI document as it is checked in; a test keeps it in step with the code.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

/// How an operation wants its caller to be authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    Anyone,
    /// Client id and secret.
    Basic,
    /// A token.
    Bearer,
}

/// What has to be known of an operation to pass it on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) authentication: Authentication,
    /// The queue; none for what the front answers by itself.
    pub(crate) class: Option<WorkClass>,
    /// Request and reply hold secrets in their bodies.
    pub(crate) secret: bool,
    /// The answer may go on: see [`crate::http::continuation`].
    pub(crate) streams: bool,
    /// The body is content that the front streams to a cloud: see [`crate::http::forwarding`].
    pub(crate) forwards: bool,
}

/// What a path and method lead to.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Operation(&'a Operation),
    /// The path exists; the methods that it takes.
    OtherMethod(&'a HeaderValue),
    Nothing,
}

#[derive(Debug)]
struct Route {
    /// `None` stands for a parameter: any one segment that is not empty.
    segments: Vec<Option<String>>,
    operations: Vec<(Method, Operation)>,
    allow: HeaderValue,
}

/// What is read of the document: a small part of it, and the rest is not kept in memory even for a moment.
#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, BTreeMap<String, Described>>,
}

/// What is read of an operation.
#[derive(Deserialize)]
struct Described {
    security: Vec<BTreeMap<String, IgnoredAny>>,
    #[serde(rename = "x-gateway-class")]
    class: String,
    #[serde(rename = "x-gateway-secret", default)]
    secret: bool,
    #[serde(rename = "x-gateway-streams", default)]
    streams: bool,
    #[serde(rename = "x-gateway-forwards", default)]
    forwards: bool,
}

/// Every path of the API.
#[derive(Debug)]
pub(crate) struct RouteTable(Vec<Route>);

impl RouteTable {
    /// The table of this build.
    ///
    /// # Errors
    /// Internal, for a document that is none: the test of the document is there to keep that from happening.
    pub(crate) fn of_this_build() -> Result<Self> {
        Self::parse(DOCUMENT)
    }

    fn parse(document: &str) -> Result<Self> {
        let document: Document = serde_json::from_str(document).map_err(Error::internal)?;
        let paths = document.paths.iter();
        let mut routes = paths.map(|(path, item)| Route::parse(path, item)).collect::<Result<Vec<_>>>()?;
        // A literal segment wins over a parameter.
        routes.sort_by_key(|route| route.segments.iter().filter(|segment| segment.is_none()).count());
        Ok(Self(routes))
    }

    /// Finds the operation. `HEAD` is found as `GET`.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let Some(route) = self.0.iter().find(|route| route.matches(path)) else { return Found::Nothing };
        match route.operations.iter().find(|(taken, _)| taken == method) {
            Some((_, operation)) => Found::Operation(operation),
            None => Found::OtherMethod(&route.allow),
        }
    }
}

impl Route {
    fn parse(path: &str, item: &BTreeMap<String, Described>) -> Result<Self> {
        let segments =
            path.split('/').map(|text| (!text.starts_with('{')).then(|| text.to_owned())).collect();
        let mut operations = Vec::new();
        for (method, operation) in item {
            let method =
                Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|_| broken(path))?;
            operations.push((method, Operation::parse(operation).ok_or_else(|| broken(path))?));
        }
        let mut allow: Vec<_> = operations.iter().map(|(method, _)| method.as_str()).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        let allow = HeaderValue::from_str(&allow.join(", ")).map_err(Error::internal)?;
        Ok(Self { segments, operations, allow })
    }

    fn matches(&self, path: &str) -> bool {
        let mut given = path.split('/');
        self.segments.iter().all(|segment| match (segment, given.next()) {
            (Some(literal), Some(text)) => literal == text,
            (None, Some(text)) => !text.is_empty(),
            (_, None) => false,
        }) && given.next().is_none()
    }
}

impl Operation {
    fn parse(operation: &Described) -> Option<Self> {
        let authentication = match operation.security.first()?.keys().next().map(String::as_str) {
            None => Authentication::Anyone,
            Some("client") => Authentication::Basic,
            Some("token") => Authentication::Bearer,
            Some(_) => return None,
        };
        let class = match operation.class.as_str() {
            "front" => None,
            word => Some(WorkClass::ALL.into_iter().find(|class| class.as_str() == word)?),
        };
        let Described { secret, streams, forwards, .. } = *operation;
        Some(Self { authentication, class, secret, streams, forwards })
    }
}

fn broken(part: &str) -> Error {
    Error::internal(format!("the OpenAPI document cannot be used: {part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(found: &Found<'_>) -> Option<WorkClass> {
        match found {
            Found::Operation(operation) => operation.class,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_are_found_with_what_they_want() {
        let table = RouteTable::of_this_build().unwrap();
        let id = "/v1/instances/0b9c4b5e-0000-5000-8000-000000000000";
        assert_eq!(class(&table.find(&Method::GET, id)), Some(WorkClass::Read));
        assert_eq!(class(&table.find(&Method::HEAD, "/v1/instances")), Some(WorkClass::Read));
        assert_eq!(class(&table.find(&Method::DELETE, "/v1/token")), Some(WorkClass::Write));
        assert_eq!(class(&table.find(&Method::GET, "/live")), None);
        match table.find(&Method::POST, "/v1/check_credentials") {
            Found::Operation(operation) => {
                assert!(operation.secret);
                assert_eq!(operation.authentication, Authentication::Basic);
                assert_eq!(operation.class, Some(WorkClass::Check));
            }
            other => panic!("{other:?}"),
        }
        for path in ["/v1/instances/", "/v1/instances/a/b", "/v1", "/", "", "//v1/instances", "/v1/instance"]
        {
            assert!(matches!(table.find(&Method::GET, path), Found::Nothing), "{path}");
        }
        match table.find(&Method::PUT, "/v1/instances") {
            Found::OtherMethod(allow) => assert_eq!(allow, "GET, POST, HEAD"),
            other => panic!("{other:?}"),
        }
    }
}

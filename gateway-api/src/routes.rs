//! The route table of front and handler, read from the checked-in OpenAPI document.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, Method};
use gateway_bus::WorkClass;
use gateway_core::error::{Error, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The checked-in OpenAPI document; a test compares it with the code.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

/// The authentication that an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    Anyone,
    /// Client id and secret.
    Basic,
    /// A token.
    Bearer,
}

/// The properties of an operation that front and handler need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) authentication: Authentication,
    /// The work class; none for operations that the front serves without the bus.
    pub(crate) class: Option<WorkClass>,
    /// The bodies of request and reply hold secrets.
    pub(crate) secret: bool,
    /// The answer may have several parts: see [`crate::http::continuation`].
    pub(crate) streams: bool,
    /// The front streams the body to a cloud: see [`crate::http::forwarding`].
    pub(crate) forwards: bool,
    /// The template of the path, which names the route in metrics.
    pub(crate) template: &'static str,
}

/// The result of a search by path and method.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Operation(&'a Operation),
    /// The path exists, with these methods only.
    OtherMethod(&'a HeaderValue),
    Nothing,
}

impl Found<'_> {
    /// Returns the template of the operation's path.
    pub(crate) fn template(&self) -> Option<&'static str> {
        match self {
            Self::Operation(operation) => Some(operation.template),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Route {
    /// The segments of the path; none for a parameter, which matches any segment that is not empty.
    segments: Vec<Option<String>>,
    operations: Vec<(Method, Operation)>,
    allow: HeaderValue,
}

/// The part of the document that the table needs. The rest is skipped while parsing.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    paths: BTreeMap<&'a str, BTreeMap<String, Described>>,
}

/// The part of an operation that the table needs.
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

/// The routes of every path of the API.
#[derive(Debug)]
pub(crate) struct RouteTable(Vec<Route>);

impl RouteTable {
    /// Reads the table of this build.
    ///
    /// # Errors
    /// Internal if the document cannot be parsed, which its test rules out.
    pub(crate) fn of_this_build() -> Result<Self> {
        Self::parse(DOCUMENT)
    }

    fn parse(document: &'static str) -> Result<Self> {
        let document: Document<'static> = serde_json::from_str(document).map_err(Error::internal)?;
        let paths = document.paths.iter();
        let mut routes = paths.map(|(path, item)| Route::parse(path, item)).collect::<Result<Vec<_>>>()?;
        // Literal segments take precedence over parameters.
        routes.sort_by_key(|route| route.segments.iter().filter(|segment| segment.is_none()).count());
        Ok(Self(routes))
    }

    /// Finds the operation of a method and path. `HEAD` finds `GET`.
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
    fn parse(path: &'static str, item: &BTreeMap<String, Described>) -> Result<Self> {
        let segments =
            path.split('/').map(|text| (!text.starts_with('{')).then(|| text.to_owned())).collect();
        let mut operations = Vec::new();
        for (method, operation) in item {
            let method =
                Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|_| broken(path))?;
            operations.push((method, Operation::parse(path, operation).ok_or_else(|| broken(path))?));
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
    fn parse(template: &'static str, operation: &Described) -> Option<Self> {
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
        Some(Self { authentication, class, secret, streams, forwards, template })
    }
}

fn broken(part: &str) -> Error {
    Error::internal(format!("the OpenAPI document cannot be parsed at `{part}`"))
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
    fn paths_are_found_with_class_and_authentication() {
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

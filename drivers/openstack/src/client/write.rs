//! Writes: each is sent once, and a refusal contains the service's own message.

use driver_kit::{HeaderValue, Method, Request, Response, header};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use serde_json::Value;

use super::{AUTH_TOKEN, Client, Login, fresh_token_refused};
use crate::microversion::{self, Microversion};
use crate::service::Service;
use crate::{error, paging};

/// A request that changes something at a service.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    method: Method,
    service: Service,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Value>,
    content_type: HeaderValue,
    /// The newest microversion that still has the operation.
    newest: Option<Microversion>,
    /// The expected revision number of the resource, at Neutron.
    revision: Option<u64>,
}

impl<'a> Write<'a> {
    fn new(method: Method, service: Service, path: &'a [&'a str], body: Option<Value>) -> Self {
        let content_type = HeaderValue::from_static("application/json");
        Self { method, service, path, query: &[], body, content_type, newest: None, revision: None }
    }

    pub(crate) fn post(service: Service, path: &'a [&'a str], body: Value) -> Self {
        Self::new(Method::POST, service, path, Some(body))
    }

    pub(crate) fn put(service: Service, path: &'a [&'a str], body: Value) -> Self {
        Self::new(Method::PUT, service, path, Some(body))
    }

    pub(crate) fn patch(service: Service, path: &'a [&'a str], body: Value) -> Self {
        Self::new(Method::PATCH, service, path, Some(body))
    }

    pub(crate) fn delete(service: Service, path: &'a [&'a str]) -> Self {
        Self::new(Method::DELETE, service, path, None)
    }

    /// Sets the query parameters.
    #[must_use]
    pub(crate) fn with(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    /// Sets the content type, if it is not plain JSON.
    #[must_use]
    pub(crate) fn content_type(self, content_type: &'static str) -> Self {
        Self { content_type: HeaderValue::from_static(content_type), ..self }
    }

    /// Limits the microversion: later ones lack the operation.
    #[must_use]
    pub(crate) fn at_most(self, newest: Microversion) -> Self {
        Self { newest: Some(newest), ..self }
    }

    /// Makes the write conditional on the resource's revision number.
    #[must_use]
    pub(crate) fn if_revision(self, revision: u64) -> Self {
        Self { revision: Some(revision), ..self }
    }
}

/// A service's answer to a write.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response,
    /// The cloud's own id of the request.
    pub(crate) request_id: Option<String>,
}

impl Answer {
    /// Returns the document in the answer, below `key` if there is one.
    pub(crate) fn document(&self, key: Option<&str>) -> Result<Value> {
        paging::read_one(&self.response, key)
    }

    /// Returns the id of the created resource.
    pub(crate) fn id(&self, key: Option<&str>) -> Result<String> {
        self.text(key, "id")
    }

    /// Returns a member that identifies the created resource.
    pub(crate) fn text(&self, key: Option<&str>, name: &str) -> Result<String> {
        let document = self.document(key)?;
        document[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
            let message = format!("{} answered a create without `{name}`", self.response.endpoint);
            Error::new(ErrorKind::WrongDocument, message)
        })
    }

    /// Returns the last segment of the `Location` header.
    pub(crate) fn location(&self) -> Option<&str> {
        self.response.header(&header::LOCATION)?.trim_end_matches('/').rsplit('/').next()
    }
}

impl Client {
    /// Sends a write once. A refused token is renewed once: services check it before they change anything.
    pub(crate) async fn write(&self, region: &Region, write: Write<'_>) -> Result<Answer> {
        let login = self.login().await.map_err(Error::untouched)?;
        match self.write_as(&login, region, &write).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {}
            other => return other,
        }
        let login = self.login_after_refusal_of(&login).await.map_err(Error::untouched)?;
        self.write_as(&login, region, &write).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => fresh_token_refused(error).untouched(),
            _ => error,
        })
    }

    async fn write_as(&self, login: &Login, region: &Region, write: &Write<'_>) -> Result<Answer> {
        let target = self.target(login, region, write.service).await.map_err(Error::untouched)?;
        let url = target.url(write.path, write.query)?;
        let mut request = match &write.body {
            Some(body) => Request::json(write.method.clone(), url, body),
            None => Request::new(write.method.clone(), url),
        };
        if let Some(at) = request.headers.iter().position(|(name, _)| *name == header::CONTENT_TYPE) {
            request.headers[at].1 = write.content_type.clone();
        }
        request.headers.extend(match (target.version, write.newest) {
            (Some(version), Some(newest)) if version > newest => microversion::headers(write.service, newest),
            _ => target.headers.clone(),
        });
        if let Some(revision) = write.revision {
            let revision = HeaderValue::try_from(format!("revision_number={revision}"));
            request = request.header(header::IF_MATCH, revision.map_err(Error::internal)?);
        }
        let request = request.secret_header(AUTH_TOKEN, login.token.expose())?.explain(error::explain_write);
        let (response, clock) = self.http.send_write(request.only_once()).await?;
        if let Some(clock) = clock {
            tracing::warn!(error = %clock.chain(), "clock of a write's answer is too far off");
        }
        let request_id = error::request_id(&response);
        Ok(Answer { response, request_id })
    }
}

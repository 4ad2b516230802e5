//! Writes: each is sent once, and a refusal comes with the service's own words.

use driver_kit::{HeaderValue, Method, Request, Response, header};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use serde_json::Value;

use super::{AUTH_TOKEN, Connection, Login, refused_anew};
use crate::catalog::Service;
use crate::version::{self, Microversion};
use crate::{paging, refusal};

/// Something that a service is told to do.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    method: Method,
    service: Service,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Value>,
    content_type: HeaderValue,
    /// The newest microversion in which the service still does it.
    newest: Option<Microversion>,
    /// The revision of what is written, by Neutron's count.
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

    /// With parameters.
    #[must_use]
    pub(crate) fn with(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    /// The form of the body, where it is not plain JSON.
    #[must_use]
    pub(crate) fn of_type(self, content_type: &'static str) -> Self {
        Self { content_type: HeaderValue::from_static(content_type), ..self }
    }

    /// Asked for in no newer microversion: the service gave it up after that one.
    #[must_use]
    pub(crate) fn no_newer_than(self, newest: Microversion) -> Self {
        Self { newest: Some(newest), ..self }
    }

    /// Refused unless what is written is still of that revision.
    #[must_use]
    pub(crate) fn only_at(self, revision: u64) -> Self {
        Self { revision: Some(revision), ..self }
    }
}

/// What a service said to a write.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response,
    /// The cloud's own id of the request.
    pub(crate) request_id: Option<String>,
}

impl Answer {
    /// What the answer tells, out of what is around it.
    pub(crate) fn document(&self, around: Option<&str>) -> Result<Value> {
        paging::read_one(&self.response, around)
    }

    /// Id of what was made.
    pub(crate) fn id(&self, around: Option<&str>) -> Result<String> {
        self.text(around, "id")
    }

    /// A member that says what was made.
    pub(crate) fn text(&self, around: Option<&str>, name: &str) -> Result<String> {
        let document = self.document(around)?;
        document[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
            let message = format!("{} does not say what it made", self.response.endpoint);
            Error::new(ErrorKind::WrongDocument, message)
        })
    }

    /// The last part of where it says that something is.
    pub(crate) fn location(&self) -> Option<&str> {
        self.response.header(&header::LOCATION)?.trim_end_matches('/').rsplit('/').next()
    }
}

impl Connection {
    /// Sends a write once. A token that the service does not take, which comes before all else, is renewed once.
    pub(crate) async fn write(&self, region: &Region, write: Write<'_>) -> Result<Answer> {
        let login = self.login().await.map_err(Error::untouched)?;
        match self.write_as(&login, region, &write).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {}
            other => return other,
        }
        let login = self.login_instead_of(&login).await.map_err(Error::untouched)?;
        self.write_as(&login, region, &write).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => refused_anew(error).untouched(),
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
            (Some(version), Some(newest)) if version > newest => version::headers(write.service, newest),
            _ => target.headers.clone(),
        });
        if let Some(revision) = write.revision {
            let revision = HeaderValue::try_from(format!("revision_number={revision}"));
            request = request.header(header::IF_MATCH, revision.map_err(Error::internal)?);
        }
        let request = request.secret_header(AUTH_TOKEN, login.token.expose())?.explain(refusal::explain);
        let (response, clock) = self.http.send_write(request.only_once()).await?;
        if let Some(clock) = clock {
            tracing::warn!(error = %clock.chain(), "a write was answered by a clock too far off");
        }
        let request_id = refusal::request_id(&response);
        Ok(Answer { response, request_id })
    }

    /// The microversion that a service is spoken to in; none where it has no such thing.
    pub(crate) async fn microversion(
        &self,
        region: &Region,
        service: Service,
    ) -> Result<Option<Microversion>> {
        let login = self.login().await?;
        Ok(self.target(&login, region, service).await?.version)
    }
}

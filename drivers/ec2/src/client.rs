//! Client of the Query API: signs and sends requests, and parses the answers.

use std::sync::Arc;
use std::time::Duration;

use driver_kit::{CloudHttp, Request};
use gateway_core::driver::{CloudSpec, Notice, SessionContext};
use gateway_core::{ErrorKind, Result};

use crate::auth::authorize;
use crate::config::{Endpoints, Options, Service};
use crate::error::{explain, open_answer};
use crate::form::Form;
use crate::signature::{AccessKey, SigningScope, Unsigned};
use crate::xml::{Element, wrong_document};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Age at which a failed call is signed again, because clouds accept a signature for about five minutes. A lower value
/// signs more often than needed; a higher one fails calls that waited long for their turn.
const STALE: Duration = Duration::from_secs(120);

/// A client of one cloud with one access key.
#[derive(Debug)]
pub(crate) struct Client {
    http: CloudHttp,
    key: AccessKey,
    endpoints: Endpoints,
}

impl Client {
    /// Creates a client without calling the cloud.
    ///
    /// # Errors
    /// Invalid, when the registration cannot work.
    pub(crate) fn new(
        cloud: &CloudSpec,
        options: &Options,
        key: AccessKey,
        context: SessionContext,
    ) -> Result<Self> {
        let endpoints = Endpoints::read(cloud, options)?;
        // The STS endpoint follows from the registration alone, so its host is as trusted as EC2's.
        let mut cloud = cloud.clone();
        let sts = endpoints.url(Service::Sts, endpoints.home())?;
        cloud.allowed_hosts.extend(sts.host_str().map(ToOwned::to_owned));
        Ok(Self { http: CloudHttp::new(Arc::new(cloud), context)?, key, endpoints })
    }

    /// Reads from EC2 in a region.
    ///
    /// # Errors
    /// The cloud's error, or the reason why it was not reached.
    pub(crate) async fn read(&self, region: &str, form: Form) -> Result<Element> {
        self.call(Service::Ec2, region, form, Purpose::Read).await
    }

    /// Changes something at EC2 in a region. The call is posted once, unless the cloud certainly did not accept it.
    ///
    /// # Errors
    /// See [`Self::read`]; the error has the cloud's own words.
    pub(crate) async fn write(&self, region: &str, form: Form) -> Result<Element> {
        self.call(Service::Ec2, region, form, Purpose::Write).await
    }

    /// Reads data that is the same in every region from the home region.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub(crate) async fn read_at_home(&self, service: Service, form: Form) -> Result<Element> {
        self.call(service, self.endpoints.home(), form, Purpose::Read).await
    }

    /// Returns the notices about the endpoints.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.http.notices()
    }

    async fn call(&self, service: Service, region: &str, form: Form, purpose: Purpose) -> Result<Element> {
        let signed_at = self.http.link().now();
        let first = self.send(service, region, &form, purpose).await;
        let is_stale = self.http.link().now().since(signed_at) > STALE;
        match first {
            Err(error)
                if is_stale
                    && error.kind() == ErrorKind::Unavailable
                    && (purpose == Purpose::Read || error.changed_nothing()) =>
            {
                self.send(service, region, &form, purpose).await
            }
            result => result,
        }
    }

    async fn send(&self, service: Service, region: &str, form: &Form, purpose: Purpose) -> Result<Element> {
        let url = self.endpoints.url(service, region)?;
        let body = form.body(service.version());
        let scope = SigningScope { region, service: service.name(), time: self.http.link().now() };
        let request = Request::post(url.clone(), FORM, body.clone()).explain(explain);
        let unsigned =
            Unsigned { method: "POST", url: &url, content_type: Some(FORM), body: body.as_bytes() };
        let request = authorize(request, &self.key, scope, unsigned)?;
        let response = match purpose {
            Purpose::Read => self.http.send(request.idempotent()).await?,
            // A clock that is off does not undo a change, so the clock check of the answer is left out.
            Purpose::Write => self.http.send_write(request.only_once()).await?.0,
        };
        open_answer(form.action(), &response)
    }
}

/// Kind of a call, which decides whether it may be sent twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Write,
}

/// Returns the token of the page that follows an answer, if there is one.
///
/// # Errors
/// `WrongDocument`, when it is the token that this answer was requested with: following it would never end.
pub(crate) fn next_token(answer: &Element, current: Option<&str>) -> Result<Option<String>> {
    match answer.text_at(&["nextToken"]) {
        None => Ok(None),
        next if next == current => Err(wrong_document("the same page token again")),
        next => Ok(next.map(ToOwned::to_owned)),
    }
}

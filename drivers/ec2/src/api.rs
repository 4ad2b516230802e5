//! One signed call of the Query API.

use std::sync::Arc;
use std::time::Duration;

use driver_kit::{CloudHttp, HeaderName, Request, header};
use gateway_core::driver::{CloudSpec, Notice, SessionContext};
use gateway_core::{Error, ErrorKind, Result};

use crate::failure::{explain, open_answer};
use crate::form::Form;
use crate::options::{Endpoints, Options, Service};
use crate::signature::{AccessKey, SigningScope, Unsigned, sign};
use crate::xml::Element;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Clouds take a signature for about five minutes. When a call fails after it waited this long for its
/// turn, age may be why, and it is signed anew: lower signs needlessly, higher fails needlessly.
const STALE: Duration = Duration::from_secs(120);

/// Sends calls with one key.
#[derive(Debug)]
pub(crate) struct Api {
    http: CloudHttp,
    key: AccessKey,
    endpoints: Endpoints,
}

impl Api {
    /// Prepares; calls no one.
    ///
    /// # Errors
    /// Invalid, when the registration cannot work.
    pub(crate) fn new(
        cloud: &CloudSpec,
        options: &Options,
        key: AccessKey,
        link: SessionContext,
    ) -> Result<Self> {
        let endpoints = Endpoints::read(cloud, options)?;
        // Where STS is follows from the registration alone, so that its host is as allowed as EC2's.
        let mut cloud = cloud.clone();
        let sts = endpoints.url(Service::Sts, endpoints.home())?;
        cloud.allowed_hosts.extend(sts.host_str().map(ToOwned::to_owned));
        Ok(Self { http: CloudHttp::new(Arc::new(cloud), link)?, key, endpoints })
    }

    /// Calls a regional action.
    ///
    /// # Errors
    /// What the cloud answered, or what stood in the way.
    pub(crate) async fn ec2(&self, region: &str, form: Form) -> Result<Element> {
        self.call(Service::Ec2, region, form, Purpose::Read).await
    }

    /// Calls a regional action that changes something: posted once, unless it certainly was not taken.
    ///
    /// # Errors
    /// As [`Self::ec2`]; the cloud's own words come along.
    pub(crate) async fn write(&self, region: &str, form: Form) -> Result<Element> {
        self.call(Service::Ec2, region, form, Purpose::Change).await
    }

    /// Calls an action that is the same in every region.
    ///
    /// # Errors
    /// As [`Self::ec2`].
    pub(crate) async fn at_home(&self, service: Service, form: Form) -> Result<Element> {
        self.call(service, self.endpoints.home(), form, Purpose::Read).await
    }

    /// What an operator should know of the endpoints.
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
        let unsigned =
            Unsigned { method: "POST", url: &url, content_type: Some(FORM), body: body.as_bytes() };
        let signed = sign(&self.key, scope, unsigned)?;
        let mut request = Request::post(url, FORM, body)
            .explain(explain)
            .header(HeaderName::from_static("x-amz-date"), signed.date.parse().map_err(Error::internal)?)
            .secret_header(header::AUTHORIZATION, &signed.authorization)?;
        if let Some(token) = &signed.token {
            request =
                request.secret_header(HeaderName::from_static("x-amz-security-token"), token.expose())?;
        }
        let response = match purpose {
            Purpose::Read => self.http.send(request.idempotent()).await?,
            // A clock that is off does not undo what the cloud has done.
            Purpose::Change => self.http.send_write(request.only_once()).await?.0,
        };
        open_answer(form.action(), &response)
    }
}

/// Whether sending a call twice does no harm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Change,
}

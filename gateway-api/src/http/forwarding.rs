//! Content that goes by the front to a cloud: what the handler tells the front, and what the front tells back.

use axum::http::HeaderName;
use gateway_core::driver::{Forward, Forwarded};
use gateway_core::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::error::UploadParty;

/// The header of a reply that holds an [`Errand`], sealed: content goes on by the front.
pub(crate) const FORWARD: HeaderName = HeaderName::from_static("gateway-forward");

/// Where the content goes, and to whom the front tells what became of it. It has no `Debug`: a token is in it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Errand {
    method: String,
    url: String,
    headers: Vec<(String, Zeroizing<String>)>,
    content_type: String,
    allow_plaintext: bool,
    /// The path of the reports. The front's own table of routes does not have it.
    pub(crate) report_to: String,
    /// Proves that a report is from who was given the errand.
    pub(crate) ticket: String,
    /// How often the front says that it is still at it.
    pub(crate) report_every_milliseconds: u64,
}

impl Errand {
    pub(crate) fn new(
        forward: Forward,
        report_to: String,
        ticket: String,
        every: std::time::Duration,
    ) -> Self {
        let open = |(name, value): (String, Secret)| (name, Zeroizing::new(value.expose().to_owned()));
        Self {
            method: forward.method,
            url: forward.url,
            headers: forward.headers.into_iter().map(open).collect(),
            content_type: forward.content_type,
            allow_plaintext: forward.allow_plaintext,
            report_to,
            ticket,
            report_every_milliseconds: every.as_millis() as u64,
        }
    }

    /// As the driver said it.
    pub(crate) fn forward(&self) -> Forward {
        let secret =
            |(name, value): &(String, Zeroizing<String>)| (name.clone(), Secret::new(value.as_str()));
        Forward {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.iter().map(secret).collect(),
            content_type: self.content_type.clone(),
            allow_plaintext: self.allow_plaintext,
        }
    }
}

/// What the front tells of an upload: that it goes on, or how it ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) ticket: String,
    /// Bytes of the content that went on so far.
    pub(crate) sent: u64,
    pub(crate) end: Option<End>,
}

/// How an upload ended, as far as the front knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum End {
    /// The cloud answered.
    Answered { endpoint: String, status: u16, headers: Vec<(String, String)>, body: String },
    /// It broke off; `whole` when all of the content had gone on by then.
    Broken { by: UploadParty, why: String, whole: bool },
}

impl From<Forwarded> for End {
    fn from(answer: Forwarded) -> Self {
        let Forwarded { endpoint, status, headers, body } = answer;
        Self::Answered { endpoint, status, headers, body }
    }
}

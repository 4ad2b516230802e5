//! Forwarded content: the instruction of a handler to a front that streams an upload, and the front's reports.

use std::time::Duration;

use axum::http::HeaderName;
use gateway_core::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::error::UploadParty;
use crate::app::operation::{Forward, UploadEnd};

/// The header of a reply with a sealed [`ForwardInstruction`].
pub(crate) const FORWARD: HeaderName = HeaderName::from_static("gateway-forward");

/// The destination of the content, and the path of the reports. It has no `Debug`, because it holds a token.
#[derive(Serialize, Deserialize)]
pub(crate) struct ForwardInstruction {
    method: String,
    url: String,
    headers: Vec<(String, Zeroizing<String>)>,
    content_type: String,
    allow_plaintext: bool,
    /// The path of the reports, which is not in the front's route table.
    pub(crate) report_to: String,
    /// Proof that a report comes from the front that got the instruction.
    pub(crate) ticket: String,
    /// Time between two reports.
    pub(crate) report_every_milliseconds: u64,
}

impl ForwardInstruction {
    /// Creates the instruction for one upload.
    pub(crate) fn new(forward: Forward, report_to: String, ticket: String, every: Duration) -> Self {
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

    /// Returns the destination as the driver gave it.
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

/// A front's report of an upload.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) ticket: String,
    /// Bytes of the content that were streamed so far.
    pub(crate) sent: u64,
    /// The end of the upload; none while it goes on.
    pub(crate) end: Option<End>,
}

/// The end of an upload, as far as the front knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum End {
    /// The cloud answered.
    Answered { endpoint: String, status: u16, headers: Vec<(String, String)>, body: String },
    /// The stream broke off; `whole` if the cloud had all of the content by then.
    Broken { by: Party, why: String, whole: bool },
}

/// The side on which an upload broke off.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Party {
    /// The client stopped sending.
    Client,
    /// The client sent more than the limit.
    Limit,
    /// The cloud.
    Cloud,
    /// The gateway.
    Gateway,
}

impl From<End> for UploadEnd {
    fn from(end: End) -> Self {
        match end {
            End::Answered { endpoint, status, headers, body } => {
                Self::Answered { endpoint, status, headers, body }
            }
            End::Broken { by, why, whole } => Self::Broken { by: by.into(), why, whole },
        }
    }
}

impl From<Party> for UploadParty {
    fn from(party: Party) -> Self {
        match party {
            Party::Client => Self::Client,
            Party::Limit => Self::Limit,
            Party::Cloud => Self::Cloud,
            Party::Gateway => Self::Gateway,
        }
    }
}

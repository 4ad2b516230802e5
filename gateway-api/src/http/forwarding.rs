//! Forwarded content: the instruction of a handler to a front that streams an upload, and the front's reports.

use std::time::Duration;

use axum::http::HeaderName;
use gateway_core::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use crate::app::error::UploadParty;
use crate::app::operation::Forward;
pub(crate) use crate::app::operation::UploadEnd;

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
    pub(crate) end: Option<UploadEnd>,
}

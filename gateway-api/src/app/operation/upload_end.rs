//! The end of an upload, as the front that streamed it reports.

use gateway_core::driver::Forwarded;
use serde::{Deserialize, Serialize};

use crate::app::error::UploadParty;

/// The end of an upload, as far as the front knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum UploadEnd {
    /// The cloud answered.
    Answered { endpoint: String, status: u16, headers: Vec<(String, String)>, body: String },
    /// The stream broke off; `whole` if the cloud had all of the content by then.
    Broken { by: UploadParty, why: String, whole: bool },
}

impl From<Forwarded> for UploadEnd {
    fn from(answer: Forwarded) -> Self {
        let Forwarded { endpoint, status, headers, body } = answer;
        Self::Answered { endpoint, status, headers, body }
    }
}

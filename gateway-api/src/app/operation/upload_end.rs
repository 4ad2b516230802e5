//! The end of an upload, as the front that streamed it reports.

use crate::app::error::UploadParty;

/// The end of an upload, as far as the front knows.
#[derive(Clone, Debug)]
pub(crate) enum UploadEnd {
    /// The cloud answered.
    Answered { endpoint: String, status: u16, headers: Vec<(String, String)>, body: String },
    /// The stream broke off; `whole` if the cloud had all of the content by then.
    Broken { by: UploadParty, why: String, whole: bool },
}

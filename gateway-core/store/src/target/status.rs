//! The status of poll targets.

use gateway_core::error::Result;

use crate::db::corrupt;

/// The result of the last attempts to list a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetStatus {
    /// Not listed yet.
    Pending,
    /// The last listing was whole.
    Fresh,
    /// The last attempt failed.
    Failed,
    /// Not polled for now: the cloud's clock is off, or no grant allows it.
    Suspended,
    /// The credential may not list it.
    Forbidden,
}

impl TargetStatus {
    const ALL: [Self; 5] = [Self::Pending, Self::Fresh, Self::Failed, Self::Suspended, Self::Forbidden];

    /// Returns the word in the store and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Fresh => "fresh",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Forbidden => "forbidden",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| corrupt("target status"))
    }
}

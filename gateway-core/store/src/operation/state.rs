//! The states of operations.

use serde::Serialize;

/// State of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// In the journal; no cloud has been called.
    Accepted,
    /// A cloud is being called.
    Running,
    /// The cloud has accepted the request.
    Succeeded,
    /// The request was refused.
    Failed,
    /// The effect of the call is unknown.
    Unknown,
}

impl OperationState {
    const ALL: [Self; 5] = [Self::Accepted, Self::Running, Self::Succeeded, Self::Failed, Self::Unknown];

    /// Returns the word in the store and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

//! Rejections: credentials that a check did not accept.

use gateway_core::error::{Error, ErrorKind};

/// A credential that was not accepted.
#[derive(Clone, Debug)]
pub(crate) struct Rejection {
    /// The name of the cloud.
    pub(crate) cloud: String,
    /// The reason, as a word.
    pub(crate) reason: RejectionReason,
    /// The reason, as a sentence.
    pub(crate) detail: String,
}

/// The reason why a credential was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RejectionReason {
    /// The cloud refused it.
    Refused,
    /// The credential is valid but may not prove its account.
    Forbidden,
    /// The cloud's clock is too far off.
    ClockSkew,
    /// The cloud cannot be reached, or its answer cannot be read.
    Unreachable,
    /// Too many checks of the client, or of the cloud's clients, wait already.
    Overloaded,
    /// No cloud of this name is registered.
    UnknownCloud,
    /// The credential has a form that the cloud does not take.
    Invalid,
    /// The cloud named a host that its registration does not allow.
    AddressRefused,
}

impl RejectionReason {
    /// All reasons.
    pub(crate) const ALL: [Self; 8] = [
        Self::Refused,
        Self::Forbidden,
        Self::ClockSkew,
        Self::Unreachable,
        Self::Overloaded,
        Self::UnknownCloud,
        Self::Invalid,
        Self::AddressRefused,
    ];
}

impl From<&Error> for RejectionReason {
    fn from(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Unauthorized => Self::Refused,
            ErrorKind::Forbidden => Self::Forbidden,
            ErrorKind::ClockSkew { .. } => Self::ClockSkew,
            ErrorKind::NotFound => Self::UnknownCloud,
            ErrorKind::Invalid | ErrorKind::Unsupported => Self::Invalid,
            ErrorKind::AddressRefused => Self::AddressRefused,
            _ => Self::Unreachable,
        }
    }
}

/// Returns the reason of a check that accepted nothing. A reason that may pass by itself goes first.
pub(crate) fn prevailing(rejected: &[Rejection]) -> RejectionReason {
    let has = |reason| rejected.iter().any(|rejection| rejection.reason == reason);
    let passing = [RejectionReason::ClockSkew, RejectionReason::Unreachable, RejectionReason::Overloaded];
    let first = passing.into_iter().find(|reason| has(*reason));
    first.unwrap_or(RejectionReason::Refused)
}

pub(super) fn summary(rejected: &[Rejection]) -> &'static str {
    match prevailing(rejected) {
        RejectionReason::ClockSkew => "the clock of a cloud is too far off",
        RejectionReason::Unreachable => "a cloud could not be asked; try again later",
        RejectionReason::Overloaded => "too many checks wait; try again later",
        _ => "no credential was accepted; `rejected` has the reason for each",
    }
}

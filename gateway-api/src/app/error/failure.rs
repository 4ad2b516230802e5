//! Failures: the reasons why operations did not succeed, as the journal keeps them.

use gateway_core::Kind;
use gateway_core::error::{CloudWords, Error, ErrorKind};
use gateway_core::id::ResourceId;
use serde::{Deserialize, Serialize};

/// The reason why an operation did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) reason: FailureReason,
    pub(crate) detail: String,
    /// The field of the command that the cloud refused, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// The cloud's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cloud: Option<CloudWords>,
    /// The resources that use the one that could not be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) users: Vec<User>,
    /// The resources that were created before the failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) made: Vec<(Kind, ResourceId)>,
    /// The cloud did one part of the operation, which stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_partial: bool,
}

/// A resource that uses another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) kind: Kind,
    pub(crate) id: ResourceId,
    pub(crate) name: Option<String>,
    pub(crate) relation: String,
}

/// The class of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "by")]
pub(crate) enum FailureReason {
    /// The cloud refused the command.
    Refused,
    /// The resource is in a state that does not allow the command.
    Conflict,
    /// The credential has no right to the command.
    Forbidden,
    /// The cloud refused the credential.
    CredentialRefused,
    /// The cloud does not have the resource.
    Gone,
    /// The cloud does not support the command.
    Unsupported,
    /// The cloud asks for fewer calls.
    RateLimited,
    /// The cloud's clock is too far off.
    ClockSkew,
    /// The cloud did not answer, or its answer cannot be read.
    Unreachable,
    /// The outcome is unknown.
    Unknown,
    /// Uploaded content did not arrive whole.
    UploadBroken(UploadParty),
    /// A defect of ours.
    Internal,
}

/// The side on which an upload broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UploadParty {
    /// The client stopped sending.
    Client,
    /// The client sent more than the limit.
    Limit,
    /// The cloud.
    Cloud,
    /// The gateway.
    Gateway,
}

impl Failure {
    /// Creates a failure without details.
    pub(crate) fn new(reason: FailureReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            pointer: None,
            cloud: None,
            users: Vec::new(),
            made: Vec::new(),
            is_partial: false,
        }
    }
}

impl From<&Error> for Failure {
    /// Describes an error that a cloud, or the way to it, gave.
    fn from(error: &Error) -> Self {
        let reason = match error.kind() {
            ErrorKind::Invalid => FailureReason::Refused,
            ErrorKind::Conflict => FailureReason::Conflict,
            ErrorKind::Forbidden => FailureReason::Forbidden,
            ErrorKind::Unauthorized => FailureReason::CredentialRefused,
            ErrorKind::NotFound => FailureReason::Gone,
            ErrorKind::Unsupported | ErrorKind::AddressRefused => FailureReason::Unsupported,
            ErrorKind::RateLimited => FailureReason::RateLimited,
            ErrorKind::ClockSkew { .. } => FailureReason::ClockSkew,
            ErrorKind::Internal | ErrorKind::LeaseLost => FailureReason::Internal,
            ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::WrongDocument => {
                FailureReason::Unreachable
            }
        };
        if reason == FailureReason::Internal {
            return Self::new(reason, "internal error");
        }
        Self {
            pointer: error.pointer().map(ToOwned::to_owned),
            cloud: error.cloud().cloned(),
            is_partial: error.changed_a_part(),
            ..Self::new(reason, error.message())
        }
    }
}

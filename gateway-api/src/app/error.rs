//! The error of the application layer: data that each API dialect renders in its own form.

mod failure;
mod quote;
mod rejection;

use std::fmt;

use gateway_core::Kind;
use gateway_core::access::token::Refusal;
use gateway_core::id::OperationId;
use gateway_core::kind::{FieldError, Verb, When};

pub(crate) use failure::{Failure, FailureReason, UploadParty, User};
pub(crate) use quote::shortened;
pub(crate) use rejection::{Rejection, RejectionReason, prevailing};

/// `Result` with the error of this layer.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a request is not answered, or why its command did not succeed.
#[derive(Debug)]
pub(crate) enum Error {
    /// A failure of the domain or of a port.
    Core(gateway_core::Error),
    /// The token is not valid.
    TokenRefused(Refusal),
    /// The token has been revoked.
    TokenRevoked,
    /// Id and secret are not those of an enabled client.
    ClientRefused,
    /// None of the credentials of one check was accepted.
    CredentialsRejected(Vec<Rejection>),
    /// A credential check without credentials found no grant to renew.
    NothingToRenew,
    /// A query parameter has an invalid value.
    InvalidQuery {
        /// Its name.
        parameter: String,
        /// The rule that it breaks, as the rest of a sentence: "must be ...".
        rule: String,
    },
    /// A filter names something that the caller has no access to.
    UnknownFilterValue {
        /// The name of the query parameter.
        parameter: String,
        /// The reason, as a sentence.
        detail: String,
    },
    /// A refresh request concerns too many scopes.
    TooManyScopes {
        /// Scopes that would have to be listed again.
        count: usize,
    },
    /// A position of the event log is purged, ahead of the log or from another epoch.
    Expired {
        /// The reason, as a sentence.
        detail: String,
    },
    /// There is no such resource, or the caller has no access to it.
    UnknownResource,
    /// There is no such operation of the caller.
    UnknownOperation,
    /// The caller has no account in which something could be created.
    NoAccount,
    /// The resource belongs to an account that the caller has not proven.
    NotOwner,
    /// The driver does not support the verb.
    Unsupported {
        /// The type of cloud.
        driver: String,
        /// The kind.
        kind: Kind,
        /// The verb.
        verb: Verb,
    },
    /// The resource is in a state that does not allow the verb.
    InvalidState(Box<InvalidState>),
    /// The command is invalid; nothing was sent to a cloud.
    InvalidCommand {
        /// The errors of its fields.
        errors: Vec<FieldError>,
    },
    /// The idempotency key was sent before with another request.
    KeyReused {
        /// The operation of that request.
        operation: OperationId,
    },
    /// The filter of a bulk command matches another number of resources than expected.
    CountMismatch {
        /// Resources that match, up to the limit of one command.
        matched: usize,
        /// There are more of them than the limit.
        is_more: bool,
        /// Resources that the caller expected.
        expected: usize,
        /// An earlier delivery of the same request has begun.
        has_begun: bool,
    },
    /// The account, or its cloud, has its share of the requests that wait; the operation was not begun.
    Overloaded,
    /// The principal has its share of the refresh requests that wait; no listing was requested.
    TooManyRefreshes,
    /// No time was left for the operation, which was not begun.
    DeadlineExceeded,
    /// The operation is not over yet.
    StillRunning {
        /// The operation.
        operation: OperationId,
    },
    /// The operation is over and did not succeed.
    Failed {
        /// The operation.
        operation: OperationId,
        /// The failure.
        failure: Box<Failure>,
    },
    /// There is no upload to which the ticket of a report belongs.
    UnknownUpload,
    /// The upload of a report was given up before.
    UploadAbandoned,
}

/// A verb that the state of a resource does not allow.
#[derive(Debug)]
pub(crate) struct InvalidState {
    /// The name of the resource, or its id if it has none.
    pub(crate) name: String,
    /// The verb.
    pub(crate) verb: Verb,
    /// The canonical state; none for kinds without states.
    pub(crate) state: Option<String>,
    /// The requirement of the verb that is not met.
    pub(crate) required: Requirement,
    /// The verbs that are allowed now.
    pub(crate) actions: Vec<Verb>,
}

/// A requirement of a verb on its resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Requirement {
    /// The states that are allowed.
    State(When),
    /// A field that must not be true.
    Unset(&'static str),
    /// Known to the cloud alone.
    Unknown,
}

impl From<gateway_core::Error> for Error {
    fn from(error: gateway_core::Error) -> Self {
        Self::Core(error)
    }
}

impl Error {
    /// A query parameter with an invalid value. The rule completes the sentence: "must be ...".
    pub(crate) fn invalid_query(parameter: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::InvalidQuery { parameter: parameter.into(), rule: rule.into() }
    }

    /// A defect of ours.
    pub(crate) fn internal(cause: &'static str) -> Self {
        Self::Core(gateway_core::Error::internal(cause))
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => f.write_str(error.message()),
            Self::TokenRefused(refusal) => refusal.fmt(f),
            Self::TokenRevoked => f.write_str("the token has been revoked"),
            Self::ClientRefused => f.write_str("client id and secret are not those of an enabled client"),
            Self::CredentialsRejected(rejected) => f.write_str(rejection::summary(rejected)),
            Self::NothingToRenew => f.write_str("you have no account; send at least one credential"),
            Self::InvalidQuery { parameter, rule } => write!(f, "the query parameter `{parameter}` {rule}"),
            Self::UnknownFilterValue { detail, .. } | Self::Expired { detail } => f.write_str(detail),
            Self::TooManyScopes { count } => {
                write!(f, "{count} scopes would have to be listed again, which is too many for one request; name a cloud, region, account or kind")
            }
            Self::UnknownResource => {
                f.write_str("no resource of this kind has this id, or you have no access to it")
            }
            Self::UnknownOperation => f.write_str("no operation of yours has this id, or it was purged"),
            Self::NoAccount => f.write_str("you have no account; prove one with POST /v1/check_credentials"),
            Self::NotOwner => f.write_str("the resource belongs to an account that you have not proven"),
            Self::Unsupported { driver, kind, verb } => {
                write!(f, "clouds of type `{driver}` do not support `{verb}` of `{kind}`")
            }
            Self::InvalidState(error) => error.fmt(f),
            Self::InvalidCommand { errors } => match errors.first() {
                Some(error) if !error.pointer.is_empty() => {
                    write!(f, "`{}` {}", error.pointer.trim_start_matches('/'), error.detail)
                }
                Some(error) => f.write_str(&error.detail),
                None => Ok(()),
            },
            Self::KeyReused { .. } => {
                f.write_str("the key was sent before with another request; use a new key for each request")
            }
            Self::CountMismatch { matched, is_more, expected, has_begun } => {
                let more = if *is_more { "more than " } else { "" };
                let effect = if *has_begun { "what was begun before goes on" } else { "nothing was done" };
                write!(f, "the filter matches {more}{matched}, not {expected}; {effect}")
            }
            Self::Overloaded => f.write_str(
                "too many requests wait for this account or its cloud, and nothing was done; send it again later",
            ),
            Self::TooManyRefreshes => f.write_str(
                "too many requests of this client wait for listings, and none was requested; send it again later, or read \
                 without `max_age`",
            ),
            Self::DeadlineExceeded => f.write_str("no time was left and nothing was done; send it again"),
            Self::StillRunning { .. } => f.write_str(
                "the operation goes on; read it, or send the request again with the same Idempotency-Key",
            ),
            Self::Failed { failure, .. } => f.write_str(&failure.detail),
            Self::UnknownUpload => f.write_str("the ticket of the report belongs to no upload"),
            Self::UploadAbandoned => f.write_str("no report of the upload came in time"),
        }
    }
}

impl fmt::Display for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, verb, state, required, .. } = self;
        let state = state.as_deref().unwrap_or("without a state");
        match required {
            Requirement::State(When::In(states)) => {
                write!(f, "`{name}` is {state}; {verb} requires {}", states.join(" or "))
            }
            Requirement::State(When::Except(states)) => {
                write!(f, "`{name}` is {state}; {verb} requires a state other than {}", states.join(" and "))
            }
            Requirement::Unset(field) => write!(f, "`{name}` is {field}; {verb} requires that it is not"),
            Requirement::State(When::Always) | Requirement::Unknown => {
                write!(f, "the cloud does not allow {verb} of `{name}` now")
            }
        }
    }
}

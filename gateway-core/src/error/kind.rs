//! Kinds of errors, and the status that decides about retries.

/// The outcome to expect of a retry. Retries are decided by this, never by [`ErrorKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// A retry gives the same answer.
    Permanent,
    /// A retry may succeed.
    Temporary,
    /// Retries have failed; the next cycle tries again.
    Persistent,
}

/// The kind of an error, in the caller's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The credential was refused.
    Unauthorized,
    /// The credential is valid and may not do this.
    Forbidden,
    /// The resource does not exist.
    NotFound,
    /// The request itself is wrong.
    Invalid,
    /// The present state does not allow the request.
    Conflict,
    /// The other side asks for fewer calls.
    RateLimited,
    /// The other side cannot be reached or says that it cannot serve.
    Unavailable,
    /// No answer came in time.
    Timeout,
    /// The endpoint's clock differs too much from ours.
    ClockSkew {
        /// Their clock minus ours.
        seconds: i64,
    },
    /// The answer is not the requested document: another type, cut short, or not JSON.
    WrongDocument,
    /// The driver or the cloud does not have this.
    Unsupported,
    /// The cloud's registration does not allow the address.
    AddressRefused,
    /// The lease was lost: another process has taken the work over.
    LeaseLost,
    /// A defect of the gateway.
    Internal,
}

impl ErrorKind {
    /// Returns the status of most errors of the kind.
    pub(super) fn usual_status(self) -> Status {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Timeout => Status::Temporary,
            // A wrong document or clock does not recover within one cycle, but may by the next.
            Self::WrongDocument | Self::ClockSkew { .. } => Status::Persistent,
            _ => Status::Permanent,
        }
    }

    /// Returns whether a cloud's answer of this kind means that it did nothing.
    pub(super) fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::Forbidden
                | Self::NotFound
                | Self::Invalid
                | Self::Conflict
                | Self::RateLimited
                | Self::Unsupported
                | Self::AddressRefused
        )
    }
}

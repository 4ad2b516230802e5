//! The one domain error, with the status that decides whether to try again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What trying again would bring. Retry is decided by this, never by [`ErrorKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Trying again gives the same answer.
    Permanent,
    /// Trying again may work.
    Temporary,
    /// It was temporary, was tried again, and did not work: leave it to the next cycle.
    Persistent,
}

/// What went wrong, in the caller's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The credential was refused.
    Unauthorized,
    /// The credential is good and may not do this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The request itself is wrong.
    Invalid,
    /// The present state does not allow it.
    Conflict,
    /// The other side asks for fewer calls.
    RateLimited,
    /// The other side cannot be reached or says that it cannot serve.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// The endpoint's clock is too far off ours.
    ClockSkew {
        /// Theirs minus ours.
        seconds: i64,
    },
    /// An answer that is not what was asked for: another document type, half a page, no JSON.
    WrongDocument,
    /// The driver or the cloud does not have this.
    Unsupported,
    /// The address is one that the cloud's registration does not allow.
    AddressRefused,
    /// A lease was lost: somebody else does this now.
    LeaseLost,
    /// A defect of ours.
    Internal,
}

/// What a cloud itself said when it refused, for the caller: nothing that the caller sent in secret may be in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudWords {
    /// Its code: an HTTP status, or a word such as `InvalidParameterValue`.
    pub code: String,
    /// Its words.
    pub message: String,
    /// Its own id of the request.
    pub request_id: Option<String>,
}

/// What errors of writes say besides.
#[derive(Default)]
struct Details {
    pointer: Option<String>,
    cloud: Option<CloudWords>,
}

/// The domain error.
///
/// `Display` is what a user may read. What only an operator may read goes into the context or the source
/// and is seen in [`Error::chain`] alone.
pub struct Error {
    kind: ErrorKind,
    status: Status,
    message: String,
    context: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    /// Of errors of writes; apart, because most errors have none of it.
    details: Option<Box<Details>>,
    untouched: bool,
    in_part: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// `Result` with the domain error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with the usual status of its kind. The message is for users: no inside, no secret.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let status = match kind {
            ErrorKind::RateLimited | ErrorKind::Unavailable | ErrorKind::Timeout => Status::Temporary,
            // An odd document or a skewed clock does not heal within one cycle, but may by the next.
            ErrorKind::WrongDocument | ErrorKind::ClockSkew { .. } => Status::Persistent,
            _ => Status::Permanent,
        };
        Self {
            kind,
            status,
            message: message.into(),
            context: Vec::new(),
            retry_after: None,
            details: None,
            untouched: false,
            in_part: false,
            source: None,
        }
    }

    /// A defect or fault of ours; the cause goes into the source, the user reads "internal error".
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal error").with_source(cause)
    }

    /// Something that cannot be reached now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// A request that is wrong in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Adds a fact for the operator.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, value.to_string()));
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// Says which field of what was sent is wrong, as a JSON pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.details.get_or_insert_default().pointer = Some(pointer.into());
        self
    }

    /// Says what the cloud itself said.
    #[must_use]
    pub fn with_cloud(mut self, words: CloudWords) -> Self {
        self.details.get_or_insert_default().cloud = Some(words);
        self
    }

    /// Says that what was sent certainly never reached the cloud.
    #[must_use]
    pub fn untouched(mut self) -> Self {
        self.untouched = true;
        self
    }

    /// Says whether an earlier call of the same step was done, and stands, though this one was refused.
    #[must_use]
    pub fn after_a_part(mut self, is_done: bool) -> Self {
        self.in_part |= is_done;
        self
    }

    /// Sets how long the other side asked us to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What trying again would bring.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What a user may read.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The field that is wrong.
    pub fn pointer(&self) -> Option<&str> {
        self.details.as_ref()?.pointer.as_deref()
    }

    /// What the cloud itself said.
    pub fn cloud(&self) -> Option<&CloudWords> {
        self.details.as_ref()?.cloud.as_ref()
    }

    /// Whether a write that ended like this certainly changed nothing: the cloud refused it, or never heard of it.
    pub fn changed_nothing(&self) -> bool {
        !self.in_part && self.is_refusal()
    }

    /// Whether the cloud refused one call of a write after it had done another.
    pub fn changed_a_part(&self) -> bool {
        self.in_part && self.is_refusal()
    }

    fn is_refusal(&self) -> bool {
        let is_refusal = matches!(
            self.kind,
            ErrorKind::Unauthorized
                | ErrorKind::Forbidden
                | ErrorKind::NotFound
                | ErrorKind::Invalid
                | ErrorKind::Conflict
                | ErrorKind::RateLimited
                | ErrorKind::Unsupported
                | ErrorKind::AddressRefused
        );
        self.untouched || is_refusal
    }

    /// How long the other side asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Message, context and causes in one line, for the log.
    pub fn chain(&self) -> String {
        use std::fmt::Write as _;
        let mut text = self.message.clone();
        for (name, value) in &self.context {
            let _ = write!(text, " {name}={value}");
        }
        let mut cause = self.source.as_deref().map(|cause| cause as &dyn std::error::Error);
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}: {}", self.kind, self.status, self.chain())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_reads_leaves_the_inside_out() {
        let error = Error::internal("password=hunter2 at 10.0.0.1").with("table", "grants");
        assert_eq!(error.to_string(), "internal error");
        assert!(error.chain().contains("table=grants"));
        assert_eq!(error.status(), Status::Permanent);
    }

    #[test]
    fn a_refusal_after_a_part_is_no_refusal_of_the_whole() {
        let outcome = |error: Error| (error.changed_nothing(), error.changed_a_part());
        assert_eq!(outcome(Error::invalid("no").after_a_part(false)), (true, false));
        assert_eq!(outcome(Error::invalid("no").after_a_part(true)), (false, true));
        assert_eq!(outcome(Error::invalid("no").after_a_part(true).after_a_part(false)), (false, true));
        assert_eq!(outcome(Error::unavailable("what?").after_a_part(true)), (false, false), "nobody knows");
    }
}

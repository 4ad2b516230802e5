//! The domain error, with the status that decides about retries.

mod kind;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use kind::{ErrorKind, Status};

/// A cloud's refusal in its own words, for the caller. It must not repeat secrets that the caller sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudWords {
    /// The code: an HTTP status, or a word such as `InvalidParameterValue`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The cloud's own id of the request.
    pub request_id: Option<String>,
}

/// Details that only errors of writes have.
#[derive(Default)]
struct Details {
    pointer: Option<String>,
    cloud: Option<CloudWords>,
}

/// The domain error.
///
/// `Display` shows the text for users. Context and source are for operators and are shown by [`Error::chain`] alone.
pub struct Error {
    kind: ErrorKind,
    status: Status,
    message: String,
    context: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    /// Boxed, because most errors have none.
    details: Option<Box<Details>>,
    untouched: bool,
    in_part: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// `Result` with the domain error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error with the usual status of its kind. The message is for users: it holds no internals and no secret.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: kind.usual_status(),
            message: message.into(),
            context: Vec::new(),
            retry_after: None,
            details: None,
            untouched: false,
            in_part: false,
            source: None,
        }
    }

    /// Makes the error of a defect. The cause becomes the source; the user reads "internal error".
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal error").with_source(cause)
    }

    /// Makes the error of a service that cannot be reached now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Makes the error of a request that is wrong in itself.
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

    /// Names the wrong field of the request as a JSON pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.details.get_or_insert_default().pointer = Some(pointer.into());
        self
    }

    /// Adds the cloud's own words.
    #[must_use]
    pub fn with_cloud(mut self, words: CloudWords) -> Self {
        self.details.get_or_insert_default().cloud = Some(words);
        self
    }

    /// Marks that the request certainly never reached the cloud.
    #[must_use]
    pub fn untouched(mut self) -> Self {
        self.untouched = true;
        self
    }

    /// Marks whether an earlier call of the same step had succeeded before this one was refused.
    #[must_use]
    pub fn after_a_part(mut self, is_done: bool) -> Self {
        self.in_part |= is_done;
        self
    }

    /// Sets the wait that the other side asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the status that decides about retries.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the text for users.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the wrong field of the request as a JSON pointer.
    pub fn pointer(&self) -> Option<&str> {
        self.details.as_ref()?.pointer.as_deref()
    }

    /// Returns the cloud's own words.
    pub fn cloud(&self) -> Option<&CloudWords> {
        self.details.as_ref()?.cloud.as_ref()
    }

    /// Returns whether the write certainly changed nothing: the cloud refused it or never received it.
    pub fn changed_nothing(&self) -> bool {
        !self.in_part && self.is_refusal()
    }

    /// Returns whether the cloud refused one call of a write after it had done another.
    pub fn changed_a_part(&self) -> bool {
        self.in_part && self.is_refusal()
    }

    fn is_refusal(&self) -> bool {
        self.untouched || self.kind.is_refusal()
    }

    /// Returns the wait that the other side asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns message, context and causes in one line, for the log.
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
    fn message_for_users_hides_context_and_source() {
        let error = Error::internal("password=hunter2 at 10.0.0.1").with("table", "grants");
        assert_eq!(error.to_string(), "internal error");
        assert!(error.chain().contains("table=grants"));
        assert_eq!(error.status(), Status::Permanent);
    }

    #[test]
    fn refusal_after_an_earlier_call_counts_as_changed_in_part() {
        let outcome = |error: Error| (error.changed_nothing(), error.changed_a_part());
        assert_eq!(outcome(Error::invalid("no").after_a_part(false)), (true, false));
        assert_eq!(outcome(Error::invalid("no").after_a_part(true)), (false, true));
        assert_eq!(outcome(Error::invalid("no").after_a_part(true).after_a_part(false)), (false, true));
        assert_eq!(outcome(Error::unavailable("what?").after_a_part(true)), (false, false), "nobody knows");
    }
}

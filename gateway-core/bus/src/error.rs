//! Why a request over the bus has no reply.

use std::time::Duration;

/// How a request ended without a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no connection to the broker; nothing was sent.
    #[error("the gateway's message broker cannot be reached")]
    NoBroker,
    /// The broker has no queue for it, or would not take it; nobody works on it.
    #[error("no handler takes this kind of request")]
    Unroutable,
    /// The connection broke after it was sent: whether it was worked on is not known.
    #[error("the connection to the message broker was lost while the request was under way")]
    Lost,
    /// The deadline passed. A handler may still be at it.
    #[error("no answer in time")]
    Timeout,
    /// A reply came that is not one.
    #[error("the handler's reply could not be read")]
    BadReply,
}

impl RequestError {
    /// When to try again, for errors after which that makes sense at once.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            // About as long as a broker takes to come back or a supervisor to reconnect.
            Self::NoBroker | Self::Unroutable | Self::Lost => Some(Duration::from_secs(2)),
            Self::Timeout | Self::BadReply => None,
        }
    }
}

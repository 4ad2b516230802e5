//! Errors of requests that get no reply.

use std::time::Duration;

/// The reason for which a request got no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No connection to the broker exists; nothing was sent.
    #[error("the gateway's message broker cannot be reached")]
    NoBroker,
    /// The broker has no queue for the request or refused it; no handler gets it.
    #[error("no handler takes this kind of request")]
    Unroutable,
    /// The request is larger than a message may be; nothing was sent.
    #[error("the request has {bytes} bytes as a message; the limit is {limit} bytes")]
    TooLarge {
        /// The bytes of the message.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The connection was lost after the request was sent; the outcome is unknown.
    #[error("the connection to the message broker was lost during the request; its outcome is unknown")]
    Lost,
    /// The deadline passed. A handler may still be working on the request.
    #[error("no answer in time")]
    Timeout,
    /// The reply could not be read.
    #[error("the handler's reply could not be read")]
    BadReply,
}

impl RequestError {
    /// Returns the wait before a retry, for errors that a retry may overcome.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            // About the time that a broker needs to restart or a supervisor to reconnect.
            Self::NoBroker | Self::Unroutable | Self::Lost => Some(Duration::from_secs(2)),
            Self::Timeout | Self::BadReply | Self::TooLarge { .. } => None,
        }
    }
}

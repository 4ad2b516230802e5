//! Faults of the broker, by the outcome to expect of a retry.

use std::fmt;

use gateway_core::{Error, ErrorKind};
use lapin::protocol::AMQPErrorKind;

/// The AMQP reply codes of lasting faults.
const ACCESS_REFUSED: u16 = 403;
pub(super) const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// The reason for which there is no session.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// A retry may succeed.
    Passing(String),
    /// The broker does not know our user or virtual host, or refuses permission.
    Credentials(String),
    /// The broker has an exchange or queue of this name with other properties.
    Topology(String),
}

impl Fault {
    /// Returns whether an operator must act first.
    pub(super) fn is_lasting(&self) -> bool {
        !matches!(self, Self::Passing(_))
    }

    /// Returns the domain error. The broker's words are for operators only.
    pub(super) fn to_error(&self) -> Error {
        match self {
            Self::Passing(text) => {
                Error::unavailable("the message broker cannot be reached").with("broker", text)
            }
            Self::Credentials(text) => Error::new(
                ErrorKind::Unauthorized,
                "the message broker refuses our user, its password, permissions or virtual host",
            )
            .with("broker", text),
            Self::Topology(text) => Error::new(
                ErrorKind::Conflict,
                "the message broker has an exchange or queue of the gateway with other properties; \
                 delete it there, and the gateway declares it again",
            )
            .with("broker", text),
        }
    }
}

/// Returns whether an error ends one channel, while the connection goes on.
pub(super) fn ends_channel_only(error: &lapin::Error) -> bool {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(amqp) => matches!(amqp.kind(), AMQPErrorKind::Soft(_)),
        // The channel was closed before.
        lapin::ErrorKind::InvalidChannelState(..) => true,
        _ => false,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passing(text) => f.write_str(text),
            lasting => f.write_str(&lasting.to_error().chain()),
        }
    }
}

impl From<lapin::Error> for Fault {
    fn from(error: lapin::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            lapin::ErrorKind::ProtocolError(amqp) => match amqp.get_id() {
                ACCESS_REFUSED | NOT_ALLOWED => Self::Credentials(text),
                PRECONDITION_FAILED => Self::Topology(text),
                _ => Self::Passing(text),
            },
            _ => Self::Passing(text),
        }
    }
}

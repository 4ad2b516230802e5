//! What can go wrong with the broker, by what trying again would bring.

use std::fmt;

use gateway_core::{Error, ErrorKind};

/// AMQP reply codes of what does not heal by itself.
const ACCESS_REFUSED: u16 = 403;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// Why there is no session.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It may work the next time.
    Passing(String),
    /// The broker knows neither our user nor our virtual host, or does not allow it what we do.
    Credentials(String),
    /// The broker has something of this name with other properties.
    Topology(String),
}

impl Fault {
    /// Whether a person has to do something first.
    pub(super) fn is_lasting(&self) -> bool {
        !matches!(self, Self::Passing(_))
    }

    /// As the domain's error; the broker's words are for the operator only.
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
                "the message broker has an exchange or queue of ours with other properties; \
                 delete it there, and it is made anew",
            )
            .with("broker", text),
        }
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

//! The answer to a request.

use std::fmt;
use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Result};
use reqwest::StatusCode;
use reqwest::header::{AGE, HeaderMap, HeaderName, RETRY_AFTER};
use serde::de::DeserializeOwned;

use crate::error::Refusal;

/// An answer with any status, its whole body read.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Returns the age of the oldest part of the answer, by the clock of the gateway.
    pub fn age(&self) -> Option<Duration> {
        seconds(&self.headers, AGE)
    }

    /// Returns the wait that the gateway asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        seconds(&self.headers, RETRY_AFTER)
    }

    /// Returns the answer if it is one of success.
    ///
    /// # Errors
    /// The refusal.
    pub fn success(self) -> Result<Self, Refusal> {
        match self.status.is_success() {
            true => Ok(self),
            false => Err(self.refusal()),
        }
    }

    /// Returns the refusal that the answer is.
    pub fn refusal(&self) -> Refusal {
        Refusal {
            status: self.status,
            retry_after: self.retry_after(),
            problem: serde_json::from_str(&self.body).ok(),
        }
    }

    /// Reads the body as a document.
    ///
    /// # Errors
    /// The body is not such a document. The error quotes nothing of it, because it may contain a token.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Error::new(
                ErrorKind::WrongDocument,
                format!(
                    "the answer is not the expected document: it differs at line {line}, column {column}; \
                     check the URL of the gateway"
                ),
            )
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may contain a token or a private key.
        write!(f, "Answer({})", self.status)
    }
}

fn seconds(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    headers.get(name)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

//! The HTTP client of all drivers, with its guards.
//!
//! [`CloudHttp`] calls the layers in order, one file each: [`address`](AddressGate) gate, call budget, time limit,
//! body limit, clock gate, error answers, retry. [`Logins`] keeps a session's token. A driver adds only its
//! authentication and its documents.

#![warn(missing_docs)]

mod address;
mod body;
mod clock_gate;
mod cloud_http;
mod connections;
mod crypto;
mod error_answer;
mod instruments;
mod json;
mod logins;
mod marked;
mod message;
mod retry;
mod retry_after;
mod skew_board;
mod skew_votes;
mod upload;

pub use address::AddressGate;
pub use cloud_http::CloudHttp;
pub use crypto::install_crypto;
pub use error_answer::{cloud_words, kind_of_status, status_error, trim_words};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use instruments::METRICS;
pub use logins::{Login, Logins};
pub use marked::find_marked;
pub use message::{Explain, Request, Response};
pub use skew_board::SkewBoard;
pub use upload::send_content;

//! What every driver of an HTTP cloud needs: one guarded way to send a request.
//!
//! [`CloudHttp`] puts the layers in order, one file each: [`address`](AddressGate) gate, budget, time limit,
//! body limit, clock gate, reading of error answers, retry. A driver adds its own authentication and
//! documents, and nothing of the above.

#![warn(missing_docs)]

mod address;
mod body;
mod clock_gate;
mod cloud_http;
mod connections;
mod crypto;
mod error_answer;
mod json;
mod marked;
mod message;
mod retry;
mod retry_after;
mod skew_board;
mod upload;

pub use address::AddressGate;
pub use cloud_http::CloudHttp;
pub use crypto::install_crypto;
pub use error_answer::{cloud_words, kind_of_status, status_error, trim_words};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use marked::find_marked;
pub use message::{Explain, Request, Response};
pub use skew_board::SkewBoard;
pub use upload::send_content;

//! The REST client of Cloud Gateway, shared by the command line, the dashboard and the tests.
//!
//! [`Client::request`] builds a request and [`Request::send`] returns its [`Answer`] with any status.
//! [`Client::get`] takes only success: a refusal becomes an [`Error`] with its [`Problem`] document. [`Pages`] reads a
//! listing page by page.
//!
//! The crate prints nothing, retries nothing and stores nothing. Its user installs the crypto provider of `rustls`.

#![warn(missing_docs)]

mod address;
mod answer;
mod client;
mod error;
mod login;
mod pages;
mod problem;
mod request;
mod scopes;

pub use address::Address;
pub use answer::Answer;
pub use client::{ANSWER_TIMEOUT, Client, path_of};
pub use error::{Error, Refusal};
pub use login::{Account, Login};
pub use pages::{Page, Pages};
pub use problem::{Problem, Reference, Rejected};
pub use request::Request;
pub use reqwest::header::HeaderMap;
pub use reqwest::{Method, StatusCode};
pub use scopes::{Scope, ScopeSummary};

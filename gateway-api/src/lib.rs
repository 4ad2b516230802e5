//! The HTTP side of Cloud Gateway: the front that takes requests, the handlers that answer them, and the API itself.
//!
//! A request goes `front` -> bus -> `handler` -> [`http::router`] and back. The router knows neither broker nor
//! socket; the front knows of the API only what `routes` reads from the OpenAPI document.

#![warn(missing_docs)]

pub mod admin;
pub mod app;
pub mod cli;
pub mod client_secret;
pub mod front;
pub mod handler;
pub mod http;
pub mod instruments;
pub mod keyring;
pub mod openapi;
mod routes;

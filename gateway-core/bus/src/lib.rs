//! The bus: requests from fronts to handlers, events to subscribers, nudges between processes.
//!
//! Two implementations share one test suite: [`memory`] for a gateway in one process, [`rabbit`] for all others. The JSON of
//! [`envelope`] and [`reply`] is a public interface that programs may publish themselves.

#![warn(missing_docs)]

mod admission;
pub mod envelope;
pub mod error;
mod instruments;
mod intake;
pub mod limit;
pub mod memory;
pub mod nudge;
mod open;
pub mod port;
pub mod rabbit;
pub mod reply;
pub mod sealing;
mod topic;

pub use envelope::{Body, Envelope, WorkClass};
pub use error::RequestError;
pub use instruments::METRICS;
pub use nudge::Nudge;
pub use open::open;
pub use port::{Bus, Delivery, EventStream, Publication, Refused, RequestService, ServeOptions};
pub use reply::Reply;

//! The metrics of fronts, handlers and operations.

pub(crate) mod front;
pub(crate) mod handler;
pub(crate) mod operation;
mod status_class;

use gateway_core::metric::Description;

/// The metrics of this crate.
pub static METRICS: [&[Description]; 3] = [front::METRICS, handler::METRICS, operation::METRICS];

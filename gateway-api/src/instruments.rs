//! The metrics of fronts, handlers and operations, and the list of all metrics.

pub(crate) mod front;
pub(crate) mod handler;
pub(crate) mod operation;
mod status_class;

use gateway_core::metric::Description;

/// Returns the metrics of every crate of this build.
pub fn all_metrics() -> impl Iterator<Item = &'static Description> {
    let all = [
        front::METRICS,
        gateway_bus::METRICS,
        handler::METRICS,
        operation::METRICS,
        gateway_core::shares::METRICS,
        gateway_poller::METRICS,
        driver_kit::METRICS,
        gateway_store::METRICS,
    ];
    all.into_iter().flatten()
}

//! Metrics: declarations of counters, gauges and histograms, and their recording.
//!
//! Each crate declares its metrics in one module, `instruments`, as statics with name, labels and meaning, lists them in
//! `METRICS`, and offers functions that record them. Values go to the recorder of the process; without one they are
//! dropped. Label values come from small sets that only operators extend: never ids, addresses or paths of requests.

mod description;
mod instrument;

pub use description::{Description, MetricType};
pub use instrument::{Counter, Gauge, Histogram};
/// The value of a label.
pub use metrics::SharedString as LabelValue;

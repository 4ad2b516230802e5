//! Descriptions of metrics, for the exporter and for docs/metrics.md.

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// A number that only grows.
    Counter,
    /// A number that rises and falls.
    Gauge,
    /// Observations counted in buckets.
    Histogram,
}

impl MetricType {
    /// Returns the name that Prometheus uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The description of one metric.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The name.
    pub name: &'static str,
    /// The type.
    pub metric_type: MetricType,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The upper bounds of a histogram's buckets; empty for other types.
    pub buckets: &'static [f64],
    /// The meaning, in one sentence without a full stop.
    pub meaning: &'static str,
}

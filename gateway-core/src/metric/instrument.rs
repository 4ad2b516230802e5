//! Counters, gauges and histograms with a fixed set of labels.

use std::time::Duration;

use metrics::Label;

use super::LabelValue;
use super::description::{Description, MetricType};

/// Bounds of durations in seconds: from a statement in memory to the longest timeout. More bounds cost a series each.
const DURATIONS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Bounds of lateness in seconds: from a punctual listing to one that is an hour late.
const LATENESS: &[f64] = &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Declares the members that all types of metrics have.
macro_rules! described {
    ($metric:ident, $type:expr) => {
        impl<const N: usize> $metric<N> {
            /// Returns the description.
            pub const fn description(&'static self) -> Description {
                Description {
                    name: self.name,
                    metric_type: $type,
                    labels: &self.labels,
                    buckets: self.buckets,
                    meaning: self.meaning,
                }
            }
        }
    };
}

/// A number that only grows.
#[derive(Debug)]
pub struct Counter<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
    buckets: &'static [f64],
    meaning: &'static str,
}

/// A number that rises and falls.
#[derive(Debug)]
pub struct Gauge<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
    buckets: &'static [f64],
    meaning: &'static str,
}

/// Observations counted in buckets.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
    buckets: &'static [f64],
    meaning: &'static str,
}

described!(Counter, MetricType::Counter);
described!(Gauge, MetricType::Gauge);
described!(Histogram, MetricType::Histogram);

impl<const N: usize> Counter<N> {
    /// Declares a counter. Its name ends in `_total`.
    pub const fn new(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self { name, labels, buckets: &[], meaning }
    }

    /// Adds one.
    pub fn increment(&self, values: [LabelValue; N]) {
        self.add(1, values);
    }

    /// Adds a number.
    pub fn add(&self, count: u64, values: [LabelValue; N]) {
        self.series(values).increment(count);
    }

    /// Returns one series, for code that records it often.
    pub fn series(&self, values: [LabelValue; N]) -> metrics::Counter {
        metrics::counter!(self.name, labelled(&self.labels, values))
    }
}

impl<const N: usize> Gauge<N> {
    /// Declares a gauge.
    pub const fn new(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self { name, labels, buckets: &[], meaning }
    }

    /// Adds a number, which may be negative.
    pub fn add(&self, value: f64, values: [LabelValue; N]) {
        self.series(values).increment(value);
    }

    /// Sets the value.
    pub fn set(&self, value: f64, values: [LabelValue; N]) {
        self.series(values).set(value);
    }

    /// Returns one series, for code that records it often.
    pub fn series(&self, values: [LabelValue; N]) -> metrics::Gauge {
        metrics::gauge!(self.name, labelled(&self.labels, values))
    }
}

impl<const N: usize> Histogram<N> {
    /// Declares a histogram of durations. Its name ends in `_seconds`.
    pub const fn of_durations(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self { name, labels, buckets: DURATIONS, meaning }
    }

    /// Declares a histogram of delays behind a due time. Its name ends in `_seconds`.
    pub const fn of_lateness(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self { name, labels, buckets: LATENESS, meaning }
    }

    /// Records one observation.
    pub fn record(&self, duration: Duration, values: [LabelValue; N]) {
        self.series(values).record(duration.as_secs_f64());
    }

    /// Returns one series, for code that records it often.
    pub fn series(&self, values: [LabelValue; N]) -> metrics::Histogram {
        metrics::histogram!(self.name, labelled(&self.labels, values))
    }
}

fn labelled<const N: usize>(names: &[&'static str; N], values: [LabelValue; N]) -> Vec<Label> {
    names.iter().zip(values).map(|(name, value)| Label::new(*name, value)).collect()
}

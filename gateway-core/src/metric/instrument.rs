//! Counters, gauges and histograms with a fixed set of labels.

use std::marker::PhantomData;
use std::time::Duration;

use metrics::Label;

use super::LabelValue;
use super::description::{Description, MetricType};

/// Bounds of durations in seconds: from a statement in memory to the longest timeout. More bounds cost a series each.
const DURATIONS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Bounds of lateness in seconds: from a punctual listing to one that is an hour late.
const LATENESS: &[f64] = &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// A metric with `N` labels, of a type that says how it is recorded.
#[derive(Debug)]
pub struct Metric<T, const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
    buckets: &'static [f64],
    meaning: &'static str,
    recorded: PhantomData<T>,
}

/// A number that only grows.
pub type Counter<const N: usize> = Metric<Counted, N>;

/// A number that rises and falls.
pub type Gauge<const N: usize> = Metric<Gauged, N>;

/// Observations counted in buckets.
pub type Histogram<const N: usize> = Metric<Observed, N>;

/// A type of metrics.
pub trait Recorded {
    /// The type in descriptions.
    const METRIC_TYPE: MetricType;
    /// The type of one series of a metric.
    type Series;

    /// Returns the series of a name and labels.
    fn series(name: &'static str, labels: Vec<Label>) -> Self::Series;
}

/// The type of counters.
#[derive(Debug)]
pub enum Counted {}

/// The type of gauges.
#[derive(Debug)]
pub enum Gauged {}

/// The type of histograms.
#[derive(Debug)]
pub enum Observed {}

impl Recorded for Counted {
    const METRIC_TYPE: MetricType = MetricType::Counter;
    type Series = metrics::Counter;

    fn series(name: &'static str, labels: Vec<Label>) -> metrics::Counter {
        metrics::counter!(name, labels)
    }
}

impl Recorded for Gauged {
    const METRIC_TYPE: MetricType = MetricType::Gauge;
    type Series = metrics::Gauge;

    fn series(name: &'static str, labels: Vec<Label>) -> metrics::Gauge {
        metrics::gauge!(name, labels)
    }
}

impl Recorded for Observed {
    const METRIC_TYPE: MetricType = MetricType::Histogram;
    type Series = metrics::Histogram;

    fn series(name: &'static str, labels: Vec<Label>) -> metrics::Histogram {
        metrics::histogram!(name, labels)
    }
}

impl<T: Recorded, const N: usize> Metric<T, N> {
    const fn declared(
        name: &'static str,
        labels: [&'static str; N],
        buckets: &'static [f64],
        meaning: &'static str,
    ) -> Self {
        Self { name, labels, buckets, meaning, recorded: PhantomData }
    }

    /// Returns the description.
    pub const fn description(&'static self) -> Description {
        Description {
            name: self.name,
            metric_type: T::METRIC_TYPE,
            labels: &self.labels,
            buckets: self.buckets,
            meaning: self.meaning,
        }
    }

    /// Returns one series, for code that records it often.
    pub fn series(&self, values: [LabelValue; N]) -> T::Series {
        let labels = self.labels.iter().zip(values).map(|(name, value)| Label::new(*name, value));
        T::series(self.name, labels.collect())
    }
}

impl<const N: usize> Counter<N> {
    /// Declares a counter. Its name ends in `_total`.
    pub const fn new(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self::declared(name, labels, &[], meaning)
    }

    /// Adds one.
    pub fn increment(&self, values: [LabelValue; N]) {
        self.add(1, values);
    }

    /// Adds a number.
    pub fn add(&self, count: u64, values: [LabelValue; N]) {
        self.series(values).increment(count);
    }
}

impl<const N: usize> Gauge<N> {
    /// Declares a gauge.
    pub const fn new(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self::declared(name, labels, &[], meaning)
    }

    /// Adds a number, which may be negative.
    pub fn add(&self, value: f64, values: [LabelValue; N]) {
        self.series(values).increment(value);
    }

    /// Sets the value.
    pub fn set(&self, value: f64, values: [LabelValue; N]) {
        self.series(values).set(value);
    }
}

impl<const N: usize> Histogram<N> {
    /// Declares a histogram of durations. Its name ends in `_seconds`.
    pub const fn of_durations(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self::declared(name, labels, DURATIONS, meaning)
    }

    /// Declares a histogram of delays behind a due time. Its name ends in `_seconds`.
    pub const fn of_lateness(name: &'static str, labels: [&'static str; N], meaning: &'static str) -> Self {
        Self::declared(name, labels, LATENESS, meaning)
    }

    /// Records one observation.
    pub fn record(&self, duration: Duration, values: [LabelValue; N]) {
        self.series(values).record(duration.as_secs_f64());
    }
}

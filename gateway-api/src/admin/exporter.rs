//! The recorder of all metrics of a process, and their text in the format of Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use gateway_core::error::{Error, Result};
use gateway_core::metric::{Description, MetricType};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::instruments::all_metrics;

/// The interval at which observations are moved to their buckets. A longer one keeps more of them in memory when nobody
/// reads the metrics; a shorter one costs processor time.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The exporter of the process.
static INSTALLED: OnceLock<Exporter> = OnceLock::new();

/// The reader of the recorded metrics. Clones share them.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

impl Exporter {
    /// Makes a new recorder that of the process, at the first call, and returns its reader.
    ///
    /// # Errors
    /// The errors of [`Self::recorder`].
    pub fn install() -> Result<Self> {
        if let Some(exporter) = INSTALLED.get() {
            return Ok(exporter.clone());
        }
        let (recorder, exporter) = Self::recorder()?;
        metrics::set_global_recorder(recorder).map_err(Error::internal)?;
        Ok(INSTALLED.get_or_init(|| exporter).clone())
    }

    /// Creates a recorder that knows every metric, and its reader.
    ///
    /// # Errors
    /// Internal if a histogram is declared without buckets.
    pub fn recorder() -> Result<(PrometheusRecorder, Self)> {
        let mut builder = PrometheusBuilder::new();
        for metric in all_metrics().filter(|metric| metric.metric_type == MetricType::Histogram) {
            let name = Matcher::Full(metric.name.to_owned());
            builder = builder.set_buckets_for_metric(name, metric.buckets).map_err(Error::internal)?;
        }
        let recorder = builder.build_recorder();
        metrics::with_local_recorder(&recorder, || all_metrics().for_each(describe));
        let exporter = Self(recorder.handle());
        Ok((recorder, exporter))
    }

    /// Returns the metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

fn describe(metric: &Description) {
    match metric.metric_type {
        MetricType::Counter => metrics::describe_counter!(metric.name, metric.meaning),
        MetricType::Gauge => metrics::describe_gauge!(metric.name, metric.meaning),
        MetricType::Histogram => metrics::describe_histogram!(metric.name, metric.meaning),
    }
}

/// Moves observations to their buckets, without end.
pub(super) async fn keep(exporter: Exporter) {
    loop {
        tokio::time::sleep(UPKEEP_INTERVAL).await;
        exporter.0.run_upkeep();
    }
}

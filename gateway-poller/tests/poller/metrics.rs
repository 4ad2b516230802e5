//! The metrics of listings, verifications and the relay.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Bus;
use gateway_core::config::Relay as RelayConfig;
use gateway_core::id::ProcessId;
use gateway_core::{Error, ErrorKind};
use gateway_poller::{Relay, RelayParts};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::environment::Environment;
use crate::fake_cloud::{INSTANCE, unauthorized};

/// Returns the value of a series.
fn value(recorder: &PrometheusRecorder, series: &str) -> Option<f64> {
    let metrics = recorder.handle().render();
    let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn listings_are_counted_by_cloud_and_outcome_with_their_lateness() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let env = Environment::new().await;
    env.cloud.fill(3);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.cloud.state().list_error = Some((0, Box::new(|| Error::new(ErrorKind::Forbidden, "no"))));
    // A minute after the end of the longest interval.
    env.clock.advance(Duration::from_secs(60));
    env.poll(&poller).await;
    let listings = |outcome| {
        let series = format!(r#"gateway_poller_listings_total{{cloud="fake-1",outcome="{outcome}"}}"#);
        value(&recorder, &series)
    };
    assert_eq!((listings("fresh"), listings("forbidden")), (Some(1.0), Some(1.0)));
    let lag =
        |part| value(&recorder, &format!(r#"gateway_poller_lag_seconds_{part}{{cloud="fake-1"}}"#)).unwrap();
    assert_eq!(lag("count"), 2.0);
    assert!((60.0..=200.0).contains(&lag("sum")), "{}", lag("sum"));
    assert_eq!(value(&recorder, r#"gateway_poller_listing_seconds_count{cloud="fake-1"}"#), Some(2.0));
}

#[tokio::test]
async fn verifications_are_counted_by_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let env = Environment::new().await;
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    let verify = async || {
        env.clock.advance(Duration::from_secs(1_200));
        assert_eq!(poller.verify_due().await.unwrap(), 1);
    };
    verify().await;
    env.cloud.state().prove_error = Some(Box::new(unauthorized));
    verify().await;
    for outcome in ["valid", "refused"] {
        let series = format!(r#"gateway_verifier_grants_total{{outcome="{outcome}"}}"#);
        assert_eq!(value(&recorder, &series), Some(1.0), "{outcome}");
    }
    assert_eq!(value(&recorder, "gateway_verifier_lag_seconds_count"), Some(2.0));
}

#[tokio::test]
async fn relay_counts_numbered_and_published_events() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let env = Environment::new().await;
    env.cloud.fill(5);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    env.poll(&env.poller()).await;
    let mut relay = Relay::new(RelayParts {
        store: env.store.clone(),
        bus: Arc::clone(&env.bus) as Arc<dyn Bus>,
        config: RelayConfig::default(),
        process: ProcessId::generate(),
    });
    env.clock.advance(Duration::from_secs(30));
    assert!(relay.publish_due().await.unwrap());
    // Five records and the grant.
    for (series, expected) in [
        ("gateway_relay_numbered_total", 6.0),
        ("gateway_relay_published_total", 6.0),
        ("gateway_relay_backlog", 6.0),
        ("gateway_relay_leads", 1.0),
        ("gateway_relay_lag_seconds_count", 1.0),
    ] {
        assert_eq!(value(&recorder, series), Some(expected), "{series}");
    }
    assert!(value(&recorder, "gateway_relay_lag_seconds_sum").unwrap() >= 30.0);
    assert!(relay.publish_due().await.unwrap());
    assert_eq!(value(&recorder, "gateway_relay_backlog"), Some(0.0));
}

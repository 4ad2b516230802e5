//! The admin listener with a real socket, and the metrics of requests.

use std::net::SocketAddr;
use std::time::Duration;

use gateway_api::admin::{Admin, Exporter, Part};
use gateway_api::instruments::all_metrics;
use gateway_core::config::Admin as Config;
use gateway_core::metric::MetricType;
use gateway_core::probe::Probe;
use gateway_core::telemetry::{LogFormat, start as start_log};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::front::{UNLIMITED, start};
use super::gateway::TestGateway;
use super::raw_http::{Response, send};

const DOCS: &str = include_str!("../../../docs/metrics.md");

/// Starts a listener with a part that is ready and one that is not; returns its address and metrics.
async fn listener() -> (SocketAddr, Exporter) {
    let (_, exporter) = Exporter::recorder().unwrap();
    let part = |name, verdict: Result<(), &'static str>| {
        let probe = Probe::new(Duration::from_secs(1), move || async move { verdict.map_err(Into::into) });
        Part { name, probe }
    };
    let parts = vec![part("broker", Ok(())), part("database", Err("no answer for 3 s"))];
    let admin = Admin::bind(&Config::default(), exporter.clone(), parts).await.unwrap();
    let address = admin.address();
    tokio::spawn(admin.run(CancellationToken::new()));
    (address, exporter)
}

async fn get(address: SocketAddr, path: &str) -> Response {
    send(address, &format!("GET {path} HTTP/1.1"), "").await
}

#[tokio::test]
async fn liveness_and_readiness_are_answered() {
    let (address, _) = listener().await;
    assert_eq!(get(address, "/live").await.body, r#"{"status":"live"}"#);
    let ready = get(address, "/ready").await;
    let parts =
        r#"[{"part":"broker","ready":true},{"part":"database","ready":false,"reason":"no answer for 3 s"}]"#;
    assert_eq!((ready.status, ready.body), (503, format!(r#"{{"ready":false,"parts":{parts}}}"#)));
    assert_eq!(get(address, "/v1/instances").await.status, 404);
    assert_eq!(send(address, "POST /metrics HTTP/1.1", "x").await.status, 405);
}

#[tokio::test]
async fn address_that_others_reach_needs_a_setting() {
    let (_, exporter) = Exporter::recorder().unwrap();
    let config = |allow_remote| Config { listen: "0.0.0.0:0".to_owned(), allow_remote };
    let refused = Admin::bind(&config(false), exporter.clone(), Vec::new()).await.unwrap_err();
    assert!(refused.message().contains("`admin.allow_remote`"), "{refused}");
    assert!(Admin::bind(&config(true), exporter, Vec::new()).await.is_ok());
}

#[tokio::test]
async fn log_filter_is_read_and_replaced() {
    start_log("error", LogFormat::Text);
    let (address, _) = listener().await;
    let put = async |filter: &str| send(address, "PUT /log HTTP/1.1", filter).await;
    let changed = put("warn,gateway_poller=debug\n").await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert!(changed.body.starts_with(r#"{"before":"#), "{changed:?}");
    assert_eq!(get(address, "/log").await.body, r#"{"filter":"warn,gateway_poller=debug"}"#);
    let refused = put("infoo").await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("`infoo` is no log level"), "{refused:?}");
    assert_eq!(put(&"a".repeat(5000)).await.status, 413);
    assert_eq!(get(address, "/log").await.body, r#"{"filter":"warn,gateway_poller=debug"}"#);
    assert_eq!(put("error").await.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed() {
    let (address, _) = listener().await;
    let mut idle = Vec::new();
    for _ in 0..16 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let mut closed = TcpStream::connect(address).await.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut closed, &mut [0; 8]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    drop(idle);
    let answered = async {
        while TcpStream::connect(address).await.is_ok() {
            let live = tokio::spawn(get(address, "/live"));
            if live.await.is_ok_and(|live| live.status == 200) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), answered).await.unwrap();
}

/// Returns the value of a series as the exporter writes it.
fn value<'a>(metrics: &'a str, series: &str) -> Option<&'a str> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[tokio::test]
async fn requests_are_counted_by_route_template() {
    let (recorder, exporter) = Exporter::recorder().unwrap();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let (_, token) = running.gateway.proven("one", &["a1"]).await;
    for _ in 0..2 {
        assert_eq!(running.get_as("/v1/instances?limit=1", &token).await.status, 200);
    }
    let id = uuid::Uuid::new_v4();
    assert_eq!(running.get_as(&format!("/v1/instances/{id}"), &token).await.status, 404);
    for strange in 0..20 {
        assert_eq!(running.get_as(&format!("/v1/strange-{strange}"), &token).await.status, 404);
        let head = format!("BREW{strange} /v1/instances HTTP/1.1");
        assert_eq!(running.send_as(&head, &token).await.status, 405);
    }
    let metrics = exporter.render();
    for (series, expected) in [
        (r#"gateway_front_requests_total{route="/v1/instances",method="GET",status="2xx"}"#, "2"),
        (r#"gateway_front_requests_total{route="/v1/instances/{id}",method="GET",status="4xx"}"#, "1"),
        (r#"gateway_front_requests_total{route="other",method="other",status="4xx"}"#, "40"),
        (r#"gateway_front_request_seconds_count{route="/v1/instances",method="GET"}"#, "2"),
        (r#"gateway_bus_requests_total{class="read",outcome="answered"}"#, "3"),
        (r#"gateway_handler_requests_total{class="read",status="2xx"}"#, "2"),
        (r#"gateway_handler_in_progress{class="read"}"#, "0"),
    ] {
        assert_eq!(value(&metrics, series), Some(expected), "{series}\n{metrics}");
    }
    let routes = metrics.lines().filter(|line| line.starts_with("gateway_front_requests_total{"));
    assert_eq!(routes.count(), 3, "{metrics}");
    assert!(!metrics.contains(&id.to_string()) && !metrics.contains("strange"), "{metrics}");
    every_sample_is_declared(&metrics);
}

fn every_sample_is_declared(metrics: &str) {
    for line in metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let declared = all_metrics().find(|metric| {
            let suffixes: &[&str] = match metric.metric_type {
                MetricType::Histogram => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            suffixes.iter().any(|suffix| name.strip_suffix(suffix) == Some(metric.name))
        });
        let declared = declared.unwrap_or_else(|| panic!("{name} is not declared"));
        let names: Vec<_> =
            labels.split("=\"").map(|part| part.rsplit(['"', ',', '{']).next().unwrap()).collect();
        let names: Vec<_> = names.into_iter().filter(|name| !["", "}", "le"].contains(name)).collect();
        assert_eq!(names, declared.labels, "{line}");
    }
}

#[test]
fn table_of_metrics_matches_the_code() {
    let rows: Vec<_> = DOCS.lines().filter(|line| line.starts_with("| `gateway_")).collect();
    let mut declared: Vec<_> = all_metrics()
        .map(|metric| {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let metric_type = metric.metric_type.as_str();
            format!("| `{}` | {metric_type} | {} | {} |", metric.name, labels.join(", "), metric.meaning)
        })
        .collect();
    for row in &declared {
        assert!(rows.contains(&row.as_str()), "docs/metrics.md lacks\n{row}");
    }
    for row in &rows {
        assert!(declared.iter().any(|declared| declared == row), "no metric is\n{row}");
    }
    declared.sort();
    declared.dedup();
    assert_eq!(rows.len(), declared.len(), "each metric is declared once");
}

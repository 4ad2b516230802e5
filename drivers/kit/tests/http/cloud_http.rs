//! The layers of the client together: retry, pauses, addresses, bodies, errors.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::scripted_server::{ScriptedServer, answer, date};
use driver_kit::{Method, Request};
use gateway_core::error::{ErrorKind, Status};

const OK: &str = "200 OK";
const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn temporary_error_is_retried_and_every_attempt_is_charged() {
    let busy = answer("500 Internal Server Error", "", "");
    let server = ScriptedServer::new(&[busy.clone(), busy, answer(OK, JSON, "{}")], |_| {}).await;
    let response = server.http.send(Request::get(server.url.clone())).await.unwrap();
    assert_eq!(response.json::<serde_json::Value>().unwrap(), serde_json::json!({}));
    assert_eq!(server.served(), 3);
    assert_eq!(server.pacer.acquired.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn every_attempt_is_counted_by_its_outcome() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let busy = answer("429 Too Many Requests", "", "");
    let broken = answer("500 Internal Server Error", "", "");
    let server = ScriptedServer::new(&[busy, broken, answer(OK, JSON, "{}")], |_| {}).await;
    server.http.send(Request::get(server.url.clone())).await.unwrap();
    server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    let metrics = recorder.handle().render();
    let cloud = &server.http.cloud().name;
    let calls = |outcome| {
        let series = format!("gateway_cloud_calls_total{{cloud=\"{cloud}\",outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&series)?.parse::<u32>().ok()).unwrap_or(0)
    };
    assert_eq!(["rate_limited", "server_error", "ok"].map(calls), [1, 1, 1], "{metrics}");
    assert!(calls("unreachable") >= 1, "the script is over: {metrics}");
}

#[tokio::test]
async fn third_failure_is_persistent_and_quotes_the_cloud() {
    let broken = answer("502 Bad Gateway", JSON, r#"{"error": {"message": "no backend"}}"#);
    let server = ScriptedServer::new(&[broken.clone(), broken.clone(), broken], |_| {}).await;
    let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Persistent));
    assert!(error.message().contains("no backend"), "{error}");
    assert_eq!(server.served(), 3);
}

#[tokio::test]
async fn request_that_is_not_idempotent_is_sent_once() {
    let server = ScriptedServer::new(&[answer("503 Service Unavailable", "", "")], |_| {}).await;
    let error = server.http.send(Request::new(Method::POST, server.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Temporary));
    assert_eq!(server.served(), 1);
}

#[tokio::test]
async fn write_is_not_sent_after_its_lease() {
    let server = ScriptedServer::new(&[answer(OK, JSON, "{}"), answer(OK, JSON, "{}")], |_| {}).await;
    let write = || server.http.send_write(Request::new(Method::POST, server.url.clone()));
    gateway_core::fence::around(async {
        let error = write().await.unwrap_err();
        assert!(error.kind() == ErrorKind::LeaseLost && error.changed_nothing(), "{error:?}");
        assert_eq!(server.served(), 0);
        server.http.send(Request::get(server.url.clone())).await.expect("reading does no harm");
        gateway_core::fence::extend(std::time::Instant::now() + Duration::from_secs(60));
        write().await.unwrap();
    })
    .await;
    assert_eq!(server.served(), 2);
}

#[tokio::test]
async fn dropped_connection_is_retried() {
    let server = ScriptedServer::new(&[], |_| {}).await;
    let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Persistent));
    assert_eq!(server.served(), 3);
}

#[tokio::test]
async fn long_retry_after_pauses_the_account_and_is_left_to_the_caller() {
    let limited = answer("429 Too Many Requests", "Retry-After: 30\r\n", "");
    let server = ScriptedServer::new(&[limited], |_| {}).await;
    let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(server.pacer.paused_seconds.load(Ordering::SeqCst), 30);
    assert_eq!(server.served(), 1);
}

#[tokio::test]
async fn short_retry_after_is_waited_for() {
    let soon = format!("Retry-After: {}\r\n", date(1));
    let limited = answer("503 Service Unavailable", &soon, "");
    let server = ScriptedServer::new(&[limited, answer(OK, JSON, "[]")], |_| {}).await;
    let started = tokio::time::Instant::now();
    server.http.send(Request::get(server.url.clone())).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.pacer.paused_seconds.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let elsewhere = ScriptedServer::new(&[answer(OK, JSON, "{}")], |_| {}).await;
    let redirect = answer("302 Found", &format!("Location: {}\r\n", elsewhere.url), "");
    let server = ScriptedServer::new(&[redirect], |_| {}).await;
    let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
    assert_eq!((server.served(), elsewhere.served()), (1, 0));
}

#[tokio::test]
async fn host_that_is_not_allowed_is_never_called() {
    let foreign = ScriptedServer::new(&[], |_| {}).await;
    let server = ScriptedServer::new(&[], |cloud| cloud.endpoint = "https://cloud.example/".to_owned()).await;
    let error = server.http.send(Request::get(foreign.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::AddressRefused, Status::Permanent));
    assert_eq!(foreign.served(), 0);
    assert_eq!(server.pacer.acquired.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn truncated_body_is_an_error() {
    let cut = answer(OK, JSON, "[1,2,3]").replace("[1,2,3]", "[1]");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n".to_owned();
    for half in [cut, chunked] {
        let server = ScriptedServer::new(&[half.clone(), half.clone(), half], |_| {}).await;
        let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::WrongDocument, Status::Persistent));
        assert_eq!(server.served(), 3);
    }
}

#[tokio::test]
async fn too_large_answer_is_refused() {
    let server = ScriptedServer::new(&[answer(OK, JSON, "[1,2,3]")], |_| {}).await;
    let request = Request { max_body: 3, ..Request::get(server.url.clone()) };
    let error = server.http.send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
    assert_eq!(server.served(), 1);
}

#[tokio::test]
async fn html_with_status_200_is_not_json() {
    let server = ScriptedServer::new(&[answer(OK, "Content-Type: text/html\r\n", "{}")], |_| {}).await;
    let response = server.http.send(Request::get(server.url.clone())).await.unwrap();
    assert_eq!(response.json::<serde_json::Value>().unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn silent_cloud_times_out() {
    // A listener that never accepts: the connection stays in its queue without an answer.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}/", silent.local_addr().unwrap())).unwrap();
    let server = ScriptedServer::new(&[], |cloud| cloud.timeout = Duration::from_millis(100)).await;
    let error = server.http.send(Request::get(url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn error_of_the_driver_takes_precedence() {
    let throttled = answer("400 Bad Request", "", "Throttling");
    let server = ScriptedServer::new(&[throttled, answer(OK, JSON, "{}")], |_| {}).await;
    let request = Request::get(server.url.clone()).explain(|response| {
        (&response.body[..] == b"Throttling")
            .then(|| gateway_core::Error::new(ErrorKind::RateLimited, "slow down"))
    });
    server.http.send(request).await.unwrap();
    assert_eq!(server.served(), 2, "retried by the status of the driver's own error");
}

#[tokio::test]
async fn secrets_are_sent_and_never_printed() {
    let refused = answer("403 Forbidden", "", "");
    let server = ScriptedServer::new(&[refused], |_| {}).await;
    let request = Request::post(server.url.clone(), "application/json", r#"{"password":"hunter2"}"#)
        .secret_header("x-auth-token".parse().unwrap(), "hunter2")
        .unwrap();
    assert!(!format!("{request:?} {:?}", request.headers).contains("hunter2"));
    let error = server.http.send(request).await.unwrap_err();
    assert!(!error.chain().contains("hunter2"));
    assert!(server.requests.lock().unwrap()[0].contains("x-auth-token: hunter2"));
}

//! The layers together, over real sockets.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Fixture, answer, date};
use driver_kit::{Method, Request};
use gateway_core::error::{ErrorKind, Status};

const OK: &str = "200 OK";
const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn a_temporary_fault_is_tried_again_and_every_try_is_paid() {
    let busy = answer("500 Internal Server Error", "", "");
    let fixture = Fixture::new(&[busy.clone(), busy, answer(OK, JSON, "{}")], |_| {}).await;
    let response = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
    assert_eq!(response.json::<serde_json::Value>().unwrap(), serde_json::json!({}));
    assert_eq!(fixture.served(), 3);
    assert_eq!(fixture.meter.acquired.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn the_third_failure_is_persistent_and_quotes_the_cloud() {
    let broken = answer("502 Bad Gateway", JSON, r#"{"error": {"message": "no backend"}}"#);
    let fixture = Fixture::new(&[broken.clone(), broken.clone(), broken], |_| {}).await;
    let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Persistent));
    assert!(error.message().contains("no backend"), "{error}");
    assert_eq!(fixture.served(), 3);
}

#[tokio::test]
async fn what_may_act_twice_is_sent_once() {
    let fixture = Fixture::new(&[answer("503 Service Unavailable", "", "")], |_| {}).await;
    let error = fixture.http.send(Request::new(Method::POST, fixture.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Temporary));
    assert_eq!(fixture.served(), 1);
}

#[tokio::test]
async fn a_write_does_not_leave_after_the_lease_of_who_sends_it() {
    let fixture = Fixture::new(&[answer(OK, JSON, "{}"), answer(OK, JSON, "{}")], |_| {}).await;
    let write = || fixture.http.send_write(Request::new(Method::POST, fixture.url.clone()));
    gateway_core::fence::around(async {
        let error = write().await.unwrap_err();
        assert!(error.kind() == ErrorKind::LeaseLost && error.changed_nothing(), "{error:?}");
        assert_eq!(fixture.served(), 0);
        fixture.http.send(Request::get(fixture.url.clone())).await.expect("reading does no harm");
        gateway_core::fence::extend(std::time::Instant::now() + Duration::from_secs(60));
        write().await.unwrap();
    })
    .await;
    assert_eq!(fixture.served(), 2);
}

#[tokio::test]
async fn a_dropped_connection_is_tried_again() {
    let fixture = Fixture::new(&[], |_| {}).await;
    let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Persistent));
    assert_eq!(fixture.served(), 3);
}

#[tokio::test]
async fn a_long_retry_after_is_shared_and_left_to_the_caller() {
    let limited = answer("429 Too Many Requests", "Retry-After: 30\r\n", "");
    let fixture = Fixture::new(&[limited], |_| {}).await;
    let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(fixture.meter.paused_seconds.load(Ordering::SeqCst), 30);
    assert_eq!(fixture.served(), 1);
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for() {
    let soon = format!("Retry-After: {}\r\n", date(1));
    let limited = answer("503 Service Unavailable", &soon, "");
    let fixture = Fixture::new(&[limited, answer(OK, JSON, "[]")], |_| {}).await;
    let started = tokio::time::Instant::now();
    fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(fixture.meter.paused_seconds.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Fixture::new(&[answer(OK, JSON, "{}")], |_| {}).await;
    let redirect = answer("302 Found", &format!("Location: {}\r\n", elsewhere.url), "");
    let fixture = Fixture::new(&[redirect], |_| {}).await;
    let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
    assert_eq!((fixture.served(), elsewhere.served()), (1, 0));
}

#[tokio::test]
async fn a_foreign_host_is_never_called() {
    let foreign = Fixture::new(&[], |_| {}).await;
    let fixture = Fixture::new(&[], |cloud| cloud.endpoint = "https://cloud.example/".to_owned()).await;
    let error = fixture.http.send(Request::get(foreign.url.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::AddressRefused, Status::Permanent));
    assert_eq!(foreign.served(), 0);
    assert_eq!(fixture.meter.acquired.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_cut_body_is_never_a_success() {
    let cut = answer(OK, JSON, "[1,2,3]").replace("[1,2,3]", "[1]");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n".to_owned();
    for half in [cut, chunked] {
        let fixture = Fixture::new(&[half.clone(), half.clone(), half], |_| {}).await;
        let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::WrongDocument, Status::Persistent));
        assert_eq!(fixture.served(), 3);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    let fixture = Fixture::new(&[answer(OK, JSON, "[1,2,3]")], |_| {}).await;
    let request = Request { max_body: 3, ..Request::get(fixture.url.clone()) };
    let error = fixture.http.send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
    assert_eq!(fixture.served(), 1);
}

#[tokio::test]
async fn html_with_status_200_is_no_document() {
    let fixture = Fixture::new(&[answer(OK, "Content-Type: text/html\r\n", "{}")], |_| {}).await;
    let response = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
    assert_eq!(response.json::<serde_json::Value>().unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn a_silent_cloud_times_out() {
    // A listener that never accepts: the connection stands in its queue, and nothing is answered.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}/", silent.local_addr().unwrap())).unwrap();
    let fixture = Fixture::new(&[], |cloud| cloud.timeout = Duration::from_millis(100)).await;
    let error = fixture.http.send(Request::get(url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn an_error_is_explained_by_the_driver_first() {
    let throttled = answer("400 Bad Request", "", "Throttling");
    let fixture = Fixture::new(&[throttled, answer(OK, JSON, "{}")], |_| {}).await;
    let request = Request::get(fixture.url.clone()).explain(|response| {
        (&response.body[..] == b"Throttling")
            .then(|| gateway_core::Error::new(ErrorKind::RateLimited, "slow down"))
    });
    fixture.http.send(request).await.unwrap();
    assert_eq!(fixture.served(), 2, "retried by the status of the driver's own error");
}

#[tokio::test]
async fn secrets_are_sent_and_not_shown() {
    let refused = answer("403 Forbidden", "", "");
    let fixture = Fixture::new(&[refused], |_| {}).await;
    let request = Request::post(fixture.url.clone(), "application/json", r#"{"password":"hunter2"}"#)
        .secret_header("x-auth-token".parse().unwrap(), "hunter2")
        .unwrap();
    assert!(!format!("{request:?} {:?}", request.headers).contains("hunter2"));
    let error = fixture.http.send(request).await.unwrap_err();
    assert!(!error.chain().contains("hunter2"));
    assert!(fixture.requests.lock().unwrap()[0].contains("x-auth-token: hunter2"));
}

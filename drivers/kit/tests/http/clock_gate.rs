//! The clock gate, tested with servers whose clock is off.

use crate::scripted_server::{ScriptedServer, answer, date};
use driver_kit::{CloudHttp, Method, Request};
use gateway_core::driver::Notice;
use gateway_core::error::ErrorKind;

fn dated(off: i64) -> String {
    answer("200 OK", "", "").replace(&date(0), &date(off))
}

fn dateless() -> String {
    answer("200 OK", "", "").replace(&format!("Date: {}\r\n", date(0)), "")
}

fn notices(http: &CloudHttp) -> Vec<String> {
    http.notices().into_iter().map(|Notice(text)| text).collect()
}

#[tokio::test]
async fn skew_beyond_five_minutes_is_refused_until_the_clock_is_right() {
    // The test's own clock stands still, so that rounding is the only uncertainty.
    for off in [302, -302, 7200] {
        let server = ScriptedServer::new(&[dated(off), dated(298)], |_| {}).await;
        let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClockSkew { seconds: off });
        assert!(error.message().contains(&off.abs().to_string()), "{error}");
        assert_eq!(notices(&server.http), [error.message()]);
        server.http.send(Request::get(server.url.clone())).await.unwrap();
        assert!(notices(&server.http).is_empty(), "the notice goes when the clock is right");
    }
    let server = ScriptedServer::new(&[dated(-298)], |_| {}).await;
    server.http.send(Request::get(server.url.clone())).await.unwrap();
}

#[tokio::test]
async fn refusal_by_a_wrong_clock_is_reported_as_skew() {
    let refused = answer("401 Unauthorized", "", "").replace(&date(0), &date(900));
    let server = ScriptedServer::new(&[refused], |_| {}).await;
    let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClockSkew { seconds: 900 });
}

#[tokio::test]
async fn answer_without_date_is_accepted_with_a_notice() {
    let server = ScriptedServer::new(&[dateless(), dated(0)], |_| {}).await;
    server.http.send(Request::get(server.url.clone())).await.unwrap();
    assert!(notices(&server.http)[0].contains("without Date"));
    server.http.send(Request::get(server.url.clone())).await.unwrap();
    assert!(notices(&server.http).is_empty());
}

#[tokio::test]
async fn answer_without_date_is_refused_if_one_is_required() {
    let server = ScriptedServer::new(&[dateless(), dated(0)], |cloud| cloud.require_date = true).await;
    let error = server.http.send(Request::get(server.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
    assert!(error.message().contains("without Date"), "{error}");
    server.http.send(Request::get(server.url.clone())).await.unwrap();
}

#[tokio::test]
async fn result_of_a_write_is_returned_despite_a_wrong_clock() {
    let made = answer("202 Accepted", "", "made").replace(&date(0), &date(400));
    let server = ScriptedServer::new(&[made], |_| {}).await;
    let request = Request::new(Method::POST, server.url.clone());
    let (response, skew) = server.http.send_write(request).await.unwrap();
    assert_eq!(&response.body[..], b"made");
    assert_eq!(skew.unwrap().kind(), ErrorKind::ClockSkew { seconds: 400 });
}

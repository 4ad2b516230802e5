//! The clock gate, with servers whose clock is off.

use crate::support::{Fixture, answer, date};
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
async fn the_limit_is_five_minutes_and_recovery_needs_nobody() {
    // The test's own clock stands still, so that all doubt is the second of rounding.
    for off in [302, -302, 7200] {
        let fixture = Fixture::new(&[dated(off), dated(298)], |_| {}).await;
        let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClockSkew { seconds: off });
        assert!(error.message().contains(&off.abs().to_string()), "{error}");
        assert_eq!(notices(&fixture.http), [error.message()]);
        fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
        assert!(notices(&fixture.http).is_empty(), "the notice goes when the clock is right");
    }
    let fixture = Fixture::new(&[dated(-298)], |_| {}).await;
    fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
}

#[tokio::test]
async fn a_refusal_by_a_wrong_clock_is_reported_as_skew() {
    let refused = answer("401 Unauthorized", "", "").replace(&date(0), &date(900));
    let fixture = Fixture::new(&[refused], |_| {}).await;
    let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClockSkew { seconds: 900 });
}

#[tokio::test]
async fn an_answer_without_date_is_taken_with_a_notice() {
    let fixture = Fixture::new(&[dateless(), dated(0)], |_| {}).await;
    fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
    assert!(notices(&fixture.http)[0].contains("without Date"));
    fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
    assert!(notices(&fixture.http).is_empty());
}

#[tokio::test]
async fn an_answer_without_date_is_refused_where_one_is_required() {
    let fixture = Fixture::new(&[dateless(), dated(0)], |cloud| cloud.require_date = true).await;
    let error = fixture.http.send(Request::get(fixture.url.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument);
    assert!(error.message().contains("without Date"), "{error}");
    fixture.http.send(Request::get(fixture.url.clone())).await.unwrap();
}

#[tokio::test]
async fn the_result_of_a_write_survives_a_bad_clock() {
    let made = answer("202 Accepted", "", "made").replace(&date(0), &date(400));
    let fixture = Fixture::new(&[made], |_| {}).await;
    let request = Request::new(Method::POST, fixture.url.clone());
    let (response, skew) = fixture.http.send_write(request).await.unwrap();
    assert_eq!(&response.body[..], b"made");
    assert_eq!(skew.unwrap().kind(), ErrorKind::ClockSkew { seconds: 400 });
}

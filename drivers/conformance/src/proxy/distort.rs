//! Effects of the faults on an answer.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gateway_core::clock::{Clock as _, SystemClock};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use super::answer::{Body, complete};
use super::refusal::ErrorFormat;
use crate::fault::Fault;

/// Wait between half a body and the end of its connection, so that the half is sent.
const BREAK_AFTER: Duration = Duration::from_millis(30);

/// Document that no cloud sends for a listing.
const GREETING: &[u8] = br#"{"greeting": "hello"}"#;

pub(super) async fn delay(fault: Option<Fault>) {
    if let Some(Fault::Latency(wait)) = fault {
        tokio::time::sleep(wait).await;
    }
}

/// Returns an answer in place of the cloud's; the request is not forwarded then.
pub(super) fn replacement(fault: Option<Fault>, format: ErrorFormat) -> Option<Response<Body>> {
    let fault = fault?;
    let mut headers = HeaderMap::new();
    write_date(&mut headers, SystemClock.now().seconds());
    let status = match fault {
        Fault::Unauthorized => StatusCode::UNAUTHORIZED,
        Fault::Forbidden => StatusCode::FORBIDDEN,
        Fault::RateLimited { retry_after } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
            StatusCode::TOO_MANY_REQUESTS
        }
        Fault::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        Fault::WrongDocument => {
            headers.insert(header::CONTENT_TYPE, ErrorFormat::Json.content_type());
            return Some(complete(StatusCode::OK, headers, Bytes::from_static(GREETING)));
        }
        Fault::HalfBody | Fault::Skew { .. } | Fault::NoDate | Fault::Latency(_) => return None,
    };
    headers.insert(header::CONTENT_TYPE, format.content_type());
    Some(complete(status, headers, format.refusal(status)))
}

pub(super) fn date(fault: Option<Fault>, headers: &mut HeaderMap) {
    match fault {
        Some(Fault::NoDate) => drop(headers.remove(header::DATE)),
        Some(Fault::Skew { seconds }) => {
            if let Some(sent) = read_date(headers) {
                write_date(headers, sent + seconds);
            }
        }
        _ => {}
    }
}

/// Announces the length of the whole body and ends the connection after half of it.
pub(super) fn body(fault: Option<Fault>, answer: Response<Body>, bytes: &Bytes) -> Response<Body> {
    if fault != Some(Fault::HalfBody) {
        return answer;
    }
    let half = bytes.slice(..bytes.len() / 2);
    let rest = stream::once(async {
        tokio::time::sleep(BREAK_AFTER).await;
        Err(std::io::Error::other("the body is truncated by the fault proxy"))
    });
    let frames = stream::once(async move { Ok(Frame::data(half)) }).chain(rest);
    let (mut parts, _) = answer.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Response::from_parts(parts, BodyExt::boxed(StreamBody::new(frames)))
}

fn read_date(headers: &HeaderMap) -> Option<i64> {
    let time = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn write_date(headers: &mut HeaderMap, seconds: i64) {
    let time = UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    if let Ok(value) = HeaderValue::from_str(&httpdate::fmt_http_date(time)) {
        headers.insert(header::DATE, value);
    }
}

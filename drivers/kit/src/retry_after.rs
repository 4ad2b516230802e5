//! The `Retry-After` and `Date` headers of an answer.

use std::time::Duration;

use gateway_core::clock::Timestamp;
use http::{HeaderMap, header};

/// Longest accepted wait. Higher obeys stranger clouds; lower limits the cost of a wrong header.
const LONGEST: Duration = Duration::from_secs(3600);

/// Returns the wait of `Retry-After`, given in seconds or as a date, at most an hour.
///
/// A date is on the cloud's clock: it is compared with the `Date` of the same answer if there is one.
pub(crate) fn read(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => parse_date(text)?.since(date(headers).unwrap_or(now)),
    };
    Some(wait.min(LONGEST))
}

/// Returns the `Date` of an answer.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(header::DATE)?.to_str().ok()?)
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().unwrap());
        }
        read(&headers, Timestamp::from_seconds(784_111_777)).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_parsed() {
        assert_eq!(wait("7", None), Some(7));
        assert_eq!(wait("99999999", None), Some(3600));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:57 GMT", None), Some(20));
        let theirs = Some("Sun, 06 Nov 1994 08:49:47 GMT");
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:57 GMT", theirs), Some(10));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT", None), Some(0));
        assert_eq!(wait("soon", None), None);
    }
}

//! The query parameter `max_age`, by which a read demands data of at most this age and waits for it.

use std::time::Duration;

use axum::http::Uri;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;

use super::exchange::Exchange;
use super::problem::Problem;
use super::query::{Query, invalid};

/// The name of the parameter.
pub(crate) const MAX_AGE: &str = "max_age";

/// Returns whether a request has the parameter, and so the work class `refresh`.
pub(crate) fn is_present(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == MAX_AGE && !value.is_empty())
}

/// Parses an age such as `5s`, `500ms`, `2m`, or `5` for seconds.
pub(crate) fn parse(query: &Query) -> Result<Option<Duration>, Problem> {
    let Some(text) = query.get(MAX_AGE) else { return Ok(None) };
    let (number, unit) =
        text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let scale = match unit {
        "ms" => Some(1),
        "s" | "" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let age = scale.and_then(|scale| number.parse::<u32>().ok().map(|number| u64::from(number) * scale));
    age.map(Duration::from_millis)
        .map(Some)
        .ok_or_else(|| invalid(MAX_AGE, "must be a whole number with the unit ms, s or m, such as 5s"))
}

/// Returns the deadline of a request. Refuses one that waits for listings but came by the queue of another class.
pub(crate) fn deadline(exchange: Option<&Exchange>, waits: bool) -> Result<Option<Timestamp>, Problem> {
    let Some(exchange) = exchange else { return Ok(None) };
    if waits && exchange.class != WorkClass::Refresh {
        let detail = "a request with max_age waits; publish it with the routing key `refresh`";
        return Err(Problem::bad_request("wrong-class", "Wrong work class", detail));
    }
    Ok(Some(exchange.deadline))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(text: &str) -> Option<Option<Duration>> {
        parse(&Query::parse(text).ok()?).ok()
    }

    #[test]
    fn age_has_a_unit() {
        assert_eq!(age("max_age=5s"), Some(Some(Duration::from_secs(5))));
        assert_eq!(age("max_age=5"), Some(Some(Duration::from_secs(5))));
        assert_eq!(age("max_age=250ms"), Some(Some(Duration::from_millis(250))));
        assert_eq!(age("max_age=2m"), Some(Some(Duration::from_secs(120))));
        assert_eq!(age("limit=1"), Some(None));
        for text in ["max_age=s", "max_age=-1s", "max_age=1.5s", "max_age=5h", "max_age=99999999999s"] {
            assert_eq!(age(text), None, "{text}");
        }
    }

    #[test]
    fn only_parameter_with_value_is_present() {
        for (target, expected) in [
            ("/v1/instances?max_age=1s", true),
            ("/v1/instances?limit=1&max%5Fage=1s", true),
            ("/v1/instances?name=max_age", false),
            ("/v1/instances?max_age=", false),
            ("/v1/instances", false),
        ] {
            assert_eq!(is_present(&target.parse().unwrap()), expected, "{target}");
        }
    }
}

//! Labels of HTTP statuses.

/// The label of what has no label of its own.
pub(super) const OTHER: &str = "other";

/// Returns the class of a status.
pub(super) fn status_class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500..600 => "5xx",
        _ => OTHER,
    }
}

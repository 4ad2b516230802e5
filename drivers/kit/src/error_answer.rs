//! Turns an error answer into a domain error with the cloud's own message.

use gateway_core::error::{Error, ErrorKind};
use http::{StatusCode, header};
use serde_json::Value;

use crate::message::Response;

/// Longest quoted message, in characters. Longer tells more; shorter keeps a cloud's stack trace out of answers.
const MAX_WORDS: usize = 300;

/// Returns the error kind of a status; `None` for a status that is no error.
pub fn kind_of_status(status: StatusCode) -> Option<ErrorKind> {
    if status.as_u16() < 400 {
        return None;
    }
    Some(match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        405 | 406 | 501 => ErrorKind::Unsupported,
        500.. => ErrorKind::Unavailable,
        _ => ErrorKind::Invalid,
    })
}

/// Returns the error of an error answer: the kind follows the status, the message quotes the cloud.
pub fn status_error(response: &Response) -> Error {
    let kind = kind_of_status(response.status).unwrap_or(ErrorKind::WrongDocument);
    let words = cloud_words(response).map(|words| format!(": {words}")).unwrap_or_default();
    Error::new(kind, format!("{} answered {}{words}", response.endpoint, response.status))
}

/// Returns the cloud's message about an error: from a JSON body, or a plain text body.
pub fn cloud_words(response: &Response) -> Option<String> {
    let content_type = response.header(&header::CONTENT_TYPE).unwrap_or_default();
    let words = match serde_json::from_slice::<Value>(&response.body) {
        Ok(document) => message_in(&document, 0)?.to_owned(),
        Err(_) if content_type.starts_with("text/plain") => {
            String::from_utf8_lossy(&response.body[..response.body.len().min(4 * MAX_WORDS)]).into_owned()
        }
        Err(_) => return None,
    };
    let words = trim_words(&words);
    (!words.is_empty()).then_some(words)
}

/// Returns a message as one line of at most 300 characters, without control characters.
pub fn trim_words(words: &str) -> String {
    let mut line = String::new();
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > MAX_WORDS {
            return line.chars().take(MAX_WORDS).chain("...".chars()).collect();
        }
    }
    line
}

/// Finds the message, which clouds nest differently (`{"error": {"message"}}`, `{"badRequest": {"message"}}`,
/// `{"message"}`).
fn message_in(document: &Value, depth: usize) -> Option<&str> {
    let object = document.as_object().filter(|_| depth < 3)?;
    ["message", "detail", "title", "error_description"]
        .iter()
        .find_map(|key| object.get(*key)?.as_str())
        .or_else(|| object.values().find_map(|value| message_in(value, depth + 1)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn response(status: u16, content_type: &str, body: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            endpoint: "nova:8774".into(),
        }
    }

    #[test]
    fn message_of_the_cloud_is_found_and_trimmed() {
        let nested =
            response(403, "application/json", r#"{"forbidden": {"code": 403, "message": "Not\n you"}}"#);
        let error = status_error(&nested);
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!(error.message(), "nova:8774 answered 403 Forbidden: Not you");
        let html = response(503, "text/html", "<html><body>stack trace</body></html>");
        assert_eq!(status_error(&html).message(), "nova:8774 answered 503 Service Unavailable");
        let long = response(400, "text/plain", &"x".repeat(5000));
        assert!(status_error(&long).message().len() < 400);
    }

    #[test]
    fn error_kind_follows_the_status() {
        for (status, kind) in [
            (400, ErrorKind::Invalid),
            (401, ErrorKind::Unauthorized),
            (404, ErrorKind::NotFound),
            (409, ErrorKind::Conflict),
            (422, ErrorKind::Invalid),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
        ] {
            assert_eq!(kind_of_status(StatusCode::from_u16(status).unwrap()), Some(kind), "{status}");
        }
        assert_eq!(kind_of_status(StatusCode::MULTIPLE_CHOICES), None);
    }
}

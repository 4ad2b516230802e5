//! Refusals in the words of the cloud that is asked: drivers do not believe any other.

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};

/// The form in which a cloud tells errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// OpenStack's JSON.
    Json,
    /// The XML of EC2's Query API.
    Xml,
}

impl Language {
    /// The Query API takes forms; no other request here does.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_form =
            content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form"));
        let is_query = request.uri().query().is_some_and(|query| query.contains("Action="));
        if is_form || is_query { Self::Xml } else { Self::Json }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Xml => "text/xml;charset=UTF-8",
        })
    }

    /// The document that goes with a status.
    pub(super) fn refusal(self, status: StatusCode) -> Bytes {
        let title = status.canonical_reason().unwrap_or_default();
        Bytes::from(match self {
            Self::Json => format!(
                r#"{{"error": {{"code": {}, "title": "{title}", "message": "as was asked for"}}}}"#,
                status.as_u16()
            ),
            Self::Xml => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code>\
                 <Message>as was asked for</Message></Error></Errors><RequestID>fault-proxy</RequestID></Response>",
                code(status)
            ),
        })
    }
}

/// EC2's word for it.
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "AuthFailure",
        StatusCode::FORBIDDEN => "UnauthorizedOperation",
        StatusCode::TOO_MANY_REQUESTS => "RequestLimitExceeded",
        _ => "InternalError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_tells_the_language() {
        let request =
            |content_type| Request::builder().header(header::CONTENT_TYPE, content_type).body(()).unwrap();
        assert_eq!(Language::of(&request("application/json")), Language::Json);
        assert_eq!(Language::of(&request("application/x-www-form-urlencoded; charset=utf-8")), Language::Xml);
        let query = Request::builder().uri("/?Action=DescribeInstances").body(()).unwrap();
        assert_eq!(Language::of(&query), Language::Xml);
    }
}

//! Error answers in the format of the cloud: drivers do not accept any other.

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};

/// Format of the error documents of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// JSON of OpenStack.
    Json,
    /// XML of the Query API of EC2.
    Xml,
}

impl ErrorFormat {
    /// Returns the format that belongs to a request: only requests of the Query API are forms.
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

    /// Returns the error document of a status.
    pub(super) fn refusal(self, status: StatusCode) -> Bytes {
        let title = status.canonical_reason().unwrap_or_default();
        Bytes::from(match self {
            Self::Json => format!(
                r#"{{"error": {{"code": {}, "title": "{title}", "message": "fault injected by the proxy"}}}}"#,
                status.as_u16()
            ),
            Self::Xml => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code>\
                 <Message>fault injected by the proxy</Message></Error></Errors><RequestID>fault-proxy</RequestID></Response>",
                code(status)
            ),
        })
    }
}

/// Returns the error code of EC2 for a status.
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
    fn error_format_follows_the_request() {
        let request =
            |content_type| Request::builder().header(header::CONTENT_TYPE, content_type).body(()).unwrap();
        assert_eq!(ErrorFormat::of(&request("application/json")), ErrorFormat::Json);
        assert_eq!(
            ErrorFormat::of(&request("application/x-www-form-urlencoded; charset=utf-8")),
            ErrorFormat::Xml
        );
        let query = Request::builder().uri("/?Action=DescribeInstances").body(()).unwrap();
        assert_eq!(ErrorFormat::of(&query), ErrorFormat::Xml);
    }
}

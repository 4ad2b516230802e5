//! What a service says when it refuses a write, in its own words and without what the caller sent in secret.

use driver_kit::{HeaderName, Response, cloud_words, kind_of_status, trim_words};
use gateway_core::error::{CloudWords, Error, ErrorKind};
use serde_json::Value;

use crate::not_found;

const REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("x-openstack-request-id"), HeaderName::from_static("x-compute-request-id")];

/// The cloud's own id of a request.
pub(crate) fn request_id(response: &Response) -> Option<String> {
    REQUEST_IDS.iter().find_map(|name| response.header(name)).map(trim_words).filter(|id| !id.is_empty())
}

/// For [`driver_kit::Request::explain`] of a write.
pub(crate) fn explain(response: &Response) -> Option<Error> {
    let request_id = request_id(response);
    let words = words(response);
    // A proxy says neither the service's words nor its ids, and does not know what became of the write.
    if response.status == 404 && request_id.is_none() && !not_found::is_services_own(response) {
        return not_found::explain(response);
    }
    let (code, message) = words.unwrap_or_default();
    let status = response.status;
    let kind = match (status.as_u16(), is_spent(&message)) {
        (400 | 403 | 413, true) => ErrorKind::Conflict,
        (413, false) => ErrorKind::RateLimited,
        (400, false) if is_state(&message) => ErrorKind::Conflict,
        _ => kind_of_status(status)?,
    };
    let said = if message.is_empty() { String::new() } else { format!(": {message}") };
    let code = code.unwrap_or_else(|| status.as_u16().to_string());
    let error = Error::new(kind, format!("{} answered {status}{said}", response.endpoint));
    Some(error.with_cloud(CloudWords { code, message, request_id }))
}

/// Every service says by these words that a quota is spent; what it answers along with them differs.
fn is_spent(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("quota") && message.contains("exceed")
}

/// Cinder calls an order wrong that it would take of a volume in another state.
fn is_state(message: &str) -> bool {
    message.contains(" status must be")
}

/// The service's code, where it is a word, and its message.
fn words(response: &Response) -> Option<(Option<String>, String)> {
    let document: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if let Some(kind) = document["NeutronError"]["type"].as_str() {
        return Some((Some(trim_words(kind)), cloud_words(response)?));
    }
    let nested =
        document.as_object().and_then(|only| only.values().find_map(|value| value["message"].as_str()));
    let message = nested.map(|message| trim_words(&without_values(message)));
    Some((None, message.or_else(|| page(response)).or_else(|| cloud_words(response))?))
}

/// What follows a value that was not of the form that Nova and Cinder expect.
const REASONS: [&str; 8] = [
    "Additional properties are not allowed",
    "is a required property",
    "is not of type",
    "is not one of",
    "does not match",
    "is too long",
    "is too short",
    "is not valid under any of the given schemas",
];

/// Nova and Cinder quote the whole value that they find wrong, which may have secrets in it: what was said of it stays.
fn without_values(message: &str) -> String {
    let Some((field, value)) = message.split_once(" Value: ") else { return message.to_owned() };
    let reason = REASONS.iter().find_map(|reason| Some(&value[value.rfind(reason)?..]));
    match reason {
        // The property that is missing stands before that.
        Some("is a required property") => {
            let name = value.rsplit(' ').nth(4).unwrap_or_default();
            format!("{field} {name} is a required property")
        }
        Some(reason) => format!("{field} {reason}"),
        None => field.to_owned(),
    }
}

/// Glance answers a page with its words under the heading.
fn page(response: &Response) -> Option<String> {
    let text = String::from_utf8_lossy(&response.body);
    let words = text.split_once("</h1>")?.1.split('<').next()?;
    let words =
        [("&#x27;", "'"), ("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
            .iter()
            .fold(words.to_owned(), |words, (coded, plain)| words.replace(coded, plain));
    Some(trim_words(words.split("\n\nFailed validating").next()?)).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use driver_kit::StatusCode;

    use super::*;
    use crate::wire::testing::json_response;

    fn refused(status: u16, text: &str) -> Error {
        let mut response = json_response(text);
        response.status = StatusCode::from_u16(status).unwrap();
        response.headers.insert(REQUEST_IDS[0].clone(), "req-1".parse().unwrap());
        explain(&response).unwrap()
    }

    fn said(status: u16, text: &str) -> (ErrorKind, String, String) {
        let error = refused(status, text);
        let words = error.cloud().unwrap().clone();
        assert_eq!(words.request_id.as_deref(), Some("req-1"));
        assert!(error.message().ends_with(&words.message), "{error}");
        (error.kind(), words.code, words.message)
    }

    #[test]
    fn each_service_is_heard_in_its_own_form() {
        let nova =
            said(409, r#"{"conflictingRequest": {"code": 409, "message": "Cannot 'start' instance x"}}"#);
        assert_eq!(nova, (ErrorKind::Conflict, "409".into(), "Cannot 'start' instance x".into()));
        let neutron = said(
            409,
            r#"{"NeutronError": {"type": "NetworkInUse", "message": "Unable to complete", "detail": ""}}"#,
        );
        assert_eq!(neutron, (ErrorKind::Conflict, "NetworkInUse".into(), "Unable to complete".into()));
        let page = "<html><body>\n <h1>400 Bad Request</h1>\n &#x27;nope&#x27; is not one of [None]\n\nFailed \
                    validating &#x27;enum&#x27;<br /></body></html>";
        assert_eq!(said(400, page), (ErrorKind::Invalid, "400".into(), "'nope' is not one of [None]".into()));
        assert_eq!(said(403, r#"{"message": "not you"}"#).2, "not you");
        assert_eq!(
            said(502, "<html>bad gateway</html>"),
            (ErrorKind::Unavailable, "502".into(), String::new())
        );
    }

    #[test]
    fn a_spent_quota_and_another_state_are_conflicts_and_a_policy_is_not() {
        for (status, text) in [
            (403, r#"{"forbidden": {"message": "Quota exceeded for instances: Requested 1"}}"#),
            (
                413,
                r#"{"overLimit": {"message": "VolumeLimitExceeded: Maximum exceeded for quota 'volumes'."}}"#,
            ),
            (409, r#"{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources"}}"#),
        ] {
            assert_eq!(said(status, text).0, ErrorKind::Conflict, "{text}");
        }
        let policy =
            r#"{"forbidden": {"message": "Policy doesn't allow os_compute_api:os-quota-sets:update"}}"#;
        assert_eq!(said(403, policy).0, ErrorKind::Forbidden);
        assert_eq!(said(413, r#"{"overLimit": {"message": "slow down"}}"#).0, ErrorKind::RateLimited);
    }

    #[test]
    fn a_quoted_order_is_left_out() {
        for (value, kept) in [
            (
                "{'user_data': 'hush. hush'}. Additional properties are not allowed ('x' was unexpected)",
                "Additional properties are not allowed ('x' was unexpected)",
            ),
            ("{'adminPass': 'hush'}. 'name' is a required property", "'name' is a required property"),
            ("hush. 'hush' is too long", "is too long"),
            ("hush. hush is odd", ""),
        ] {
            let text = serde_json::json!({"badRequest": {"code": 400,
                "message": format!("Invalid input for field/attribute server. Value: {value}")}});
            let expected = format!("Invalid input for field/attribute server. {kept}");
            assert_eq!(said(400, &text.to_string()).2, expected.trim());
        }
    }

    #[test]
    fn a_404_of_a_proxy_says_nothing_of_the_write() {
        let response = Response { status: StatusCode::NOT_FOUND, ..json_response("<html>nginx</html>") };
        assert!(!explain(&response).unwrap().changed_nothing());
        assert_eq!(
            refused(404, "<h1>404 Not Found</h1> Image x not found.<br />").kind(),
            ErrorKind::NotFound
        );
    }
}

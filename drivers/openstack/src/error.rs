//! The services' error answers as [`gateway_core::Error`]: one reading for logins, one for reads, one for writes.
//!
//! The functions named `explain_...` are for [`driver_kit::Request::explain`]; `None` leaves the answer to the kit.

mod message;

use driver_kit::{HeaderName, Response, StatusCode, cloud_words, kind_of_status, trim_words};
use gateway_core::error::{CloudWords, Error, ErrorKind, Status};
use serde_json::Value;

const REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("x-openstack-request-id"), HeaderName::from_static("x-compute-request-id")];

/// Explains an error answer of Keystone. Only Keystone's own document refuses a credential; a proxy's page does not.
pub(crate) fn explain_login(response: &Response) -> Option<Error> {
    let document: Value = response.json().unwrap_or_default();
    let words = cloud_words(response).unwrap_or_default();
    let own_code = document["error"]["code"].as_u64();
    let refused = match response.status {
        StatusCode::UNAUTHORIZED => own_code == Some(401),
        // Keystone's answer for an application credential that was deleted.
        StatusCode::NOT_FOUND => {
            own_code == Some(404) && words.starts_with("Could not find Application Credential")
        }
        _ => return None,
    };
    Some(if refused {
        Error::new(ErrorKind::Unauthorized, format!("Keystone refused the credential: {words}"))
    } else {
        let message = format!("{} answered {} and is not Keystone", response.endpoint, response.status);
        Error::unavailable(message).with_status(Status::Persistent)
    })
}

/// Explains a 404 of a read: one that a proxy made is no proof of absence.
pub(crate) fn explain_read(response: &Response) -> Option<Error> {
    if response.status != StatusCode::NOT_FOUND || is_services_own(response) {
        return None;
    }
    let message = format!("{} answered a 404 that is not the service's own", response.endpoint);
    Some(Error::new(ErrorKind::WrongDocument, message))
}

/// Explains the refusal of a write, with the service's code, message and request id.
pub(crate) fn explain_write(response: &Response) -> Option<Error> {
    let request_id = request_id(response);
    // A proxy's 404 does not tell what became of the write.
    if response.status == StatusCode::NOT_FOUND && request_id.is_none() && !is_services_own(response) {
        return explain_read(response);
    }
    let (code, message) = message::code_and_message(response).unwrap_or_default();
    let status = response.status;
    let kind = match (status.as_u16(), is_quota_exceeded(&message)) {
        (400 | 403 | 413, true) => ErrorKind::Conflict,
        (413, false) => ErrorKind::RateLimited,
        (400, false) if is_wrong_state(&message) => ErrorKind::Conflict,
        _ => kind_of_status(status)?,
    };
    let suffix = if message.is_empty() { String::new() } else { format!(": {message}") };
    let code = code.unwrap_or_else(|| status.as_u16().to_string());
    let error = Error::new(kind, format!("{} answered {status}{suffix}", response.endpoint));
    Some(error.with_cloud(CloudWords { code, message, request_id }))
}

/// Returns the cloud's own id of a request.
pub(crate) fn request_id(response: &Response) -> Option<String> {
    REQUEST_IDS.iter().find_map(|name| response.header(name)).map(trim_words).filter(|id| !id.is_empty())
}

/// Tells whether the service refused with that code, such as a Neutron error type.
pub(crate) fn has_code(error: &Error, code: &str) -> bool {
    error.cloud().is_some_and(|words| words.code == code)
}

/// Tells whether the service itself made a 404. Nova and Cinder answer `{"itemNotFound"}`, Neutron `{"NeutronError"}`
/// (also when a policy hides the resource), Glance a page that names the image.
fn is_services_own(response: &Response) -> bool {
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(document) => document["itemNotFound"].is_object() || document["NeutronError"]["type"].is_string(),
        Err(_) => String::from_utf8_lossy(&response.body).contains("No image found with ID"),
    }
}

/// Tells whether a quota is exceeded. The message is the same in every service; the status differs.
fn is_quota_exceeded(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("quota") && message.contains("exceed")
}

/// Tells whether Cinder's 400 means that the volume is in the wrong state.
fn is_wrong_state(message: &str) -> bool {
    message.contains(" status must be")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::json_response;

    fn refused(status: u16, text: &str) -> Error {
        let mut response = json_response(text);
        response.status = StatusCode::from_u16(status).unwrap();
        response.headers.insert(REQUEST_IDS[0].clone(), "req-1".parse().unwrap());
        explain_write(&response).unwrap()
    }

    fn explained(status: u16, text: &str) -> (ErrorKind, String, String) {
        let error = refused(status, text);
        let words = error.cloud().unwrap().clone();
        assert_eq!(words.request_id.as_deref(), Some("req-1"));
        assert!(error.message().ends_with(&words.message), "{error}");
        (error.kind(), words.code, words.message)
    }

    #[test]
    fn error_document_of_each_service_is_read() {
        let nova = explained(
            409,
            r#"{"conflictingRequest": {"code": 409, "message": "Cannot 'start' instance x"}}"#,
        );
        assert_eq!(nova, (ErrorKind::Conflict, "409".into(), "Cannot 'start' instance x".into()));
        let neutron = explained(
            409,
            r#"{"NeutronError": {"type": "NetworkInUse", "message": "Unable to complete", "detail": ""}}"#,
        );
        assert_eq!(neutron, (ErrorKind::Conflict, "NetworkInUse".into(), "Unable to complete".into()));
        let page = "<html><body>\n <h1>400 Bad Request</h1>\n &#x27;nope&#x27; is not one of [None]\n\nFailed \
                    validating &#x27;enum&#x27;<br /></body></html>";
        assert_eq!(
            explained(400, page),
            (ErrorKind::Invalid, "400".into(), "'nope' is not one of [None]".into())
        );
        assert_eq!(explained(403, r#"{"message": "not you"}"#).2, "not you");
        assert_eq!(
            explained(502, "<html>bad gateway</html>"),
            (ErrorKind::Unavailable, "502".into(), String::new())
        );
    }

    #[test]
    fn exceeded_quota_is_a_conflict_and_policy_refusal_is_not() {
        for (status, text) in [
            (403, r#"{"forbidden": {"message": "Quota exceeded for instances: Requested 1"}}"#),
            (
                413,
                r#"{"overLimit": {"message": "VolumeLimitExceeded: Maximum exceeded for quota 'volumes'."}}"#,
            ),
            (409, r#"{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources"}}"#),
        ] {
            assert_eq!(explained(status, text).0, ErrorKind::Conflict, "{text}");
        }
        let policy =
            r#"{"forbidden": {"message": "Policy doesn't allow os_compute_api:os-quota-sets:update"}}"#;
        assert_eq!(explained(403, policy).0, ErrorKind::Forbidden);
        assert_eq!(explained(413, r#"{"overLimit": {"message": "slow down"}}"#).0, ErrorKind::RateLimited);
    }

    #[test]
    fn quoted_values_are_removed() {
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
            assert_eq!(explained(400, &text.to_string()).2, expected.trim());
        }
    }

    #[test]
    fn proxys_404_leaves_outcome_of_write_unknown() {
        let response = Response { status: StatusCode::NOT_FOUND, ..json_response("<html>nginx</html>") };
        assert!(!explain_write(&response).unwrap().changed_nothing());
        assert_eq!(
            refused(404, "<h1>404 Not Found</h1> Image x not found.<br />").kind(),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn only_services_own_404_proves_absence() {
        let is_absent = |text: &str| {
            explain_read(&Response { status: StatusCode::NOT_FOUND, ..json_response(text) }).is_none()
        };
        assert!(is_absent(r#"{"itemNotFound": {"code": 404, "message": "Instance x could not be found."}}"#));
        assert!(is_absent(
            r#"{"NeutronError": {"type": "NetworkNotFound", "message": "Network x could not be found.", "detail": ""}}"#
        ));
        assert!(is_absent("<html><body>\n  No image found with ID x<br /></body></html>"));
        assert!(!is_absent("<html>nginx</html>"));
        assert!(!is_absent(r#"{"message": "no route"}"#));
        assert!(!is_absent(r#"{"NeutronError": "no route"}"#));
        assert!(!is_absent(""));
    }

    #[test]
    fn only_keystones_own_document_refuses_the_credential() {
        let kind = |status: StatusCode, text: &str| {
            explain_login(&Response { status, ..json_response(text) }).map(|error| error.kind())
        };
        let (unauthorized, not_found) = (StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND);
        let refused = Some(ErrorKind::Unauthorized);
        assert_eq!(kind(unauthorized, r#"{"error":{"code":401,"message":"no"}}"#), refused);
        let deleted = r#"{"error":{"code":404,"message":"Could not find Application Credential: x."}}"#;
        assert_eq!(kind(not_found, deleted), refused);
        assert_eq!(kind(unauthorized, "<html>sign in</html>"), Some(ErrorKind::Unavailable));
        assert_eq!(kind(not_found, "<html>no such page</html>"), Some(ErrorKind::Unavailable));
        assert_eq!(kind(not_found, r#"{"error":{"code":404,"message":"x"}}"#), Some(ErrorKind::Unavailable));
        assert_eq!(kind(StatusCode::FORBIDDEN, "{}"), None);
    }
}

//! Whose 404 it is: the service's own says that a thing is gone, a proxy's says nothing.

use driver_kit::{Response, StatusCode};
use gateway_core::error::{Error, ErrorKind};
use serde_json::Value;

/// For [`driver_kit::Request::explain`]: a 404 that is not in the service's own words is no proof of absence.
pub(crate) fn explain(response: &Response) -> Option<Error> {
    if response.status != StatusCode::NOT_FOUND || is_services_own(response) {
        return None;
    }
    let message = format!("{} answered a 404 that is not the service's own", response.endpoint);
    Some(Error::new(ErrorKind::WrongDocument, message))
}

/// Nova and Cinder answer `{"itemNotFound"}`, Neutron `{"NeutronError"}` (in a policy's refusal too, as if it were
/// not there), Glance a page that names the image.
pub(crate) fn is_services_own(response: &Response) -> bool {
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(document) => document["itemNotFound"].is_object() || document["NeutronError"]["type"].is_string(),
        Err(_) => String::from_utf8_lossy(&response.body).contains("No image found with ID"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::json_response;

    #[test]
    fn only_the_services_own_404_is_believed() {
        let believed = |text: &str| {
            explain(&Response { status: StatusCode::NOT_FOUND, ..json_response(text) }).is_none()
        };
        assert!(believed(r#"{"itemNotFound": {"code": 404, "message": "Instance x could not be found."}}"#));
        assert!(believed(
            r#"{"NeutronError": {"type": "NetworkNotFound", "message": "Network x could not be found.", "detail": ""}}"#
        ));
        assert!(believed("<html><body>\n  No image found with ID x<br /></body></html>"));
        assert!(!believed("<html>nginx</html>"));
        assert!(!believed(r#"{"message": "no route"}"#));
        assert!(!believed(r#"{"NeutronError": "no route"}"#));
        assert!(!believed(""));
    }
}

//! JSON bodies, checked by content type.

use gateway_core::error::{Error, ErrorKind, Result};
use http::header;
use serde::de::DeserializeOwned;

use crate::message::Response;

impl Response {
    /// Parses the body as the given type.
    ///
    /// # Errors
    /// `WrongDocument` if the content type is not JSON or the document does not match the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let wrong = |answer: &str| {
            Error::new(ErrorKind::WrongDocument, format!("{} answered {answer}", self.endpoint))
        };
        if !self.header(&header::CONTENT_TYPE).is_some_and(is_json) {
            return Err(wrong("something other than JSON"));
        }
        // The parser's message may quote the document: it is for the operator only.
        serde_json::from_slice(&self.body)
            .map_err(|error| wrong("JSON of another form than requested").with_source(error))
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn json_content_types_are_recognized() {
        assert!(is_json("application/json; charset=UTF-8"));
        assert!(is_json("application/problem+json"));
        assert!(!is_json("text/html"));
        assert!(!is_json("text/json-not"));
    }
}

//! Problem documents (RFC 9457) with the gateway's own members.

use std::fmt;

use gateway_core::error::CloudWords;
use gateway_core::kind::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The path before the word of every problem type.
const TYPES: &str = "/problems/";

/// A problem document.
#[derive(Debug, Default, Deserialize)]
pub struct Problem {
    /// The stable type, such as `/problems/invalid-state`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The type in words.
    pub title: String,
    /// The text about this occurrence.
    #[serde(default)]
    pub detail: String,
    /// The id of the request, under which the log has more.
    #[serde(default)]
    pub instance: String,
    /// The errors in fields of a command.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// The cloud's own words.
    pub cloud: Option<CloudWords>,
    /// The resources that name one which cannot be deleted.
    #[serde(default)]
    pub users: Vec<Value>,
    /// The resources that were made before the failure.
    #[serde(default)]
    pub made: Vec<Value>,
    /// The actions that the present state allows.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The operation of the write.
    pub operation: Option<Reference>,
    /// The credentials that a login refused.
    #[serde(default)]
    pub rejected: Vec<Rejected>,
}

/// A reference to an operation.
#[derive(Debug, Deserialize)]
pub struct Reference {
    /// The id.
    pub id: String,
}

/// A credential that was refused.
#[derive(Debug, Deserialize, Serialize)]
pub struct Rejected {
    /// The name of the cloud.
    pub cloud: String,
    /// The reason as a word.
    pub reason: String,
    /// The reason as a sentence.
    pub detail: String,
}

impl Problem {
    /// Returns the last word of the type, such as `invalid-state`.
    pub fn word(&self) -> &str {
        self.kind.strip_prefix(TYPES).unwrap_or(&self.kind)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        // The first field error often is the detail once more.
        let is_repeated = self.errors.iter().any(|error| self.detail.ends_with(&error.detail));
        match self.detail.is_empty() || is_repeated {
            true => Ok(()),
            false => write!(f, ": {}", self.detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Problem {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn word_is_the_end_of_the_type() {
        assert_eq!(read(r#"{"type":"/problems/invalid-state","title":"t"}"#).word(), "invalid-state");
        assert_eq!(read(r#"{"title":"t"}"#).word(), "");
    }

    #[test]
    fn refused_credentials_are_read() {
        let problem = read(r#"{"title":"t","rejected":[{"cloud":"lab","reason":"refused","detail":"no"}]}"#);
        assert_eq!(problem.rejected[0].cloud, "lab");
        assert!(read(r#"{"title":"t"}"#).rejected.is_empty());
    }

    #[test]
    fn detail_that_repeats_a_field_error_is_left_out() {
        let errors = r#""errors":[{"pointer":"/name","detail":"is bad"}]"#;
        assert_eq!(read(&format!(r#"{{"title":"t","detail":"/name is bad",{errors}}}"#)).to_string(), "t");
        assert_eq!(read(r#"{"title":"t","detail":"later"}"#).to_string(), "t: later");
    }
}

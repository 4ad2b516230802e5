//! Credentials: the proof that a principal may act for an account.

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// A credential in one of the forms that clouds take. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// User and password, scoped to a project (OpenStack).
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: Secret,
        /// The domain of the user, by name; `Default` when not given.
        #[serde(default)]
        user_domain: Option<String>,
        /// The project, by name or id.
        project: String,
        /// The domain of the project, by name; the user's domain when not given.
        #[serde(default)]
        project_domain: Option<String>,
    },
    /// An application credential (OpenStack): its project is fixed by the cloud.
    ApplicationCredential {
        /// The id of the application credential.
        id: String,
        /// The secret of the application credential.
        secret: Secret,
    },
    /// A signing key pair (EC2).
    AccessKey {
        /// The public half.
        access_key_id: String,
        /// The private half.
        secret_access_key: Secret,
        /// The session token of temporary keys.
        #[serde(default)]
        session_token: Option<Secret>,
    },
}

impl Credential {
    /// Returns the form's name on the wire.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            Self::ApplicationCredential { .. } => "application_credential",
            Self::AccessKey { .. } => "access_key",
        }
    }

    /// Returns JSON with the secrets in clear, to be sealed and for nothing else.
    pub fn to_sealable(&self) -> Zeroizing<String> {
        let value: Value = match self {
            Self::Password { username, password, user_domain, project, project_domain } => json!({
                "method": self.method(), "username": username, "password": password.expose(),
                "user_domain": user_domain, "project": project, "project_domain": project_domain,
            }),
            Self::ApplicationCredential { id, secret } => {
                json!({ "method": self.method(), "id": id, "secret": secret.expose() })
            }
            Self::AccessKey { access_key_id, secret_access_key, session_token } => json!({
                "method": self.method(), "access_key_id": access_key_id,
                "secret_access_key": secret_access_key.expose(),
                "session_token": session_token.as_ref().map(Secret::expose),
            }),
        };
        Zeroizing::new(value.to_string())
    }

    /// Parses the text of [`Self::to_sealable`] or of a client.
    ///
    /// # Errors
    /// Invalid, naming the missing or unknown field and never its value.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("credential: {}", shape_only(&error))))
    }
}

/// Keeps the part of serde's message that names fields. The rest may quote a value: `invalid type: string "hunter2"`.
fn shape_only(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if let Some((_, methods)) = text.split(" at line").next().unwrap_or_default().split_once("expected ")
        && text.starts_with("unknown variant")
    {
        return format!("`method` must be {methods}");
    }
    let known = ["missing field", "unknown field", "missing tag"];
    match known.iter().find(|start| text.starts_with(*start)) {
        Some(_) => text.split(" at line").next().unwrap_or_default().to_owned(),
        None => "does not have the documented form".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealable_form_reads_back_and_debug_hides_secrets() {
        let text = r#"{"method":"access_key","access_key_id":"AK","secret_access_key":"hunter2"}"#;
        let credential = Credential::parse(text).unwrap();
        assert_eq!(Credential::parse(&credential.to_sealable()).unwrap(), credential);
        assert!(!format!("{credential:?}").contains("hunter2"));
    }

    #[test]
    fn errors_name_fields_without_values() {
        let missing = Credential::parse(r#"{"method":"access_key","access_key_id":"AK"}"#).unwrap_err();
        assert_eq!(missing.to_string(), "credential: missing field `secret_access_key`");
        let wrong = Credential::parse(r#"{"method":"access_key","access_key_id":["hunter2"]}"#).unwrap_err();
        assert!(!wrong.chain().contains("hunter2"));
        let method = Credential::parse(r#"{"method":"hunter2"}"#).unwrap_err();
        assert_eq!(
            method.to_string(),
            "credential: `method` must be one of `password`, `application_credential`, `access_key`"
        );
    }
}

//! Tokens of Keystone, issued for a credential.

use std::time::Duration;

use driver_kit::{CloudHttp, HeaderName, Request, Response};
use gateway_core::access::credential::Credential;
use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::catalog::Entry;
use crate::error;

const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The last part of a token's life, in which it is not used: it must stay valid during a whole call. A higher value
/// issues tokens more often; a lower one risks refusals of slow calls.
const MARGIN: Duration = Duration::from_secs(120);

/// The owner of the resources. Most belong to the project, some to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Id of the token's project.
    pub(crate) project_id: String,
    /// Id of the user.
    pub(crate) user_id: String,
}

/// A token with the document that Keystone sent along.
#[derive(Debug)]
pub(crate) struct Token {
    /// The token itself.
    pub(crate) secret: Secret,
    /// The end of its use, by our clock.
    pub(crate) use_until: Timestamp,
    /// The account that it is scoped to.
    pub(crate) account: Account,
    /// The project's name.
    pub(crate) project_name: String,
    /// The catalog as it was sent.
    pub(crate) catalog: Vec<Entry>,
}

#[derive(Deserialize)]
struct Document {
    token: TokenDocument,
}

#[derive(Deserialize)]
struct TokenDocument {
    expires_at: Timestamp,
    issued_at: Option<Timestamp>,
    user: User,
    project: Option<Project>,
    #[serde(default)]
    catalog: Vec<Entry>,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Project {
    id: String,
    name: String,
}

/// Requests a token from Keystone.
///
/// # Errors
/// `Unauthorized` only if Keystone itself refuses the credential.
pub(crate) async fn issue(http: &CloudHttp, keystone: &Url, credential: &Credential) -> Result<Token> {
    let mut url = keystone.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["auth", "tokens"]);
    }
    let body = request_body(credential)?.to_string();
    let request = Request::post(url, "application/json", body).idempotent().explain(error::explain_login);
    let response = http.send(request).await?;
    read(&response, http.link().now())
}

/// Returns the body of Keystone's authentication request.
pub(crate) fn request_body(credential: &Credential) -> Result<Value> {
    Ok(match credential {
        Credential::Password { username, password, user_domain, project, project_domain } => {
            let user_domain = user_domain.as_deref().unwrap_or("Default");
            let project_domain = project_domain.as_deref().unwrap_or(user_domain);
            let project = match is_id(project) {
                true => json!({ "id": project }),
                false => json!({ "name": project, "domain": { "name": project_domain } }),
            };
            let user = json!({
                "name": username, "domain": { "name": user_domain }, "password": password.expose(),
            });
            json!({ "auth": {
                "identity": { "methods": ["password"], "password": { "user": user } },
                "scope": { "project": project },
            }})
        }
        Credential::ApplicationCredential { id, secret } => json!({ "auth": { "identity": {
            "methods": ["application_credential"],
            "application_credential": { "id": id, "secret": secret.expose() },
        }}}),
        other => {
            let message = format!("OpenStack does not support credentials of method `{}`", other.method());
            return Err(Error::invalid(message));
        }
    })
}

/// Tells whether a project is given by id: 32 hexadecimal digits. Anything else is a name.
fn is_id(project: &str) -> bool {
    project.len() == 32 && project.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn read(response: &Response, now: Timestamp) -> Result<Token> {
    let document: Document = response.json()?;
    let token = document.token;
    let Some(project) = token.project else {
        return Err(Error::invalid(
            "Keystone's token is not scoped to a project; the credential must name one",
        ));
    };
    let Some(secret) = response.header(&SUBJECT_TOKEN) else {
        let message = format!("{} issued a token without X-Subject-Token", response.endpoint);
        return Err(Error::new(ErrorKind::WrongDocument, message));
    };
    // Both times are from Keystone's clock; only their difference is valid on ours.
    let life = token.expires_at.since(token.issued_at.unwrap_or(now));
    Ok(Token {
        secret: Secret::new(secret),
        use_until: now.plus(life.saturating_sub(MARGIN.min(life / 4))),
        account: Account { project_id: project.id, user_id: token.user.id },
        project_name: project.name,
        catalog: token.catalog,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::json_response;

    fn password(project: &str) -> Credential {
        Credential::Password {
            username: "u".to_owned(),
            password: Secret::new("p"),
            user_domain: None,
            project: project.to_owned(),
            project_domain: Some("Other".to_owned()),
        }
    }

    #[test]
    fn project_is_named_by_id_or_by_name_and_domain() {
        let scope = |project: &str| request_body(&password(project)).unwrap()["auth"]["scope"].clone();
        assert_eq!(scope("demo"), json!({"project": {"name": "demo", "domain": {"name": "Other"}}}));
        let id = "d4f3080e7b1747fc86d50cdea9cd8919";
        assert_eq!(scope(id), json!({"project": {"id": id}}));
        let user = &request_body(&password("demo")).unwrap()["auth"]["identity"]["password"]["user"];
        assert_eq!(user["domain"]["name"], "Default");
    }

    #[test]
    fn application_credential_is_sent_without_scope() {
        let credential = Credential::ApplicationCredential { id: "a".to_owned(), secret: Secret::new("s") };
        let body = request_body(&credential).unwrap();
        assert_eq!(body["auth"]["identity"]["application_credential"], json!({"id": "a", "secret": "s"}));
        assert_eq!(body["auth"].get("scope"), None);
        let foreign = Credential::AccessKey {
            access_key_id: "AK".to_owned(),
            secret_access_key: Secret::new("s"),
            session_token: None,
        };
        assert_eq!(request_body(&foreign).unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn life_of_token_is_measured_on_our_clock() {
        let now = Timestamp::from_seconds(5_000);
        let mut response = json_response(
            r#"{"token":{"issued_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-01T01:00:00Z",
                "user":{"id":"u"},"project":{"id":"p","name":"demo"}}}"#,
        );
        assert_eq!(read(&response, now).unwrap_err().kind(), ErrorKind::WrongDocument, "no token in it");
        response.headers.insert(SUBJECT_TOKEN, "t".parse().unwrap());
        assert_eq!(read(&response, now).unwrap().use_until, Timestamp::from_seconds(5_000 + 3_600 - 120));
    }

    #[test]
    fn unscoped_token_is_refused() {
        let response = json_response(r#"{"token":{"expires_at":"2026-01-01T01:00:00Z","user":{"id":"u"}}}"#);
        let error = read(&response, Timestamp::from_seconds(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("project"));
    }
}

//! Keystone: a token for a credential.

use std::time::Duration;

use driver_kit::{CloudHttp, HeaderName, Request, Response, StatusCode, cloud_words};
use gateway_core::access::credential::Credential;
use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::catalog::Entry;

const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// A token is not used within this of its end: a call begun with it must still find it valid. Longer
/// re-issues more often; shorter risks refusals of slow calls.
const MARGIN: Duration = Duration::from_secs(120);

/// Whose the resources are: most are a project's, some a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Id of the project that the token is scoped to.
    pub(crate) project_id: String,
    /// Id of the user.
    pub(crate) user_id: String,
}

/// What Keystone issued.
#[derive(Debug)]
pub(crate) struct Token {
    /// The token itself.
    pub(crate) secret: Secret,
    /// Use it no longer than this, by our clock.
    pub(crate) use_until: Timestamp,
    /// Who it is for.
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

/// Asks Keystone for a token.
///
/// # Errors
/// Unauthorized only when Keystone itself refuses the credential.
pub(crate) async fn issue(http: &CloudHttp, keystone: &Url, credential: &Credential) -> Result<Token> {
    let mut url = keystone.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["auth", "tokens"]);
    }
    let body = request_body(credential)?.to_string();
    let request = Request::post(url, "application/json", body).idempotent().explain(explain);
    let response = http.send(request).await?;
    read(&response, http.link().now())
}

/// The form of Keystone's authentication request.
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
            let message = format!("OpenStack takes no credential of method {}", other.method());
            return Err(Error::invalid(message));
        }
    })
}

/// Keystone's ids are UUIDs in 32 hexadecimal digits; anything else is a name.
fn is_id(project: &str) -> bool {
    project.len() == 32 && project.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn read(response: &Response, now: Timestamp) -> Result<Token> {
    let document: Document = response.json()?;
    let token = document.token;
    let Some(project) = token.project else {
        return Err(Error::invalid("Keystone's token is not scoped to a project: name the project"));
    };
    let Some(secret) = response.header(&SUBJECT_TOKEN) else {
        let message = format!("{} issued a token without X-Subject-Token", response.endpoint);
        return Err(Error::new(ErrorKind::WrongDocument, message));
    };
    // Both times are by Keystone's clock, so that their difference holds by ours too.
    let life = token.expires_at.since(token.issued_at.unwrap_or(now));
    Ok(Token {
        secret: Secret::new(secret),
        use_until: now.plus(life.saturating_sub(MARGIN.min(life / 4))),
        account: Account { project_id: project.id, user_id: token.user.id },
        project_name: project.name,
        catalog: token.catalog,
    })
}

/// A refusal counts only in Keystone's own document: a proxy's page says nothing about the credential.
fn explain(response: &Response) -> Option<Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::json_response;

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
    fn a_project_is_named_by_id_or_by_name_and_domain() {
        let scope = |project: &str| request_body(&password(project)).unwrap()["auth"]["scope"].clone();
        assert_eq!(scope("demo"), json!({"project": {"name": "demo", "domain": {"name": "Other"}}}));
        let id = "d4f3080e7b1747fc86d50cdea9cd8919";
        assert_eq!(scope(id), json!({"project": {"id": id}}));
        let user = &request_body(&password("demo")).unwrap()["auth"]["identity"]["password"]["user"];
        assert_eq!(user["domain"]["name"], "Default");
    }

    #[test]
    fn an_application_credential_brings_its_own_scope() {
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
    fn the_life_of_a_token_is_measured_on_our_clock() {
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
    fn an_unscoped_token_is_a_clear_mistake() {
        let response = json_response(r#"{"token":{"expires_at":"2026-01-01T01:00:00Z","user":{"id":"u"}}}"#);
        let error = read(&response, Timestamp::from_seconds(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("project"));
    }

    #[test]
    fn only_keystones_own_words_are_a_refusal() {
        let kind = |status: StatusCode, text: &str| {
            explain(&Response { status, ..json_response(text) }).map(|error| error.kind())
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

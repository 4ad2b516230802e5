//! The forms of credentials.

use gateway_core::access::credential::Credential;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Kind;

use crate::{CLOUD, auth_url, command_line, password_of, session, session_with};

#[tokio::test]
async fn every_form_of_credential_proves_the_same_account() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    let proof = session(&auth_url, "demo", "demo", 1000).prove().await.unwrap();

    let by_id = password_of("demo", "demo", &proof.external_id);
    assert_eq!(session_with(&auth_url, by_id, 1000).prove().await.unwrap(), proof);

    let foreign = session_with(&auth_url, password_of("demo", "demo", "rival"), 1000).prove().await;
    assert_eq!(foreign.unwrap_err().kind(), ErrorKind::Unauthorized);

    let name = format!("gateway-test-{}", std::process::id());
    let create = ["application", "credential", "create", name.as_str(), "-f", "json"];
    let made = command_line(&auth_url, "demo", &create);
    let text = |keys: [&str; 2]| keys.iter().find_map(|key| made[*key].as_str()).unwrap().to_owned();
    let id = text(["id", "ID"]);
    let credential =
        Credential::ApplicationCredential { id: id.clone(), secret: text(["secret", "Secret"]).into() };
    let session = session_with(&auth_url, credential, 1000);
    let proven = session.prove().await;
    command_line(&auth_url, "demo", &["application", "credential", "delete", &id]);
    assert_eq!(proven.unwrap(), proof);
    assert_eq!(session.prove().await.unwrap_err().kind(), ErrorKind::Unauthorized);
    let after = session.probe(&proof.regions[0], Kind::Instance).await.unwrap_err();
    assert_eq!(after.kind(), ErrorKind::Unauthorized, "the old token is no longer used");
}

//! What proving a credential says, and what it does not.

use gateway_core::ErrorKind;
use gateway_core::access::credential::Credential;
use gateway_core::secret::Secret;

use super::check;
use crate::report::{Report, Verdict, ensure, failed, skipped};
use crate::subject::Subject;

/// Nothing listens on port 1 of this machine.
const NOBODY: &str = "http://127.0.0.1:1";

pub(super) async fn run(subject: &Subject, report: &mut Report) {
    check(report, "the registration is valid", async { Ok(subject.driver.validate(&subject.cloud)?) }).await;
    check(report, "a proof names the account and its regions, each time the same", stable(subject)).await;
    check(report, "a bad credential is unauthorized", refused(subject)).await;
    check(report, "a cloud that is not there says nothing of the credential", unreachable(subject)).await;
    check(report, "a form of credential that the cloud does not take is invalid", form(subject)).await;
}

async fn stable(subject: &Subject) -> Verdict {
    let session = subject.open()?;
    let first = session.prove().await?;
    ensure(!first.external_id.is_empty(), || "the account has no id".to_owned())?;
    ensure(!first.name.is_empty(), || "the account has no name".to_owned())?;
    ensure(!first.regions.is_empty(), || "there is no region".to_owned())?;
    let allowed = &subject.cloud.regions;
    let strays = first.regions.iter().find(|region| !allowed.is_empty() && !allowed.contains(region));
    ensure(strays.is_none(), || format!("{strays:?} is not of the registration"))?;
    for again in [session.prove().await?, subject.open()?.prove().await?] {
        ensure(again == first, || format!("first {first:?}, then {again:?}"))?;
    }
    Ok(())
}

async fn refused(subject: &Subject) -> Verdict {
    let Some(bad) = &subject.bad else { return skipped("the cloud takes any credential") };
    match subject.open_at(subject.cloud.clone(), bad.clone())?.prove().await {
        Ok(proof) => failed(format!("it was taken: {proof:?}")),
        Err(error) => {
            ensure(error.kind() == ErrorKind::Unauthorized, || format!("{error:?}"))?;
            let text = format!("{error:?} {error}");
            let told = secrets(bad).into_iter().any(|secret| text.contains(&secret));
            ensure(!told, || "the error tells the secret".to_owned())
        }
    }
}

/// The secret texts of a credential, to look for where they must not be.
fn secrets(credential: &Credential) -> Vec<String> {
    let all = match credential {
        Credential::Password { password, .. } => vec![Some(password)],
        Credential::ApplicationCredential { secret, .. } => vec![Some(secret)],
        Credential::AccessKey { secret_access_key, session_token, .. } => {
            vec![Some(secret_access_key), session_token.as_ref()]
        }
    };
    all.into_iter().flatten().map(|secret| secret.expose().to_owned()).collect()
}

async fn unreachable(subject: &Subject) -> Verdict {
    let mut cloud = subject.cloud.clone();
    NOBODY.clone_into(&mut cloud.endpoint);
    match subject.open_at(cloud, subject.good.clone())?.prove().await {
        Ok(proof) => failed(format!("nobody proved {proof:?}")),
        Err(error) => ensure(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout), || {
            format!("{error:?}")
        }),
    }
}

async fn form(subject: &Subject) -> Verdict {
    let secret = || Secret::new("s");
    let forms = [
        Credential::ApplicationCredential { id: "i".to_owned(), secret: secret() },
        Credential::AccessKey {
            access_key_id: "i".to_owned(),
            secret_access_key: secret(),
            session_token: None,
        },
    ];
    let taken = subject.driver.capability().credentials;
    let Some(other) = forms.into_iter().find(|form| !taken.contains(&form.method())) else {
        return skipped("the cloud takes every form");
    };
    match subject.open_at(subject.cloud.clone(), other) {
        Ok(_) => failed("it was taken"),
        Err(error) => ensure(error.kind() == ErrorKind::Invalid, || format!("{error:?}")),
    }
}

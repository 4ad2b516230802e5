//! Credential checks: `prove` and the forms of credentials.

use gateway_core::ErrorKind;
use gateway_core::access::credential::Credential;
use gateway_core::secret::Secret;

use super::target::check;
use crate::report::{Report, Verdict, ensure, failed, skipped};
use crate::subject::Subject;

/// An endpoint without a listener.
const UNREACHABLE: &str = "http://127.0.0.1:1";

pub(super) async fn run(subject: &Subject, report: &mut Report) {
    check(report, "the registration is valid", async { Ok(subject.driver.validate(&subject.cloud)?) }).await;
    check(report, "prove returns the same account and regions each time", stable(subject)).await;
    check(report, "a wrong credential is unauthorized", refused(subject)).await;
    check(report, "an unreachable cloud is unavailable, not unauthorized", unreachable(subject)).await;
    check(report, "an unsupported form of credential is invalid", form(subject)).await;
}

async fn stable(subject: &Subject) -> Verdict {
    let session = subject.open()?;
    let first = session.prove().await?;
    ensure(!first.external_id.is_empty(), || "the account has no id".to_owned())?;
    ensure(!first.name.is_empty(), || "the account has no name".to_owned())?;
    ensure(!first.regions.is_empty(), || "there is no region".to_owned())?;
    let allowed = &subject.cloud.regions;
    let strays = first.regions.iter().find(|region| !allowed.is_empty() && !allowed.contains(region));
    ensure(strays.is_none(), || format!("{strays:?} is not in the registration"))?;
    for again in [session.prove().await?, subject.open()?.prove().await?] {
        ensure(again == first, || format!("the first proof is {first:?}, the next {again:?}"))?;
    }
    Ok(())
}

async fn refused(subject: &Subject) -> Verdict {
    let Some(bad) = &subject.wrong_credential else { return skipped("the cloud accepts any credential") };
    match subject.open_at(subject.cloud.clone(), bad.clone())?.prove().await {
        Ok(proof) => failed(format!("it was accepted: {proof:?}")),
        Err(error) => {
            ensure(error.kind() == ErrorKind::Unauthorized, || format!("{error:?}"))?;
            let text = format!("{error:?} {error}");
            let reported = secrets(bad).into_iter().any(|secret| text.contains(&secret));
            ensure(!reported, || "the error contains the secret".to_owned())
        }
    }
}

/// Returns the secrets of a credential, to search error texts for them.
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
    UNREACHABLE.clone_into(&mut cloud.endpoint);
    match subject.open_at(cloud, subject.credential.clone())?.prove().await {
        Ok(proof) => failed(format!("an endpoint without a listener returned {proof:?}")),
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
        return skipped("the cloud accepts every form of credential");
    };
    match subject.open_at(subject.cloud.clone(), other) {
        Ok(_) => failed("it was accepted"),
        Err(error) => ensure(error.kind() == ErrorKind::Invalid, || format!("{error:?}")),
    }
}

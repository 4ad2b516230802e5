//! Grants, verified with their own credential.

use std::time::Duration;

use gateway_bus::{Bus as _, Nudge};
use gateway_core::shares::CallCapacity;
use gateway_core::{Error, ErrorKind};

use crate::environment::Environment;
use crate::fake_cloud::{INSTANCE, VOLUME, unauthorized};

async fn due(env: &Environment, poller: &gateway_poller::Poller) -> usize {
    env.clock.advance(Duration::from_secs(1_000));
    poller.verify_due().await.unwrap()
}

async fn grants(env: &Environment) -> usize {
    env.store.visibility(env.principal).await.unwrap().accounts().len()
}

#[tokio::test]
async fn two_consecutive_refusals_end_a_grant() {
    let env = Environment::new().await;
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    let mut nudges = env.bus.nudges();
    env.cloud.state().forbidden_kind = Some(VOLUME);
    env.cloud.state().prove_error = Some(Box::new(unauthorized));
    assert_eq!(due(&env, &poller).await, 1);
    assert_eq!(grants(&env).await, 1, "one refusal is not enough");
    env.cloud.state().prove_error = None;
    assert_eq!(due(&env, &poller).await, 1);
    env.cloud.state().prove_error = Some(Box::new(unauthorized));
    assert_eq!(due(&env, &poller).await, 1);
    assert_eq!(grants(&env).await, 1, "two refusals that are not consecutive");
    assert!(nudges.try_recv().is_err());
    assert_eq!(due(&env, &poller).await, 1);
    assert_eq!(grants(&env).await, 0);
    let principal = env.principal;
    assert_eq!(nudges.recv().await.unwrap(), Nudge::Authority { principal });
    assert_eq!(due(&env, &poller).await, 0, "nothing is left to verify");
}

#[tokio::test]
async fn verification_without_answer_never_ends_a_grant() {
    let env = Environment::new().await;
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    for kind in [
        ErrorKind::Timeout,
        ErrorKind::Unavailable,
        ErrorKind::Forbidden,
        ErrorKind::ClockSkew { seconds: 400 },
        ErrorKind::WrongDocument,
    ] {
        env.cloud.state().prove_error = Some(Box::new(move || Error::new(kind, "no answer")));
        for _ in 0..3 {
            assert_eq!(due(&env, &poller).await, 1, "{kind:?}");
        }
    }
    assert_eq!(grants(&env).await, 1);
}

#[tokio::test]
async fn proof_of_another_account_counts_as_a_refusal() {
    let env = Environment::new().await;
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.cloud.state().accounts.insert("k".to_owned(), "b".to_owned());
    due(&env, &poller).await;
    due(&env, &poller).await;
    assert_eq!(grants(&env).await, 0);
}

#[tokio::test]
async fn access_of_a_grant_follows_the_cloud() {
    let env = Environment::new().await;
    env.cloud.fill(3);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    due(&env, &poller).await;
    assert_eq!(env.targets().await.len(), 2, "the credential may list volumes too");
    env.cloud.state().forbidden_kind = Some(INSTANCE);
    let mut nudges = env.bus.nudges();
    due(&env, &poller).await;
    assert_eq!(env.targets().await.len(), 1);
    assert_eq!(nudges.recv().await.unwrap(), Nudge::Authority { principal: env.principal });
    due(&env, &poller).await;
    assert!(nudges.len() <= 2, "no further change");
}

#[tokio::test]
async fn late_verification_does_not_restore_an_old_credential() {
    let env = Environment::new().await;
    let old = env.grant("a", "k", INSTANCE, &["r1"]).await;
    env.clock.advance(Duration::from_secs(1_000));
    let claimed = env.store.grants_due(8, CallCapacity::unlimited()).await.unwrap();
    assert_eq!(claimed[0].credential.id, old.id);
    let new = env.grant("a", "k2", INSTANCE, &["r1"]).await;
    let grant = gateway_store::Grant {
        principal: old.principal,
        cloud: env.cloud_id,
        proof: gateway_core::driver::Proof { external_id: "a".into(), name: "a".into(), regions: vec![] },
        access: gateway_store::Access::default(),
        credential: old.clone(),
        verify_after: Duration::from_secs(60),
    };
    let capability = gateway_core::driver::Driver::capability(&env.cloud);
    assert!(!env.store.grant_renew(grant, capability).await.unwrap());
    let kept = env.store.credential_of(old.principal, old.account).await.unwrap().unwrap();
    assert_eq!(kept.id, new.id);
}

//! Grants live as long as their own credential verifies.

use std::time::Duration;

use gateway_bus::{Bus as _, Nudge};
use gateway_core::{Error, ErrorKind};

use crate::cloud::{INSTANCE, VOLUME, unauthorized};
use crate::stage::Stage;

async fn due(stage: &Stage, poller: &gateway_poller::Poller) -> usize {
    stage.clock.advance(Duration::from_secs(1_000));
    poller.verify_due().await.unwrap()
}

async fn grants(stage: &Stage) -> usize {
    stage.store.authority(stage.principal).await.unwrap().unwrap().grants.len()
}

#[tokio::test]
async fn two_refusals_in_a_row_end_a_grant() {
    let stage = Stage::new().await;
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    let mut nudges = stage.bus.nudges();
    stage.cloud.world().forbids = Some(VOLUME);
    stage.cloud.world().prove_fault = Some(Box::new(unauthorized));
    assert_eq!(due(&stage, &poller).await, 1);
    assert_eq!(grants(&stage).await, 1, "one refusal may be a hiccup");
    stage.cloud.world().prove_fault = None;
    assert_eq!(due(&stage, &poller).await, 1);
    stage.cloud.world().prove_fault = Some(Box::new(unauthorized));
    assert_eq!(due(&stage, &poller).await, 1);
    assert_eq!(grants(&stage).await, 1, "two, but not in a row");
    assert!(nudges.try_recv().is_err());
    assert_eq!(due(&stage, &poller).await, 1);
    assert_eq!(grants(&stage).await, 0);
    let principal = stage.principal;
    assert_eq!(nudges.recv().await.unwrap(), Nudge::Authority { principal });
    assert_eq!(due(&stage, &poller).await, 0, "nothing is left to verify");
}

#[tokio::test]
async fn what_is_no_answer_never_ends_a_grant() {
    let stage = Stage::new().await;
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    for kind in [
        ErrorKind::Timeout,
        ErrorKind::Unavailable,
        ErrorKind::Forbidden,
        ErrorKind::ClockSkew { seconds: 400 },
        ErrorKind::WrongDocument,
    ] {
        stage.cloud.world().prove_fault = Some(Box::new(move || Error::new(kind, "no answer")));
        for _ in 0..3 {
            assert_eq!(due(&stage, &poller).await, 1, "{kind:?}");
        }
    }
    assert_eq!(grants(&stage).await, 1);
}

#[tokio::test]
async fn a_proof_of_another_account_is_a_refusal() {
    let stage = Stage::new().await;
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.cloud.world().account_of.insert("k".to_owned(), "b".to_owned());
    due(&stage, &poller).await;
    due(&stage, &poller).await;
    assert_eq!(grants(&stage).await, 0);
}

#[tokio::test]
async fn what_a_credential_may_list_follows_the_cloud() {
    let stage = Stage::new().await;
    stage.cloud.fill(3);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    due(&stage, &poller).await;
    assert_eq!(stage.targets().await.len(), 2, "volumes may be listed too, it turned out");
    stage.cloud.world().forbids = Some(INSTANCE);
    let mut nudges = stage.bus.nudges();
    due(&stage, &poller).await;
    assert_eq!(stage.targets().await.len(), 1);
    assert_eq!(nudges.recv().await.unwrap(), Nudge::Authority { principal: stage.principal });
    due(&stage, &poller).await;
    assert!(nudges.len() <= 2, "nothing changed any more");
}

#[tokio::test]
async fn a_verification_that_comes_late_does_not_bring_an_old_credential_back() {
    let stage = Stage::new().await;
    let old = stage.grant("a", "k", INSTANCE, &["r1"]).await;
    stage.clock.advance(Duration::from_secs(1_000));
    let claimed = stage.store.grants_due(8).await.unwrap();
    assert_eq!(claimed[0].credential.id, old.id);
    let new = stage.grant("a", "k2", INSTANCE, &["r1"]).await;
    let grant = gateway_store::Grant {
        principal: old.principal,
        cloud: stage.cloud_id,
        proof: gateway_core::driver::Proof { external_id: "a".into(), name: "a".into(), regions: vec![] },
        access: gateway_store::Access::default(),
        credential: old.clone(),
        verify_after: Duration::from_secs(60),
    };
    let capability = gateway_core::driver::Driver::capability(&stage.cloud);
    assert!(!stage.store.grant_renew(grant, capability).await.unwrap());
    let kept = stage.store.credential_of(old.principal, old.account).await.unwrap().unwrap();
    assert_eq!(kept.id, new.id);
}

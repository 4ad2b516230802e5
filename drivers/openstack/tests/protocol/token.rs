//! Tokens: caching, renewal and refusals.

use std::time::Duration;

use gateway_core::driver::ListScope;
use gateway_core::error::{ErrorKind, Result, Status};
use gateway_core::id::Region;
use gateway_core::kind::Kind;

use crate::fake_cloud::FakeCloud;

async fn list(cloud: &FakeCloud) -> Result<usize> {
    let (region, kind) = (Region::new("One"), Kind::InstanceType);
    Ok(cloud.session.list(&region, kind, ListScope::Published, None).await?.items.len())
}

#[tokio::test]
async fn token_is_shared_by_concurrent_calls() {
    let cloud = FakeCloud::start().await;
    let (first, second) = tokio::join!(list(&cloud), list(&cloud));
    assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
    list(&cloud).await.unwrap();
    assert_eq!(cloud.issued(), 1);
}

#[tokio::test]
async fn token_is_renewed_before_it_expires() {
    let cloud = FakeCloud::start().await;
    list(&cloud).await.unwrap();
    cloud.clock.advance(Duration::from_secs(3500));
    list(&cloud).await.unwrap();
    assert_eq!(cloud.issued(), 2);
}

#[tokio::test]
async fn refused_token_is_renewed_once() {
    let cloud = FakeCloud::start().await;
    list(&cloud).await.unwrap();
    cloud.revoke();
    assert_eq!(list(&cloud).await.unwrap(), 1);
    assert_eq!(cloud.issued(), 2);
}

#[tokio::test]
async fn service_that_refuses_fresh_tokens_is_unavailable() {
    let cloud = FakeCloud::start().await;
    cloud.service_refuses(true);
    let error = list(&cloud).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Persistent));
    assert!(error.message().contains("wrong region"), "{error}");
    assert_eq!(cloud.issued(), 2);
    cloud.service_refuses(false);
    assert_eq!(list(&cloud).await.unwrap(), 1);
}

#[tokio::test]
async fn refusal_of_keystone_is_cached() {
    let cloud = FakeCloud::start().await;
    cloud.keystone_refuses(true);
    for _ in 0..3 {
        assert_eq!(list(&cloud).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    }
    assert_eq!(cloud.logins(), 1, "listings do not repeat a refused password");
    assert_eq!(cloud.session.prove().await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(cloud.logins(), 2, "a proof logs in");
    cloud.keystone_refuses(false);
    cloud.clock.advance(Duration::from_secs(31));
    assert_eq!(list(&cloud).await.unwrap(), 1);
}

#[tokio::test]
async fn proof_logs_in_anew_and_returns_the_account() {
    let cloud = FakeCloud::start().await;
    for asked in 1..=2 {
        let proof = cloud.session.prove().await.unwrap();
        assert_eq!((proof.external_id.as_str(), proof.name.as_str()), ("p1", "demo"));
        assert_eq!(proof.regions, [Region::new("One")]);
        assert_eq!(cloud.logins(), asked);
    }
}

#[tokio::test]
async fn token_is_not_sent_to_a_host_that_is_not_allowed() {
    let cloud = FakeCloud::start().await;
    cloud.move_nova_to("http://127.0.0.2:1/v2.1");
    let error = list(&cloud).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressRefused);
    assert!(error.message().contains("127.0.0.2"), "{error}");
}

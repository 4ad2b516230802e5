//! Clouds, clients, and revoked tokens.

use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::error::ErrorKind;
use gateway_core::id::{PrincipalId, TokenId};
use gateway_store::NewCloud;

use crate::fixtures::{LATER, client, cloud, region, spec};
use crate::test_store::TestStore;

pub async fn registered_cloud_keeps_every_field(fixture: TestStore) {
    let spec = spec("devstack");
    let new = NewCloud { driver: "openstack".to_owned(), spec: spec.clone() };
    fixture.store.cloud_add(new).await.unwrap();
    cloud(&fixture.store, "aws").await;
    let found = fixture.store.cloud_by_name("devstack").await.unwrap().unwrap();
    assert_eq!(format!("{:?}", found.spec), format!("{spec:?}"), "every field is kept");
    assert_eq!(found.driver, "openstack");
    assert!(fixture.store.cloud_by_name("azure").await.unwrap().is_none());
    let names: Vec<_> =
        fixture.store.cloud_list().await.unwrap().into_iter().map(|cloud| cloud.spec.name).collect();
    assert_eq!(names, ["aws", "devstack"]);
    assert_eq!(fixture.store.region_list(spec.id).await.unwrap(), [region("r1"), region("r2")]);
}

pub async fn concurrent_registrations_of_one_name_succeed_once(fixture: TestStore) {
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = fixture.another_process();
        tries.spawn(async move {
            let new = NewCloud { driver: "simulator".to_owned(), spec: spec("sim") };
            let cloud = store.cloud_add(new).await.map_err(|error| (error.kind(), error.to_string()));
            let client = store.client_create(PrincipalId::generate(), "dashboard", vec![1; 32]).await;
            (cloud, client.map_err(|error| (error.kind(), error.to_string())))
        });
    }
    let (clouds, clients): (Vec<_>, Vec<_>) = tries.join_all().await.into_iter().unzip();
    for (all, start) in [(clouds, "cloud `sim`"), (clients, "client `dashboard`")] {
        assert_eq!(all.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{all:?}");
        for (kind, text) in all.into_iter().filter_map(Result::err) {
            assert_eq!(kind, ErrorKind::Conflict);
            assert!(text.starts_with(&format!("{start} already exists")), "{text}");
        }
    }
    assert_eq!((fixture.rows("clouds"), fixture.rows("principals")), (1, 1));
}

pub async fn names_compare_by_byte(fixture: TestStore) {
    for name in ["sim", "Sim", "SIM", "s\u{ed}m"] {
        cloud(&fixture.store, name).await;
        client(&fixture.store, name).await;
    }
    let found = fixture.store.cloud_by_name("Sim").await.unwrap().unwrap();
    assert_eq!(found.spec.name, "Sim");
}

pub async fn clients_are_listed_disabled_and_enabled(fixture: TestStore) {
    let store = &fixture.store;
    let (one, two) = (client(store, "one").await, client(store, "two").await);
    store.client_set_disabled(two, true).await.unwrap();
    let list = store.client_list().await.unwrap();
    let shown: Vec<_> = list.iter().map(|client| (client.name.as_str(), client.disabled)).collect();
    assert_eq!(shown, [("one", false), ("two", true)]);
    assert!(store.identity(two).await.unwrap().unwrap().client.disabled);
    store.client_set_disabled(two, false).await.unwrap();
    let found = store.client_get(two).await.unwrap().unwrap();
    assert!(!found.disabled);
    assert_eq!(found.secret_hash, vec![7; 32]);
    assert!(!format!("{found:?}").contains('7') || !format!("{found:?}").contains("secret"));
    assert!(store.client_get(PrincipalId::generate()).await.unwrap().is_none());
    let error = store.client_set_disabled(PrincipalId::generate(), true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(store.client_get(one).await.unwrap().is_some());
}

pub async fn revoked_token_is_kept_until_it_expires(fixture: TestStore) {
    let store = &fixture.store;
    let (one, two) = (client(store, "one").await, client(store, "two").await);
    let now = store.now().await.unwrap();
    let (lives, expired) = (TokenId::generate(), TokenId::generate());
    for _ in 0..2 {
        store.token_revoke(lives, one, now.plus(LATER)).await.unwrap();
        store.token_revoke(expired, one, now.minus(Duration::from_secs(1))).await.unwrap();
    }
    assert_eq!(store.identity(one).await.unwrap().unwrap().revoked, [lives, expired].into());
    assert!(store.identity(two).await.unwrap().unwrap().revoked.is_empty());
    assert_eq!(store.revocations_purge().await.unwrap(), 1);
    assert_eq!(store.identity(one).await.unwrap().unwrap().revoked, [lives].into());
    assert_eq!(store.revocations_purge().await.unwrap(), 0);
}

pub async fn revocation_of_all_covers_tokens_of_the_present_second(fixture: TestStore) {
    let store = &fixture.store;
    let (one, two) = (client(store, "one").await, client(store, "two").await);
    // Tokens say in whole seconds when they were issued.
    let issued = Timestamp::from_seconds(store.now().await.unwrap().seconds());
    store.tokens_revoke_all(one).await.unwrap();
    let from = store.client_get(one).await.unwrap().unwrap().tokens_from;
    assert!(issued < from, "issued {issued}, worthless before {from}");
    assert!(from <= store.now().await.unwrap().plus(Duration::from_secs(1)), "new ones are good soon");
    assert_eq!(store.client_get(two).await.unwrap().unwrap().tokens_from, Timestamp(0));
    let error = store.tokens_revoke_all(PrincipalId::generate()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

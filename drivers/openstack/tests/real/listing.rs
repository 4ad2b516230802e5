//! Listings of instances, types, images and volumes, compared with the command line.

use std::collections::BTreeMap;

use gateway_core::document::observation::Observed;
use gateway_core::driver::{ListScope, Session};
use gateway_core::error::{ErrorKind, Status};
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::Value;

use crate::{CLOUD, auth_url, command_line, everything, session};

/// Lists own and published items by id; no item may be in both.
async fn all_of(session: &dyn Session, region: &Region, kind: Kind) -> BTreeMap<String, Observed> {
    let mut items = everything(session, region, kind, ListScope::Own).await;
    if matches!(kind, Kind::Image | Kind::InstanceType) {
        items.extend(everything(session, region, kind, ListScope::Published).await);
    }
    let count = items.len();
    let by_id: BTreeMap<_, _> = items.into_iter().map(|item| (item.external_id.clone(), item)).collect();
    assert_eq!(by_id.len(), count, "an item of kind {kind} was listed twice");
    by_id
}

/// Returns the rows of the command line by id.
fn rows_by_id(auth_url: &str, user: &str, region: &Region, command: &[&str]) -> BTreeMap<String, Value> {
    let command = [&["--os-region-name", region.as_str()], command, &["-f", "json"]].concat();
    let rows = command_line(auth_url, user, &command);
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (row["ID"].as_str().unwrap().to_owned(), row.clone())).collect()
}

/// Returns the canonical state for a status that occurs in a quiet cloud.
fn expected_state(kind: Kind, word: &str) -> Option<&'static str> {
    Some(match (kind, word) {
        (Kind::Instance, "ACTIVE") => "running",
        (Kind::Instance, "SHUTOFF") => "stopped",
        (Kind::Instance, "BUILD") => "pending",
        (_, "ERROR" | "error") => "error",
        (Kind::Image, "active") => "available",
        (Kind::Image, "queued") => "queued",
        (Kind::Volume, "available") => "available",
        (Kind::Volume, "in-use") => "in_use",
        _ => return None,
    })
}

async fn compare_with_the_command_line(user: &str) {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    // Small pages, so that there are several.
    let session = session(&auth_url, user, user, 2);
    let proof = session.prove().await.unwrap();
    assert_eq!(proof.name, user);
    let region = &proof.regions[0];
    for (kind, command) in [
        (Kind::Instance, vec!["server", "list"]),
        (Kind::InstanceType, vec!["flavor", "list"]),
        (Kind::Image, vec!["image", "list"]),
        (Kind::Volume, vec!["volume", "list"]),
    ] {
        let mut expected = rows_by_id(&auth_url, user, region, &command);
        if kind == Kind::Image {
            expected.extend(rows_by_id(&auth_url, user, region, &["image", "list", "--hidden"]));
        }
        let seen = all_of(&*session, region, kind).await;
        let (ids, expected_ids): (Vec<_>, Vec<_>) = (seen.keys().collect(), expected.keys().collect());
        assert_eq!(ids, expected_ids, "{kind} as {user}");
        for (id, row) in &expected {
            let item = &seen[id];
            assert_eq!(item.name, row["Name"].as_str().unwrap_or_default());
            assert_eq!(item.cloud_state.as_deref(), row["Status"].as_str(), "{kind} {id}");
            if let Some(state) = row["Status"].as_str().and_then(|word| expected_state(kind, word)) {
                assert_eq!(item.state, Some(state), "{kind} {id}");
            }
            if matches!(kind, Kind::Instance | Kind::Volume) {
                assert_eq!(item.owner.as_deref(), Some(proof.external_id.as_str()));
            }
        }
        println!("{kind} as {user}: {} agree", seen.len());
    }
    assert!(session.notices().is_empty());
}

#[tokio::test]
async fn member_lists_the_items_of_the_command_line() {
    compare_with_the_command_line("demo").await;
}

#[tokio::test]
async fn administrator_lists_the_items_of_the_command_line() {
    compare_with_the_command_line("admin").await;
}

#[tokio::test]
async fn repeated_listing_and_single_read_are_equal() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    for user in ["demo", "admin"] {
        let [first, second] = [(); 2].map(|()| session(&auth_url, user, user, 1000));
        let region = &first.prove().await.unwrap().regions[0];
        for kind in [Kind::Instance, Kind::InstanceType, Kind::Image, Kind::Volume] {
            let (before, after) = (all_of(&*first, region, kind).await, all_of(&*second, region, kind).await);
            assert_eq!(before.len(), after.len());
            for (id, item) in before.iter().take(20) {
                assert_eq!(item.content_hash(), after[id].content_hash(), "{kind} {id} as {user}");
                let single = first.get(region, item.kind, id).await.unwrap().unwrap();
                assert_eq!(single.document(), item.document(), "{kind} {id} as {user}");
                assert_eq!(single.raw, item.raw, "{kind} {id} as {user}");
            }
        }
    }
}

#[tokio::test]
async fn instance_type_of_instance_is_listed() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    let session = session(&auth_url, "demo", "demo", 1000);
    let region = &session.prove().await.unwrap().regions[0];
    let types = all_of(&*session, region, Kind::InstanceType).await;
    for (id, instance) in all_of(&*session, region, Kind::Instance).await {
        let named = instance.fields["instance_type"]["external_id"].as_str().unwrap_or_default();
        assert!(types.contains_key(named), "instance {id} is of type {named:?}");
    }
}

#[tokio::test]
async fn absence_refusal_and_missing_service_are_distinguished() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    let session_of = |user, password| session(&auth_url, user, password, 1000);
    let session = session_of("demo", "demo");
    let region = &session.prove().await.unwrap().regions[0];
    for kind in Kind::ALL.iter().copied() {
        session.probe(region, kind).await.unwrap();
        let mut keys =
            vec!["00000000-0000-4000-8000-000000000000", "no such", "a/b", "..", "", "/", "compute/no such"];
        // Nova neither shows nor denies another user's keys to a member.
        keys.retain(|key| kind != Kind::SshKey || !key.contains(' ') && *key != "a/b");
        for absent in keys {
            let found = session.get(region, kind, absent).await;
            assert!(matches!(found, Ok(None)), "{kind} {absent:?}: {found:?}");
        }
        let elsewhere = session.probe(&Region::new("Nowhere"), kind).await.unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::Unsupported);
    }
    let refused = session_of("demo", "wrong").prove().await.unwrap_err();
    assert_eq!((refused.kind(), refused.status()), (ErrorKind::Unauthorized, Status::Permanent));
    assert!(!refused.chain().contains("wrong"), "{refused:?}");
}

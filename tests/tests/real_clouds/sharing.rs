//! What is published, what is shared with one account alone, and what is nobody else's: for owner, member and
//! stranger, on the OpenStack as it comes.

use std::collections::BTreeMap;

use gateway_core::clock::{Clock as _, SystemClock};
use gateway_tests::Client;
use gateway_tests::client::{access_key, password};
use serde_json::{Value, json};

use crate::clouds::Clouds;
use crate::listings;
use crate::stage::{AWS, STACK, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn owner_member_and_stranger_see_what_is_theirs_to_see() {
    let Some(clouds) = Clouds::given() else { return };
    let stage = Stage::set("real_clouds::sharing", &clouds, 5).await;
    let (rival, accounts) = stage.another("rival", &[password(STACK, "rival", "rival", "rival")]).await;
    let (stranger, _) = stage.another("stranger", &[access_key(AWS, "gateway", "gateway")]).await;
    listings::since(&stage, SystemClock.now()).await;
    listings::wait_fresh(&rival, &["images", "networks"]).await;
    let demo = stage.demo.external_id.as_str();
    let rival_id = accounts[0]["external_id"].as_str().unwrap();

    // The stage's client has proved admin too, whose eyes see more: only what is held for demo is the owner's.
    let owners = seen(&stage.client, "images", &[stage.demo.id.as_str(), "global"]).await;
    let members = seen(&rival, "images", &[accounts[0]["id"].as_str().unwrap(), "global"]).await;
    for (name, of_owner, of_member) in [
        ("cirros", Some("public"), Some("public")),
        ("demo-shared", Some("shared"), Some("shared")),
        ("demo-private", Some("private"), None),
        ("admin-private", None, None),
    ] {
        assert_eq!(owners.get(name).map(|image| image["visibility"].as_str().unwrap()), of_owner, "{name}");
        assert_eq!(members.get(name).map(|image| image["visibility"].as_str().unwrap()), of_member, "{name}");
    }
    // One resource, one id, a record for each of the two; and both are told whose it is.
    let (own, shared) = (&owners["demo-shared"], &members["demo-shared"]);
    assert_eq!((&own["id"], &own["owner"]), (&shared["id"], &json!(demo)));
    assert_eq!((&shared["owner"], &shared["account"]), (&json!(demo), &accounts[0]["id"]));
    assert_eq!((&own["account"], own["account"] == shared["account"]), (&json!(stage.demo.id), false));
    // What the cloud publishes is one record for all, but for what each may do to it.
    let (mut to_its_owner, mut to_others) = (owners["cirros"].clone(), members["cirros"].clone());
    let offered = |record: &mut Value| record.as_object_mut().unwrap().remove("actions").unwrap();
    assert_eq!(offered(&mut to_its_owner), json!(["update", "delete", "share", "unshare"]));
    assert_eq!(offered(&mut to_others), json!([]));
    assert_eq!((&to_its_owner, &to_its_owner["account"]), (&to_others, &json!("global")));

    let networks = seen(&rival, "networks", &[accounts[0]["id"].as_str().unwrap()]).await;
    assert_eq!(networks["rival-net"]["owner"], rival_id);
    assert_eq!(networks["rival-net"]["visibility"], "private");
    for common in ["shared", "public"] {
        assert_eq!(networks[common]["visibility"], "shared", "{common}");
        assert_ne!(networks[common]["owner"], rival_id, "{common}");
    }
    assert!(!networks.contains_key("demo-net"), "another tenant's network is not seen");

    // What is offered is what the cloud lets this caller do: all of it to the owner, nothing to who may only look.
    for (record, offered) in [
        (own, json!(["update", "delete", "share", "unshare"])),
        (&owners["demo-private"], json!(["update", "delete", "share", "unshare"])),
        (shared, json!([])),
        (&networks["rival-net"], json!(["update", "delete"])),
        (&networks["shared"], json!([])),
        (&networks["public"], json!([])),
    ] {
        assert_eq!(record["actions"], offered, "{record}");
    }
    let (path, delete) = (shared["links"]["self"].as_str().unwrap(), reqwest::Method::DELETE);
    let refused = rival.order(delete, path, &json!({}), None).await.unwrap();
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (403, &json!("/problems/not-owner")));
    let images = stranger.list("images", &[]).await.unwrap().items;
    assert!(images.iter().all(|image| image["cloud"] == AWS), "nothing of a cloud where one has no account");
    let link = own["links"]["self"].as_str().unwrap();
    let refused = stranger.get(link).await.unwrap_err().to_string();
    assert!(refused.contains("no-such-resource"), "{refused}");
}

/// The records of a collection by name, those held for some accounts alone.
async fn seen(client: &Client, collection: &str, accounts: &[&str]) -> BTreeMap<String, Value> {
    let mut by_name = BTreeMap::new();
    for account in accounts {
        let items = client.list(collection, &[("cloud", STACK), ("account", account)]).await.unwrap().items;
        by_name.extend(items.into_iter().map(|item| (item["name"].as_str().unwrap().to_owned(), item)));
    }
    by_name
}

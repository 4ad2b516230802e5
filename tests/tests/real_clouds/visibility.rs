//! Visibility of published, shared and private resources for owner, member and stranger, on an unmodified OpenStack.

use std::collections::BTreeMap;

use gateway_core::clock::{Clock as _, SystemClock};
use gateway_tests::Client;
use gateway_tests::client::{access_key, password};
use serde_json::{Value, json};

use crate::clouds::Clouds;
use crate::environment::{AWS, Environment, STACK};
use crate::listings;

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_visible_to_owner_and_members_only() {
    let Some(clouds) = Clouds::given() else { return };
    // The test requests refreshes, and nothing changes. Regular polls of three accounts would keep two cores busy.
    let env = Environment::start("real_clouds::visibility", &clouds, 3600).await;
    let (rival, accounts) = env.register_client("rival", &[password(STACK, "rival", "rival", "rival")]).await;
    let (stranger, _) = env.register_client("stranger", &[access_key(AWS, "gateway", "gateway")]).await;
    listings::since(&env, SystemClock.now()).await;
    listings::wait_fresh(&rival, &["images", "networks"]).await;
    let demo = env.demo.external_id.as_str();
    let rival_id = accounts[0]["external_id"].as_str().unwrap();

    // The client also has a grant for `admin`, which sees more. Only records of `demo` belong to the owner.
    let owners = records(&env.client, "images", &[env.demo.id.as_str(), "global"]).await;
    let members = records(&rival, "images", &[accounts[0]["id"].as_str().unwrap(), "global"]).await;
    for (name, of_owner, of_member) in [
        ("cirros", Some("public"), Some("public")),
        ("demo-shared", Some("shared"), Some("shared")),
        ("demo-private", Some("private"), None),
        ("admin-private", None, None),
    ] {
        assert_eq!(owners.get(name).map(|image| image["visibility"].as_str().unwrap()), of_owner, "{name}");
        assert_eq!(members.get(name).map(|image| image["visibility"].as_str().unwrap()), of_member, "{name}");
    }
    // A shared resource has one id and a record for each account. Both records name its owner.
    let (own, shared) = (&owners["demo-shared"], &members["demo-shared"]);
    assert_eq!((&own["id"], &own["owner"]), (&shared["id"], &json!(demo)));
    assert_eq!((&shared["owner"], &shared["account"]), (&json!(demo), &accounts[0]["id"]));
    assert_eq!((&own["account"], own["account"] == shared["account"]), (&json!(env.demo.id), false));
    // A published resource has one record; only its actions depend on the reader.
    let (mut to_its_owner, mut to_others) = (owners["cirros"].clone(), members["cirros"].clone());
    let take_actions = |record: &mut Value| record.as_object_mut().unwrap().remove("actions").unwrap();
    assert_eq!(take_actions(&mut to_its_owner), json!(["update", "delete", "share", "unshare"]));
    assert_eq!(take_actions(&mut to_others), json!([]));
    assert_eq!((&to_its_owner, &to_its_owner["account"]), (&to_others, &json!("global")));

    let networks = records(&rival, "networks", &[accounts[0]["id"].as_str().unwrap()]).await;
    assert_eq!(networks["rival-net"]["owner"], rival_id);
    assert_eq!(networks["rival-net"]["visibility"], "private");
    for common in ["shared", "public"] {
        assert_eq!(networks[common]["visibility"], "shared", "{common}");
        assert_ne!(networks[common]["owner"], rival_id, "{common}");
    }
    assert!(!networks.contains_key("demo-net"), "a network of another tenant is invisible");

    // The owner may do all actions; readers may do none.
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
    let refused = rival.send_command(delete, path, &json!({}), None).await.unwrap();
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (403, &json!("/problems/not-owner")));
    let images = stranger.list("images", &[]).await.unwrap().items;
    assert!(images.iter().all(|image| image["cloud"] == AWS), "no image of a cloud without an account");
    let link = own["links"]["self"].as_str().unwrap();
    let refused = stranger.get(link).await.unwrap_err().to_string();
    assert!(refused.contains("no-such-resource"), "{refused}");
}

/// Returns the records of a collection of some accounts by name.
async fn records(client: &Client, collection: &str, accounts: &[&str]) -> BTreeMap<String, Value> {
    let mut by_name = BTreeMap::new();
    for account in accounts {
        let items = client.list(collection, &[("cloud", STACK), ("account", account)]).await.unwrap().items;
        by_name.extend(items.into_iter().map(|item| (item["name"].as_str().unwrap().to_owned(), item)));
    }
    by_name
}

//! The driver against a real OpenStack: item by item with what its own command line and services say, and field by
//! field with what its own client says.
//!
//! Runs when `GATEWAY_TEST_OPENSTACK` is Keystone's URL; what is compared field by field also wants that of a second
//! region in `GATEWAY_TEST_OPENSTACK_2`. Each has users `demo`, `admin` and `rival` with passwords and projects of the
//! same names, and servers fail there on demand; `openstack` is in the path, and the Python of Debian's package of it
//! has openstacksdk. Nobody else changes the clouds meanwhile.

// All of this is test code, also what no test attribute marks.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod all_kinds;
mod api;
mod fields;
mod network_verbs;
mod stage;
mod steady;
mod told;
mod verbs;
mod verbs_suite;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use driver_openstack::OpenStack;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver, ListScope, Session, SessionContext};
use gateway_core::error::{ErrorKind, Status};
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::Kind;
use gateway_core::secret::Secret;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

/// Held while a test makes or compares things: listings of the one cloud are compared as a whole.
static CLOUD: Mutex<()> = Mutex::const_new(());

/// The URLs of both regions, or the word that some of the test does not run.
fn auth_urls() -> Vec<String> {
    let names = ["GATEWAY_TEST_OPENSTACK", "GATEWAY_TEST_OPENSTACK_2"];
    let url = |name| {
        let url = std::env::var(name).ok();
        if url.is_none() {
            println!("skipped: {name} is not set");
        }
        url
    };
    names.into_iter().filter_map(url).collect()
}

/// Keystone's URL, or the word that the test does not run.
fn auth_url() -> Option<String> {
    let url = std::env::var("GATEWAY_TEST_OPENSTACK").ok();
    if url.is_none() {
        println!("skipped: GATEWAY_TEST_OPENSTACK is not set");
    }
    url
}

fn session(auth_url: &str, user: &str, password: &str, page_size: usize) -> Arc<dyn Session> {
    session_with(auth_url, password_of(user, password, user), page_size)
}

fn password_of(user: &str, password: &str, project: &str) -> Credential {
    Credential::Password {
        username: user.to_owned(),
        password: Secret::new(password),
        user_domain: None,
        project: project.to_owned(),
        project_domain: None,
    }
}

fn session_with(auth_url: &str, credential: Credential, page_size: usize) -> Arc<dyn Session> {
    let cloud = spec(auth_url, page_size);
    OpenStack.validate(&cloud).unwrap();
    OpenStack.open(Arc::new(cloud), credential, SessionContext::unpaced(Arc::new(SystemClock))).unwrap()
}

fn spec(auth_url: &str, page_size: usize) -> CloudSpec {
    CloudSpec {
        id: CloudId::from_bytes(&[7; 16]).unwrap(),
        name: "real".to_owned(),
        endpoint: auth_url.to_owned(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: true,
        calls_per_second: 100.0,
        timeout: Duration::from_secs(60),
        options: Map::from_iter([("page_size".to_owned(), page_size.into())]),
    }
}

async fn everything(session: &dyn Session, region: &Region, kind: &str, scope: ListScope) -> Vec<Observed> {
    let (mut items, mut page) = (Vec::new(), None);
    loop {
        let answer = session.list(region, Kind::parse(kind).unwrap(), scope, page.as_ref()).await.unwrap();
        items.extend(answer.items);
        page = answer.next;
        if page.is_none() {
            return items;
        }
    }
}

/// Own and published together, by id; an item in both would be counted once and fail the count.
async fn all_of(session: &dyn Session, region: &Region, kind: &str) -> BTreeMap<String, Observed> {
    let mut items = everything(session, region, kind, ListScope::Own).await;
    if matches!(kind, "image" | "instance_type") {
        items.extend(everything(session, region, kind, ListScope::Published).await);
    }
    let count = items.len();
    let by_id: BTreeMap<_, _> = items.into_iter().map(|item| (item.external_id.clone(), item)).collect();
    assert_eq!(by_id.len(), count, "an item of kind {kind} was listed twice");
    by_id
}

/// What the command line answers in JSON; without output, null.
fn command_line(auth_url: &str, user: &str, command: &[&str]) -> Value {
    let output = Command::new("openstack")
        .args(command)
        .env("OS_AUTH_URL", auth_url)
        .env("OS_USERNAME", user)
        .env("OS_PASSWORD", user)
        .env("OS_PROJECT_NAME", user)
        .env("OS_USER_DOMAIN_NAME", "Default")
        .env("OS_PROJECT_DOMAIN_NAME", "Default")
        .env("OS_IDENTITY_API_VERSION", "3")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// What the command line lists, by id.
fn told(auth_url: &str, user: &str, region: &Region, command: &[&str]) -> BTreeMap<String, Value> {
    let command = [&["--os-region-name", region.as_str()], command, &["-f", "json"]].concat();
    let rows = command_line(auth_url, user, &command);
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (row["ID"].as_str().unwrap().to_owned(), row.clone())).collect()
}

/// The state that a word of the command line should have become; only words that a quiet cloud shows.
fn expected_state(kind: &str, word: &str) -> Option<&'static str> {
    Some(match (kind, word) {
        ("instance", "ACTIVE") => "running",
        ("instance", "SHUTOFF") => "stopped",
        ("instance", "BUILD") => "pending",
        (_, "ERROR" | "error") => "error",
        ("image", "active") => "available",
        ("image", "queued") => "queued",
        ("volume", "available") => "available",
        ("volume", "in-use") => "in_use",
        _ => return None,
    })
}

async fn agree_with_the_command_line(user: &str) {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    // Small pages, so that there are several of them.
    let session = session(&auth_url, user, user, 2);
    let proof = session.prove().await.unwrap();
    assert_eq!(proof.name, user);
    let region = &proof.regions[0];
    for (kind, command) in [
        ("instance", vec!["server", "list"]),
        ("instance_type", vec!["flavor", "list"]),
        ("image", vec!["image", "list"]),
        ("volume", vec!["volume", "list"]),
    ] {
        let mut told_items = told(&auth_url, user, region, &command);
        if kind == "image" {
            told_items.extend(told(&auth_url, user, region, &["image", "list", "--hidden"]));
        }
        let seen = all_of(&*session, region, kind).await;
        let (ids, told_ids): (Vec<_>, Vec<_>) = (seen.keys().collect(), told_items.keys().collect());
        assert_eq!(ids, told_ids, "{kind} as {user}");
        for (id, row) in &told_items {
            let item = &seen[id];
            assert_eq!(item.name, row["Name"].as_str().unwrap_or_default());
            assert_eq!(item.cloud_state.as_deref(), row["Status"].as_str(), "{kind} {id}");
            if let Some(state) = row["Status"].as_str().and_then(|word| expected_state(kind, word)) {
                assert_eq!(item.state, Some(state), "{kind} {id}");
            }
            if matches!(kind, "instance" | "volume") {
                assert_eq!(item.owner.as_deref(), Some(proof.external_id.as_str()));
            }
        }
        println!("{kind} as {user}: {} agree", seen.len());
    }
    assert!(session.notices().is_empty());
}

#[tokio::test]
async fn a_member_sees_what_the_command_line_shows() {
    agree_with_the_command_line("demo").await;
}

#[tokio::test]
async fn an_administrator_sees_what_the_command_line_shows() {
    agree_with_the_command_line("admin").await;
}

#[tokio::test]
async fn nothing_changes_by_being_looked_at_and_one_is_like_the_list() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    for user in ["demo", "admin"] {
        let [first, second] = [(); 2].map(|()| session(&auth_url, user, user, 1000));
        let region = &first.prove().await.unwrap().regions[0];
        for kind in ["instance", "instance_type", "image", "volume"] {
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
async fn instances_name_their_type_by_the_id_that_lists_have() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    let session = session(&auth_url, "demo", "demo", 1000);
    let region = &session.prove().await.unwrap().regions[0];
    let types = all_of(&*session, region, "instance_type").await;
    for (id, instance) in all_of(&*session, region, "instance").await {
        let named = instance.fields["instance_type"]["external_id"].as_str().unwrap_or_default();
        assert!(types.contains_key(named), "instance {id} is of type {named:?}");
    }
}

#[tokio::test]
async fn absence_refusal_and_what_is_missing_are_told_apart() {
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    let session_of = |user, password| session(&auth_url, user, password, 1000);
    let session = session_of("demo", "demo");
    let region = &session.prove().await.unwrap().regions[0];
    for kind in Kind::ALL.iter().copied() {
        session.probe(region, kind).await.unwrap();
        let mut keys =
            vec!["00000000-0000-4000-8000-000000000000", "no such", "a/b", "..", "", "/", "compute/no such"];
        // Another user's keys are none of a member's business: Nova neither shows nor denies them.
        keys.retain(|key| kind.as_str() != "ssh_key" || !key.contains(' ') && *key != "a/b");
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
    let kind = Kind::Instance;
    let after = session.probe(&proof.regions[0], kind).await.unwrap_err();
    assert_eq!(after.kind(), ErrorKind::Unauthorized, "nothing works on with the token of before");
}

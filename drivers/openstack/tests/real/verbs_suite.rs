//! The suite of verbs that all drivers pass, on the real cloud: in a project of its own, as a member of it.

use driver_conformance::{Fixtures, Report, Subject};
use driver_openstack::OpenStack;
use gateway_core::driver::{ListScope, Session};
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::json;

use crate::api::Api;
use crate::network_verbs::in_project;
use crate::{everything, password_of, session_with, spec};

/// What cannot be tried here, and why not.
const NOT_TRIED: [(&str, &str); 3] = [
    ("ip_address: update of name can be repeated", "addresses have no names"),
    ("instance: create_image accepts tags", "is not taken when an image is made of an instance"),
    // A member may not; `verbs::quota` does it as an administrator.
    ("quota: update has its effect", "the fixtures have no quota"),
];

#[tokio::test]
async fn every_verb_of_the_openstack_driver_does_what_it_says() {
    in_project("suite", async |url, project| {
        let report = run(&url, &project).await;
        println!("{report}");
        report.assert_passed_except(&NOT_TRIED);
    })
    .await;
}

async fn run(url: &str, project: &str) -> Report {
    let session = session_with(url, password_of("demo", "demo", project), 50);
    let region = session.prove().await.unwrap().regions[0].clone();
    let published = async |kind, name| called(&*session, &region, kind, ListScope::Published, name).await;
    let fixtures = Fixtures {
        image: Some(published("image", "cirros").await),
        instance_type: Some(published("instance_type", "m1.nano").await),
        resize_type: Some(published("instance_type", "m1.tiny").await),
        volume_type: Some(published("volume_type", "fake2").await),
        network: Some(network(url, project).await),
        external_network: Some(called(&*session, &region, "network", ListScope::Own, "public").await),
        datacenter: Some("nova".to_owned()),
        other_account: Some(Api::login(url, "rival").await.project),
        images_need_content: true,
        // The project's name, by which it is cleared.
        ..Fixtures::new(region.clone(), project)
    };
    let user = Api::login_to(url, "demo", project).await.user;
    let subject = Subject::new(OpenStack, spec(url, 50), password_of("demo", "demo", project))
        .with_absent_key(move |kind| absent_key(kind, &user));
    driver_conformance::run_verbs(subject, fixtures).await
}

/// Native key of what is there already.
async fn called(session: &dyn Session, region: &Region, kind: &str, scope: ListScope, name: &str) -> String {
    let items = everything(session, region, kind, scope).await;
    let found = items.into_iter().find(|item| item.name == name);
    found.unwrap_or_else(|| panic!("no {kind} is called {name}")).native_key
}

/// A network for instances.
async fn network(url: &str, project: &str) -> String {
    let api = Api::login_to(url, "demo", project).await;
    let made = api.make("network/networks", "network", json!({ "name": project })).await;
    let subnet =
        json!({ "name": project, "network_id": made["id"], "ip_version": 4, "cidr": "10.98.0.0/24" });
    api.make("network/subnets", "subnet", subnet).await;
    made["id"].as_str().unwrap().to_owned()
}

/// What the cloud does not have, in the form of the kind's native keys.
fn absent_key(kind: Kind, user: &str) -> String {
    const ID: &str = "c0ffee00-0000-4000-8000-00000000c0de";
    match kind.as_str() {
        "volume_attachment" | "ip_address_binding" => format!("{ID}/{ID}"),
        // Another user's keys are none of a member's business, whether they are there or not.
        "ssh_key" => format!("{user}/{ID}"),
        _ => ID.to_owned(),
    }
}

//! The conformance suites of all drivers: of listings, through the fault proxy, and of verbs, in a project of their own.

use std::sync::Arc;
use std::time::Duration;

use driver_conformance::proxy::FaultProxy;
use driver_conformance::{Fixtures, Report, Subject};
use driver_openstack::OpenStack;
use gateway_core::access::credential::Credential;
use gateway_core::driver::{CloudSpec, ListScope, Session};
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::Kind;
use serde_json::json;
use url::Url;

use crate::api::Api;
use crate::fixtures::with_fixtures;
use crate::network_commands::in_project;
use crate::{CLOUD, auth_url, everything, password_of, session_with, spec};

/// The number of the test cloud's ports, from Keystone's on: placement, Glance, Nova, Cinder and Neutron follow.
const SERVICES: u16 = 6;

fn password(text: &str) -> Credential {
    password_of("demo", text, "demo")
}

/// Returns a key that no cloud has, in the form of the kind's native keys.
fn absent_key(kind: Kind) -> String {
    const ID: &str = "c0ffee00-0000-4000-8000-00000000c0de";
    match kind {
        Kind::VolumeAttachment | Kind::IpAddressBinding => format!("{ID}/{ID}"),
        Kind::Datacenter => "network/no such zone".to_owned(),
        _ => ID.to_owned(),
    }
}

#[tokio::test]
async fn driver_passes_the_listing_suite() {
    let Some(endpoint) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    driver_kit::install_crypto();
    let url = Url::parse(&endpoint).unwrap();
    let (host, keystone) = (url.host_str().unwrap(), url.port().unwrap());
    let upstreams: Vec<String> =
        (keystone..keystone + SERVICES).map(|port| format!("{host}:{port}")).collect();
    let upstreams: Vec<&str> = upstreams.iter().map(String::as_str).collect();
    let proxy = FaultProxy::start(&upstreams).await.unwrap();
    let cloud = CloudSpec {
        id: CloudId::generate(),
        name: "openstack".to_owned(),
        endpoint: proxy.through(&endpoint),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 1000.0,
        timeout: Duration::from_secs(30),
        options: serde_json::Map::new(),
    };
    let subject = Subject::new(OpenStack, cloud, password("demo"))
        .with_wrong_credential(password("no such password"))
        .with_faults(Arc::new(proxy))
        .with_absent_key(absent_key);
    with_fixtures(&endpoint, |_| async {
        let report = driver_conformance::run(subject).await;
        println!("{report}");
        report.assert_all_passed();
    })
    .await;
}

/// The checks that cannot run here, and the reasons.
const NOT_TRIED: [(&str, &str); 3] = [
    ("ip_address: update of name can be repeated", "addresses have no names"),
    ("instance: create_image accepts tags", "is not supported when an image is made of an instance"),
    // A member may not; `commands::quota` does it as an administrator.
    ("quota: update has its effect", "the fixtures have no quota"),
];

#[tokio::test]
async fn driver_passes_the_verb_suite() {
    in_project("suite", async |url, project| {
        let report = run_verbs(&url, &project).await;
        println!("{report}");
        report.assert_passed_except(&NOT_TRIED);
    })
    .await;
}

async fn run_verbs(url: &str, project: &str) -> Report {
    let session = session_with(url, password_of("demo", "demo", project), 50);
    let region = session.prove().await.unwrap().regions[0].clone();
    let published =
        async |kind, name| key_by_name(&*session, &region, kind, ListScope::Published, name).await;
    let fixtures = Fixtures {
        image: Some(published(Kind::Image, "cirros").await),
        instance_type: Some(published(Kind::InstanceType, "m1.nano").await),
        resize_type: Some(published(Kind::InstanceType, "m1.tiny").await),
        volume_type: Some(published(Kind::VolumeType, "fake2").await),
        network: Some(network(url, project).await),
        external_network: Some(
            key_by_name(&*session, &region, Kind::Network, ListScope::Own, "public").await,
        ),
        datacenter: Some("nova".to_owned()),
        other_account: Some(Api::login(url, "rival").await.project),
        images_need_content: true,
        // Each read of an instance takes Nova a tenth of a second of processor time or more.
        poll_interval: Duration::from_millis(500),
        // The project's name, by which the cleanup finds the resources.
        ..Fixtures::new(region.clone(), project)
    };
    let user = Api::login_to(url, "demo", project).await.user;
    let subject = Subject::new(OpenStack, spec(url, 50), password_of("demo", "demo", project))
        .with_absent_key(move |kind| absent_key_of(kind, &user));
    driver_conformance::run_verbs(subject, fixtures).await
}

/// Returns the native key of an existing resource.
async fn key_by_name(
    session: &dyn Session,
    region: &Region,
    kind: Kind,
    scope: ListScope,
    name: &str,
) -> String {
    let items = everything(session, region, kind, scope).await;
    let found = items.into_iter().find(|item| item.name == name);
    found.unwrap_or_else(|| panic!("no {kind} is called {name}")).native_key
}

/// Creates a network for instances.
async fn network(url: &str, project: &str) -> String {
    let api = Api::login_to(url, "demo", project).await;
    let made = api.create("network/networks", "network", json!({ "name": project })).await;
    let subnet =
        json!({ "name": project, "network_id": made["id"], "ip_version": 4, "cidr": "10.98.0.0/24" });
    api.create("network/subnets", "subnet", subnet).await;
    made["id"].as_str().unwrap().to_owned()
}

/// Returns a key that the user does not have, in the form of the kind's native keys.
fn absent_key_of(kind: Kind, user: &str) -> String {
    const ID: &str = "c0ffee00-0000-4000-8000-00000000c0de";
    match kind {
        Kind::VolumeAttachment | Kind::IpAddressBinding => format!("{ID}/{ID}"),
        // Nova neither shows nor denies another user's keys to a member.
        Kind::SshKey => format!("{user}/{ID}"),
        _ => ID.to_owned(),
    }
}

//! The suite on a real OpenStack, through the fault proxy.
//!
//! `GATEWAY_TEST_OPENSTACK` is Keystone's URL in the test cloud, such as `http://127.0.0.1:15000/v3`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // also in what tests share

// What the driver's own tests put into the cloud, so that no kind's listing is empty here.
#[path = "../../openstack/tests/real/api.rs"]
#[allow(dead_code)]
mod api;
#[path = "../../openstack/tests/real/stage.rs"]
#[allow(dead_code)]
mod stage;

use std::sync::Arc;
use std::time::Duration;

use driver_conformance::Subject;
use driver_conformance::proxy::FaultProxy;
use driver_openstack::OpenStack;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::driver::CloudSpec;
use gateway_core::id::CloudId;
use gateway_core::secret::Secret;
use url::Url;

use crate::stage::on_stage;

/// In the test cloud the services follow Keystone's port: placement, Glance, Nova, Cinder, Neutron.
const SERVICES: u16 = 6;

fn password(text: &str) -> Credential {
    Credential::Password {
        username: "demo".to_owned(),
        password: Secret::new(text),
        user_domain: None,
        project: "demo".to_owned(),
        project_domain: None,
    }
}

/// What no cloud has, in the form of the kind's native keys where that is not an id.
fn absent_key(kind: Kind) -> String {
    const ID: &str = "c0ffee00-0000-4000-8000-00000000c0de";
    match kind.as_str() {
        "volume_attachment" | "ip_address_binding" => format!("{ID}/{ID}"),
        "datacenter" => "network/no such zone".to_owned(),
        _ => ID.to_owned(),
    }
}

#[tokio::test]
async fn the_openstack_driver_keeps_its_promises() {
    let Ok(endpoint) = std::env::var("GATEWAY_TEST_OPENSTACK") else {
        println!("skipped: GATEWAY_TEST_OPENSTACK is not set");
        return;
    };
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
    on_stage(&endpoint, |_| async {
        let report = driver_conformance::run(subject).await;
        println!("{report}");
        report.assert_all_passed();
    })
    .await;
}

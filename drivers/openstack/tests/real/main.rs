//! The driver against a real OpenStack, compared with its command line, its services' own APIs and openstacksdk.
//!
//! Runs if `GATEWAY_TEST_OPENSTACK` is Keystone's URL, such as `http://127.0.0.1:15000/v3`; the comparison of fields also
//! uses a second region in `GATEWAY_TEST_OPENSTACK_2`. Each cloud has users `demo`, `admin` and `rival` with passwords and
//! projects of the same names, and servers fail there on demand. `openstack` is in the path, and the system's Python has
//! openstacksdk. Nobody else changes the first region meanwhile, nor the second one during that comparison. The tests of
//! `network_commands` use projects of their own, so that they may run beside the others, in another process too.

// All of this is test code, also what no test attribute marks.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod api;
mod commands;
mod conformance;
mod credential;
mod documents;
mod fields;
mod fixtures;
mod listing;
mod network_commands;
mod service_lists;
mod stable;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use driver_openstack::OpenStack;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver, ListScope, Session, SessionContext};
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::Kind;
use gateway_core::secret::Secret;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

/// The lock of the cloud: tests compare whole listings.
static CLOUD: Mutex<()> = Mutex::const_new(());

/// Returns the URLs of the regions that are set.
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

/// Returns Keystone's URL, if it is set.
fn auth_url() -> Option<String> {
    let url = std::env::var("GATEWAY_TEST_OPENSTACK").ok();
    if url.is_none() {
        println!("skipped: GATEWAY_TEST_OPENSTACK is not set");
    }
    url
}

/// Opens a session in the project named after the user.
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

/// Returns the registration of the cloud.
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

/// Lists every item of a kind.
async fn everything(session: &dyn Session, region: &Region, kind: Kind, scope: ListScope) -> Vec<Observed> {
    let (mut items, mut page) = (Vec::new(), None);
    loop {
        let answer = session.list(region, kind, scope, page.as_ref()).await.unwrap();
        items.extend(answer.items);
        page = answer.next;
        if page.is_none() {
            return items;
        }
    }
}

/// Runs the command line, and returns its answer in JSON, or null without output.
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

//! The endpoint under test, and sessions of the driver there.

use std::sync::Arc;
use std::time::Duration;

use driver_ec2::Ec2;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::driver::{CloudSpec, Driver as _, Session, SessionContext};
use gateway_core::id::{CloudId, Region};
use serde_json::Value;

/// A credential of which moto checks only the form.
const KEY: &str = r#"{"method":"access_key","access_key_id":"gateway","secret_access_key":"gateway"}"#;

/// Returns the endpoint under test; none, after a word to the reader, if there is none.
pub(crate) fn endpoint() -> Option<String> {
    let endpoint = std::env::var("GATEWAY_TEST_EC2").ok();
    if endpoint.is_none() {
        println!("skipped: GATEWAY_TEST_EC2 is not set");
    }
    endpoint
}

/// Returns the credential of all tests.
pub(crate) fn credential() -> Credential {
    Credential::parse(KEY).unwrap()
}

/// Returns a registration for one region.
pub(crate) fn cloud(endpoint: &str, region: &Region, options: &Value) -> CloudSpec {
    CloudSpec {
        id: CloudId::generate(),
        name: "real".to_owned(),
        endpoint: endpoint.to_owned(),
        regions: vec![region.clone()],
        allowed_hosts: vec![],
        allow_plaintext: false,
        require_date: true,
        calls_per_second: 100.0,
        timeout: Duration::from_secs(60),
        options: options.as_object().cloned().unwrap(),
    }
}

/// Opens a session.
pub(crate) fn open(cloud: &Arc<CloudSpec>) -> Arc<dyn Session> {
    let context = SessionContext::unpaced(Arc::new(SystemClock));
    Ec2.open(Arc::clone(cloud), credential(), context).unwrap()
}

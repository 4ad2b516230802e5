//! A simulated cloud as the subject of tests.
#![allow(clippy::unwrap_used)] // also in what tests share
#![allow(dead_code)] // each test file is a crate of its own and uses a part

pub(crate) mod user;

use std::time::Duration;

use async_trait::async_trait;
use driver_conformance::{Fault, FaultInjector};
use driver_simulator::RunningSimulator;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::driver::CloudSpec;
use gateway_core::id::CloudId;
use gateway_core::secret::Secret;
use reqwest::Client;
use serde_json::{Value, json};

pub(crate) struct ControlEndpoint {
    client: Client,
    url: String,
}

impl ControlEndpoint {
    pub(crate) fn of(simulator: &RunningSimulator) -> Self {
        driver_kit::install_crypto();
        Self { client: Client::new(), url: format!("{}/control/faults", simulator.endpoint()) }
    }
}

#[async_trait]
impl FaultInjector for ControlEndpoint {
    async fn inject(&self, fault: Fault) -> Result<(), String> {
        let fault: Value = match fault {
            Fault::Unauthorized => json!({ "fault": "unauthorized" }),
            Fault::Forbidden => json!({ "fault": "forbidden" }),
            Fault::RateLimited { retry_after } => {
                json!({ "fault": "rate_limited", "retry_after_seconds": retry_after.as_secs() })
            }
            Fault::ServerError => json!({ "fault": "server_error" }),
            Fault::HalfBody => json!({ "fault": "half_page" }),
            Fault::WrongDocument => json!({ "fault": "wrong_document" }),
            Fault::Skew { seconds } => json!({ "fault": "skew", "seconds": seconds }),
            Fault::NoDate => json!({ "fault": "no_date" }),
            Fault::Latency(wait) => json!({ "fault": "latency", "ms": wait.as_millis() as u64 }),
        };
        let sent = self.client.put(&self.url).json(&[fault]).send().await;
        sent.and_then(reqwest::Response::error_for_status).map(drop).map_err(|error| error.to_string())
    }

    async fn clear(&self) {
        self.client.delete(&self.url).send().await.unwrap().error_for_status().unwrap();
    }
}

/// The gateway's id of every cloud under test, so that tests can derive ids as the driver does.
const CLOUD: CloudId = CloudId(uuid::Uuid::from_u128(1));

pub(crate) fn access_key(secret: &str) -> Credential {
    Credential::AccessKey {
        access_key_id: "demo".to_owned(),
        secret_access_key: Secret::new(secret),
        session_token: None,
    }
}

pub(crate) fn registration(simulator: &RunningSimulator) -> CloudSpec {
    CloudSpec { endpoint: simulator.endpoint(), ..somewhere() }
}

/// The registration of a cloud that is nowhere: enough to derive ids.
pub(crate) fn somewhere() -> CloudSpec {
    CloudSpec {
        id: CLOUD,
        name: "simulated".to_owned(),
        endpoint: String::new(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 1000.0,
        timeout: Duration::from_secs(20),
        options: serde_json::Map::new(),
    }
}

/// Ids of the cloud's form under which there is nothing.
pub(crate) fn absent_key(kind: Kind) -> String {
    let absent = |prefix: &str| format!("{prefix}-00000000c0ffee00");
    match kind.as_str() {
        "instance" => absent("i"),
        "instance_type" => absent("t"),
        "image" => absent("m"),
        "volume" => absent("v"),
        "volume_type" => absent("c"),
        "volume_snapshot" => absent("s"),
        "volume_attachment" => format!("{}/{}", absent("a"), absent("i")),
        "network" => absent("n"),
        "subnet" => absent("u"),
        "network_interface" => absent("p"),
        "router" => absent("r"),
        "ip_address" => absent("o"),
        "ip_address_binding" => absent("b"),
        "security_group" => absent("g"),
        "security_group_rule" => absent("e"),
        "ssh_key" => absent("k"),
        "datacenter" => absent("z"),
        // A quota that is there, but of nobody.
        "quota" => "acct-nobody/q-0000000000000001".to_owned(),
        other => panic!("how does the cloud call a {other}?"),
    }
}

//! A VPC and a subnet, in which other resources are created.

use gateway_core::Kind;
use gateway_core::driver::Known;
use serde_json::json;

use crate::runner::{Outcome, Runner, check_marker};

/// Creates a VPC.
pub(crate) async fn create_network(runner: &Runner, cidr: &str) -> Outcome {
    let command = json!({ "name": "net", "cidr": cidr, "tags": { "kept": "1" } });
    let network = runner.create(Kind::Network, command, &[]).await;
    check_marker(&network);
    assert_eq!(network.first().fields["cidrs"], json!([cidr]));
    network
}

/// Creates a subnet in a zone.
pub(crate) async fn create_subnet(runner: &Runner, network: &Known, cidr: &str, zone: &str) -> Outcome {
    let command = json!({ "name": "front", "network": network.id, "cidr": cidr, "datacenter": zone,
                        "tags": { "kept": "1" } });
    let subnet = runner.create(Kind::Subnet, command, &[network]).await;
    check_marker(&subnet);
    assert_eq!(subnet.first().fields["datacenter"], zone);
    subnet
}

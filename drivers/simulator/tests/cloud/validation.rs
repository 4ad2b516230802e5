//! Commands that this cloud cannot execute.

use gateway_core::Kind;
use gateway_core::driver::Step;
use gateway_core::kind::Verb;
use serde_json::json;

use crate::runner::{Runner, marker};

#[tokio::test]
async fn unsupported_fields_are_rejected_by_validate() {
    let runner = Runner::new().await;
    for (kind, verb, command, pointer) in [
        (Kind::Network, Verb::Create, json!({ "name": "n", "cidr": "10.0.0.0/8" }), "/cidr"),
        (
            Kind::Image,
            Verb::Create,
            json!({ "name": "n", "disk_format": "raw", "container_format": "bare" }),
            "/container_format",
        ),
        (Kind::Router, Verb::SetGateway, json!({}), "/external_network"),
        (
            Kind::Volume,
            Verb::Create,
            json!({ "name": "n", "size_gib": 1, "cloud_options": { "labels": {} } }),
            "/cloud_options/labels",
        ),
    ] {
        let (command, named) = runner.read(kind, verb, command).await;
        let known = runner.existing(kind).await;
        let target = (verb != Verb::Create).then_some(&known);
        let step = Step { kind, verb, command: &command, target, named: &named, marker: marker() };
        let faults: Vec<_> = runner.session.validate(&step).into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(faults, [pointer]);
    }
    let options =
        json!({ "name": "n", "disk_format": "raw", "cloud_options": { "system": "plan9", "locked": true } });
    let image = runner.create(Kind::Image, options).await;
    assert_eq!((&image.document["os"], &image.document["protected"]), (&json!("plan9"), &json!(true)));
    runner.simulator.stop().await;
}

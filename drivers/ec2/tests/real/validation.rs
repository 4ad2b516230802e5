//! Validation of creates without a call.

use gateway_core::Kind;
use gateway_core::kind::Verb;
use serde_json::json;

use crate::runner::Runner;

#[tokio::test]
async fn fields_that_ec2_does_not_support_are_refused() {
    let Some(runner) = Runner::in_region("us-east-2").await else { return };
    let (image, kind) = runner.bootable().await;
    let command = json!({ "name": "x", "description": "y", "image": image.id, "instance_type": kind.id,
                        "tags": { "Name": "other", "aws:x": "1", "gateway-router": "1" },
                        "cloud_options": { "ImageId": "ami-1", "ClientToken": "mine", "KeyName": "fine" } });
    let errors = runner.field_errors(Kind::Instance, Verb::Create, command, None, &[&image, &kind]);
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/description",
            "/tags/Name",
            "/tags/aws:x",
            "/tags/gateway-router",
            "/cloud_options/ClientToken",
            "/cloud_options/ImageId"
        ]
    );
    for (kind, command, pointer) in [
        (Kind::Volume, json!({ "name": "x", "size_gib": 1 }), "/datacenter"),
        (Kind::Network, json!({ "name": "x" }), "/cidr"),
        (Kind::Network, json!({ "name": "x", "cidr": "fd00::/56" }), "/cidr"),
        (Kind::Router, json!({ "name": "x" }), "/network"),
        (Kind::SecurityGroup, json!({ "name": "x" }), "/network"),
        (Kind::IpAddress, json!({ "description": "x" }), "/description"),
    ] {
        let errors = runner.field_errors(kind, Verb::Create, command, None, &[]);
        assert_eq!(
            errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(),
            [pointer],
            "{kind}"
        );
    }
}

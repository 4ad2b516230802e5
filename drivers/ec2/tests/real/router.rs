//! Routers: a reachable instance behind a route table, and the gateways of several tables.

use std::collections::BTreeSet;

use driver_ec2::Ec2;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Driver as _, Known};
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::network::{create_network, create_subnet};
use crate::runner::{Outcome, Runner, check_marker, check_update, raw_tag};

async fn create_table(runner: &Runner, network: &Known, name: &str) -> Outcome {
    let command = json!({ "name": name, "network": network.id, "tags": { "kept": "1" } });
    let table = runner.create(Kind::Router, command, &[network]).await;
    check_marker(&table);
    table
}

/// Returns the next hop of the default route.
fn default_route(table: &Observed) -> Option<&str> {
    let routes = table.fields["routes"].as_array().unwrap();
    routes.iter().find(|route| route["destination"] == "0.0.0.0/0")?["next_hop"].as_str()
}

#[tokio::test]
async fn instance_is_made_reachable_and_everything_is_deleted() {
    let Some(runner) = Runner::in_region("eu-west-2").await else { return };
    let (image, kind) = runner.bootable().await;
    let network_outcome = create_network(&runner, "10.81.0.0/16").await;
    let network = runner.known(network_outcome.first());
    let subnet = create_subnet(&runner, &network, "10.81.1.0/24", "eu-west-2b").await;
    let front = runner.known(subnet.first());
    let table = create_table(&runner, &network, "ways").await;

    for _ in 0..2 {
        let command = json!({ "subnet": front.id });
        let joined = runner.act(table.first(), Verb::AddInterface, command, &[&front]).await;
        let ends = joined.first().fields["interfaces"].as_array().unwrap().len();
        assert_eq!(ends, 1, "repeated, it changes nothing");
    }
    let mut gateways = BTreeSet::new();
    for _ in 0..2 {
        let out = runner.act(table.first(), Verb::SetGateway, json!({}), &[]).await;
        assert_eq!(out.kinds(), [Kind::Router, Kind::Router]);
        let gateway = out.touched[1].1.as_ref().unwrap();
        assert_eq!(default_route(out.first()), Some(gateway.native_key.as_str()));
        assert_eq!((gateway.name.as_str(), gateway.state), ("ways", Some("available")));
        assert_eq!(raw_tag(gateway, "gateway-router"), Some(table.first().native_key.as_str()));
        assert!(!gateway.tags.contains_key("gateway-router"), "readers do not see it");
        gateways.insert(gateway.native_key.clone());
    }
    assert_eq!(gateways.len(), 1, "repeated, it changes nothing");

    // For a network the driver chooses a subnet of it, in the named zone.
    let command = json!({ "name": "web", "image": image.id, "instance_type": kind.id, "networks": [network.id],
                        "datacenter": "eu-west-2b" });
    let instance = runner.create(Kind::Instance, command, &[&image, &kind, &network]).await;
    assert_eq!(instance.first().fields["datacenter"], "eu-west-2b");
    let inside = instance.first().fields["private_ip_addresses"][0].as_str().unwrap().to_owned();
    assert!(inside.starts_with("10.81.1."), "{inside}");

    let address = runner.create(Kind::IpAddress, json!({ "tags": { "kept": "1" } }), &[]).await;
    check_marker(&address);
    let address = check_update(&runner, &address).await;
    let (address, web) = (runner.known(&address), runner.known(instance.first()));
    let command = json!({ "address": address.id, "instance": web.id });
    let binding = runner.create(Kind::IpAddressBinding, command, &[&address, &web]).await;
    assert_eq!(
        binding.kinds(),
        [Kind::IpAddressBinding, Kind::IpAddress, Kind::Instance, Kind::NetworkInterface]
    );
    let touched = |at: usize| binding.touched[at].1.as_ref().unwrap();
    assert_eq!(touched(1).state, Some("in_use"));
    let outside = json!([address.document["ip_address"]]);
    assert_eq!(touched(2).fields["public_ip_addresses"], outside, "it is reachable");

    let bound = touched(1).clone();
    let mut offered = bound.clone();
    offered.allow(Ec2.capability().verbs(bound.kind));
    assert!(!offered.actions.contains(&Verb::Delete), "it is in use");

    let free = runner.delete(binding.first()).await;
    assert_eq!(&free.kinds()[..2], [Kind::IpAddressBinding, Kind::IpAddress]);
    assert_eq!(free.touched[1].1.as_ref().unwrap().state, Some("available"));
    runner.delete(&bound).await;
    runner.delete(instance.first()).await;
    runner.delete_new(Kind::NetworkInterface).await;

    let command = json!({ "subnet": front.id });
    for _ in 0..2 {
        let apart = runner.act(table.first(), Verb::RemoveInterface, command.clone(), &[&front]).await;
        assert_eq!(apart.first().fields["interfaces"], json!([]));
    }
    for _ in 0..2 {
        let closed = runner.act(table.first(), Verb::ClearGateway, Value::Null, &[]).await;
        assert_eq!(default_route(closed.first()), None);
        assert!(
            closed.touched[1..].iter().all(|(_, gateway)| gateway.is_none()),
            "the gateways of this table are gone"
        );
    }
    let table = check_update(&runner, &table).await;
    runner.delete(&table).await;
    let subnet = check_update(&runner, &subnet).await;
    runner.delete(&subnet).await;
    let network = check_update(&runner, &network_outcome).await;
    runner.delete(&network).await;
    runner.assert_clean().await;
}

#[tokio::test]
async fn gateway_stays_while_another_table_routes_through_it() {
    let Some(runner) = Runner::in_region("eu-central-1").await else {
        return;
    };
    let net = create_network(&runner, "10.82.0.0/16").await;
    let known = runner.known(net.first());
    let (first, second) =
        (create_table(&runner, &known, "a").await, create_table(&runner, &known, "b").await);
    let made = runner.act(first.first(), Verb::SetGateway, json!({}), &[]).await;
    let shared = runner.act(second.first(), Verb::SetGateway, json!({}), &[]).await;
    assert_eq!(shared.done.touched[1], made.done.touched[1], "a VPC has one gateway");
    let closed = runner.act(first.first(), Verb::ClearGateway, Value::Null, &[]).await;
    let gateway = closed.touched[1].1.as_ref().expect("the other table still routes through it");
    assert_eq!(gateway.fields["router_type"], "internet_gateway");

    // As a router itself it can be updated and deleted only.
    let named = runner.act(gateway, Verb::Update, json!({ "name": "out", "tags": {} }), &[]).await;
    assert_eq!(named.first().name, "out");
    assert!(raw_tag(named.first(), "gateway-router").is_some(), "the tag of the gateway stays");
    let closed = runner.act(second.first(), Verb::ClearGateway, Value::Null, &[]).await;
    assert!(closed.touched[1].1.is_none(), "no table routes through it any more");
    let again = runner.act(second.first(), Verb::SetGateway, json!({}), &[]).await;
    let gateway = again.touched[1].1.clone().unwrap();
    runner.act(second.first(), Verb::ClearGateway, Value::Null, &[]).await;
    let gone = runner.refused(&gateway, Verb::Delete, Value::Null, &[]).await;
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    let own = runner.act(first.first(), Verb::SetGateway, json!({}), &[]).await;
    let own = own.touched[1].1.clone().unwrap();
    runner.delete(&own).await;
    let errors = runner.field_errors(Kind::Router, Verb::SetGateway, json!({}), Some(&own), &[]);
    assert_eq!(errors.len(), 1, "an internet gateway has no gateway");
    for table in [first.first(), second.first()] {
        runner.delete(table).await;
    }
    runner.delete(net.first()).await;
    runner.assert_clean().await;
}

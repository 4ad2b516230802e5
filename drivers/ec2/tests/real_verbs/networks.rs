//! Everything on the way to an address that can be reached.

use std::collections::BTreeSet;

use gateway_core::ErrorKind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Known;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use crate::hand::{Deed, Hand, check_marked, check_retagged, raw_tag, words};

async fn network(hand: &Hand, cidr: &str) -> Deed {
    let command = json!({ "name": "net", "cidr": cidr, "tags": { "kept": "1" } });
    let network = hand.make("network", command, &[]).await;
    check_marked(&network);
    assert_eq!(network.first().fields["cidrs"], json!([cidr]));
    network
}

async fn subnet(hand: &Hand, network: &Known, cidr: &str, zone: &str) -> Deed {
    let command = json!({ "name": "front", "network": network.id, "cidr": cidr, "datacenter": zone,
                        "tags": { "kept": "1" } });
    let subnet = hand.make("subnet", command, &[network]).await;
    check_marked(&subnet);
    assert_eq!(subnet.first().fields["datacenter"], zone);
    subnet
}

async fn table(hand: &Hand, network: &Known, name: &str) -> Deed {
    let command = json!({ "name": name, "network": network.id, "tags": { "kept": "1" } });
    let table = hand.make("router", command, &[network]).await;
    check_marked(&table);
    table
}

/// The route to everywhere, as the document has it.
fn way_out(table: &Observed) -> Option<&str> {
    let routes = table.fields["routes"].as_array().unwrap();
    routes.iter().find(|route| route["destination"] == "0.0.0.0/0")?["next_hop"].as_str()
}

#[tokio::test]
async fn an_instance_becomes_reachable_by_verbs_alone_and_all_of_it_ends() {
    let Some(hand) = Hand::in_region("eu-west-2").await else { return };
    let (image, kind) = hand.bootable().await;
    let network_deed = network(&hand, "10.81.0.0/16").await;
    let network = hand.known(network_deed.first());
    let subnet = subnet(&hand, &network, "10.81.1.0/24", "eu-west-2b").await;
    let front = hand.known(subnet.first());
    let table = table(&hand, &network, "ways").await;

    for _ in 0..2 {
        let command = json!({ "subnet": front.id });
        let joined = hand.turn(table.first(), Verb::AddInterface, command, &[&front]).await;
        let ends = joined.first().fields["interfaces"].as_array().unwrap().len();
        assert_eq!(ends, 1, "twice is as once");
    }
    let mut gateways = BTreeSet::new();
    for _ in 0..2 {
        let out = hand.turn(table.first(), Verb::SetGateway, json!({}), &[]).await;
        assert_eq!(out.kinds(), ["router", "router"]);
        let gateway = out.seen[1].1.as_ref().unwrap();
        assert_eq!(way_out(out.first()), Some(gateway.native_key.as_str()));
        assert_eq!((gateway.name.as_str(), gateway.state), ("ways", Some("available")));
        assert_eq!(raw_tag(gateway, "gateway-router"), Some(table.first().native_key.as_str()));
        assert!(!gateway.tags.contains_key("gateway-router"), "a reader sees nothing of it");
        gateways.insert(gateway.native_key.clone());
    }
    assert_eq!(gateways.len(), 1, "twice is as once");

    // A network stands for a subnet of it, in the zone that is named.
    let command = json!({ "name": "web", "image": image.id, "instance_type": kind.id, "networks": [network.id],
                        "datacenter": "eu-west-2b" });
    let instance = hand.make("instance", command, &[&image, &kind, &network]).await;
    assert_eq!(instance.first().fields["datacenter"], "eu-west-2b");
    let inside = instance.first().fields["private_ip_addresses"][0].as_str().unwrap().to_owned();
    assert!(inside.starts_with("10.81.1."), "{inside}");

    let address = hand.make("ip_address", json!({ "tags": { "kept": "1" } }), &[]).await;
    check_marked(&address);
    let address = check_retagged(&hand, &address).await;
    let (address, web) = (hand.known(&address), hand.known(instance.first()));
    let command = json!({ "address": address.id, "instance": web.id });
    let binding = hand.make("ip_address_binding", command, &[&address, &web]).await;
    assert_eq!(binding.kinds(), ["ip_address_binding", "ip_address", "instance", "network_interface"]);
    let seen = |at: usize| binding.seen[at].1.as_ref().unwrap();
    assert_eq!(seen(1).state, Some("in_use"));
    let outside = json!([address.document["ip_address"]]);
    assert_eq!(seen(2).fields["public_ip_addresses"], outside, "it can be reached");

    let bound = seen(1).clone();
    let mut offered = bound.clone();
    offered.allow(gateway_core::driver::Driver::capability(&driver_ec2::Ec2).verbs(bound.kind));
    assert!(!offered.actions.contains(&Verb::Delete), "it is in use");

    let free = hand.end(binding.first()).await;
    assert_eq!(&free.kinds()[..2], ["ip_address_binding", "ip_address"]);
    assert_eq!(free.seen[1].1.as_ref().unwrap().state, Some("available"));
    hand.end(&bound).await;
    hand.end(instance.first()).await;
    hand.end_others("network_interface").await;

    let command = json!({ "subnet": front.id });
    for _ in 0..2 {
        let apart = hand.turn(table.first(), Verb::RemoveInterface, command.clone(), &[&front]).await;
        assert_eq!(apart.first().fields["interfaces"], json!([]));
    }
    for _ in 0..2 {
        let closed = hand.turn(table.first(), Verb::ClearGateway, Value::Null, &[]).await;
        assert_eq!(way_out(closed.first()), None);
        assert!(
            closed.seen[1..].iter().all(|(_, gateway)| gateway.is_none()),
            "what was made for it is gone"
        );
    }
    let table = check_retagged(&hand, &table).await;
    hand.end(&table).await;
    let subnet = check_retagged(&hand, &subnet).await;
    hand.end(&subnet).await;
    let network = check_retagged(&hand, &network_deed).await;
    hand.end(&network).await;
    hand.is_clean().await;
}

#[tokio::test]
async fn a_gateway_stays_while_another_table_leads_through_it() {
    let Some(hand) = Hand::in_region("eu-central-1").await else {
        return;
    };
    let net = network(&hand, "10.82.0.0/16").await;
    let known = hand.known(net.first());
    let (first, second) = (table(&hand, &known, "a").await, table(&hand, &known, "b").await);
    let made = hand.turn(first.first(), Verb::SetGateway, json!({}), &[]).await;
    let shared = hand.turn(second.first(), Verb::SetGateway, json!({}), &[]).await;
    assert_eq!(shared.done.touched[1], made.done.touched[1], "a VPC has one");
    let closed = hand.turn(first.first(), Verb::ClearGateway, Value::Null, &[]).await;
    let gateway = closed.seen[1].1.as_ref().expect("the other table still leads through it");
    assert_eq!(gateway.fields["router_type"], "internet_gateway");

    // As a router of its own it is renamed and deleted, and nothing else.
    let named = hand.turn(gateway, Verb::Update, json!({ "name": "out", "tags": {} }), &[]).await;
    assert_eq!(named.first().name, "out");
    assert!(raw_tag(named.first(), "gateway-router").is_some(), "the gateway's own stays");
    let closed = hand.turn(second.first(), Verb::ClearGateway, Value::Null, &[]).await;
    assert!(closed.seen[1].1.is_none(), "nobody leads through it any more");
    let again = hand.turn(second.first(), Verb::SetGateway, json!({}), &[]).await;
    let gateway = again.seen[1].1.clone().unwrap();
    hand.turn(second.first(), Verb::ClearGateway, Value::Null, &[]).await;
    let gone = hand.refused(&gateway, Verb::Delete, Value::Null, &[]).await;
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    let own = hand.turn(first.first(), Verb::SetGateway, json!({}), &[]).await;
    let own = own.seen[1].1.clone().unwrap();
    hand.end(&own).await;
    let faults = hand.faults("router", Verb::SetGateway, json!({}), Some(&own), &[]);
    assert_eq!(faults.len(), 1, "a gateway needs none");
    for table in [first.first(), second.first()] {
        hand.end(table).await;
    }
    hand.end(net.first()).await;
    hand.is_clean().await;
}

#[tokio::test]
async fn groups_rules_and_interfaces_live_and_end() {
    let Some(hand) = Hand::in_region("ca-central-1").await else { return };
    let net = network(&hand, "10.83.0.0/16").await;
    let known = hand.known(net.first());
    let front = subnet(&hand, &known, "10.83.1.0/24", "ca-central-1a").await;
    let command =
        json!({ "name": "web", "description": "of the web", "network": known.id, "tags": { "kept": "1" } });
    let group = hand.make("security_group", command.clone(), &[&known]).await;
    check_marked(&group);
    assert_eq!(group.first().fields["description"], "of the web");
    let twice = hand.try_step("security_group", Verb::Create, command, None, &[&known]).await.err().unwrap();
    assert_eq!((twice.kind(), words(&twice).0), (ErrorKind::Conflict, "InvalidGroup.Duplicate"));
    let retagged = hand.turn(group.first(), Verb::Update, json!({ "tags": { "new": "1" } }), &[]).await;
    assert_eq!((retagged.first().name.as_str(), retagged.first().tags.len()), ("web", 1));
    assert_eq!(retagged.first().marker, Some(group.marker));
    rules(&hand, &hand.known(group.first())).await;

    let (guard, at) = (hand.known(group.first()), hand.known(front.first()));
    let command = json!({ "name": "nic", "description": "second", "network": known.id, "security_groups": [guard.id],
                        "addresses": [{ "subnet": at.id, "ip_address": "10.83.1.20" },
                                      { "subnet": at.id, "ip_address": "10.83.1.21" }], "tags": { "kept": "1" } });
    let interface = hand.make("network_interface", command, &[&known, &guard, &at]).await;
    check_marked(&interface);
    let addresses = interface.first().fields["addresses"].as_array().unwrap();
    let addresses: Vec<_> = addresses.iter().map(|one| one["ip_address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["10.83.1.20", "10.83.1.21"]);
    assert_eq!(interface.first().fields["security_groups"][0]["external_id"], guard.external_id.as_str());
    let seen = check_retagged(&hand, &interface).await;
    let other = hand.make("security_group", json!({ "name": "b", "network": known.id }), &[&known]).await;
    assert_eq!(other.first().fields["description"], "b", "EC2 wants one");
    let other_known = hand.known(other.first());
    let command = json!({ "description": "third", "security_groups": [other_known.id] });
    let changed = hand.turn(&seen, Verb::Update, command, &[&other_known]).await;
    assert_eq!(changed.first().fields["description"], "third");
    assert_eq!(changed.first().fields["security_groups"][0]["external_id"], other_known.external_id.as_str());

    // Without a subnet the network offers one.
    let free = hand.make("network_interface", json!({ "network": known.id }), &[&known]).await;
    assert_eq!(free.first().fields["addresses"][0]["subnet"]["external_id"], at.external_id.as_str());
    for one in [free.first(), &seen, group.first(), other.first(), front.first(), net.first()] {
        hand.end(one).await;
    }
    let command = json!({ "network": known.id });
    let error =
        hand.try_step("network_interface", Verb::Create, command, None, &[&known]).await.err().unwrap();
    assert_eq!((error.kind(), error.pointer()), (ErrorKind::Invalid, Some("/network")));
    hand.is_clean().await;
}

async fn rules(hand: &Hand, group: &Known) {
    let rule = |direction: &str, more: Value| {
        let mut command = json!({ "security_group": group.id, "direction": direction });
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let orders = [
        rule(
            "ingress",
            json!({ "protocol": "tcp", "first_port": 22, "remote_cidr": "10.0.0.0/8", "description": "in" }),
        ),
        rule(
            "ingress",
            json!({ "protocol": "udp", "first_port": 53, "last_port": 54, "remote_security_group": group.id }),
        ),
        rule("ingress", json!({ "protocol": "icmp", "icmp_type": 8 })),
        rule("egress", json!({ "protocol": "tcp", "ip_version": 6 })),
    ];
    let mut made = Vec::new();
    for command in &orders {
        let deed = hand.make("security_group_rule", command.clone(), &[group]).await;
        assert_eq!(deed.kinds(), ["security_group_rule", "security_group"]);
        check_marked(&deed);
        made.push(deed.first().clone());
    }
    let field = |at: usize, name: &str| made[at].fields[name].clone();
    let ports = |at: usize| (field(at, "first_port"), field(at, "last_port"));
    assert_eq!((field(0, "direction"), field(0, "remote_cidr")), (json!("ingress"), json!("10.0.0.0/8")));
    assert_eq!((ports(0), field(0, "description")), ((json!(22), json!(22)), json!("in")));
    assert_eq!(ports(1), (json!(53), json!(54)));
    assert_eq!(field(1, "remote_security_group")["external_id"], group.external_id.as_str());
    assert_eq!((field(2, "icmp_type"), field(2, "icmp_code")), (json!(8), Value::Null));
    assert_eq!(field(2, "remote_cidr"), "0.0.0.0/0", "anybody, when nobody is named");
    assert_eq!((field(3, "direction"), field(3, "remote_cidr")), (json!("egress"), json!("::/0")));
    assert_eq!(ports(3), (json!(0), json!(65535)));
    let twice = hand.try_step("security_group_rule", Verb::Create, orders[0].clone(), None, &[group]).await;
    let twice = twice.err().unwrap();
    assert_eq!((twice.kind(), words(&twice).0), (ErrorKind::Conflict, "InvalidPermission.Duplicate"));
    for rule in &made {
        let deed = hand.end(rule).await;
        assert_eq!(deed.kinds(), ["security_group_rule", "security_group"]);
    }
    let again = hand.refused(&made[0], Verb::Delete, Value::Null, &[]).await;
    assert_eq!(again.kind(), ErrorKind::NotFound);
}

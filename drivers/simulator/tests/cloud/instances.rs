//! Instances: their life cycle, and what they create and delete with them.

use driver_simulator::Simulator;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Step;
use gateway_core::kind::Verb;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clouds::manual;
use crate::fixtures::cloud_client::CloudClient;
use crate::runner::{Runner, known, marker, north};

#[tokio::test]
async fn instance_commands_change_the_status_and_the_journal() {
    let (clock, options) = manual();
    let transit = options.transit;
    let simulator = Simulator::start(options).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let created = client.post("/v1/north/instances", json!({ "name": "mine", "labels": { "a": "b" } })).await;
    let path = format!("/v1/north/instances/{}", created["id"].as_str().unwrap());
    let status = async || client.get(&path).await["status"].as_str().unwrap().to_owned();
    assert_eq!(status().await, "BOOTING");
    let early = client.send(Method::POST, &format!("{path}/stop"), None).await;
    assert_eq!(early.0, StatusCode::CONFLICT);
    for (command, between, after) in [
        ("", "BOOTING", "ACTIVE"),
        ("stop", "HALTING", "HALTED"),
        ("start", "WAKING", "ACTIVE"),
        ("reboot", "CYCLING", "ACTIVE"),
    ] {
        if !command.is_empty() {
            client.post(&format!("{path}/{command}"), json!({})).await;
        }
        assert_eq!(status().await, between);
        clock.advance(transit);
        assert_eq!(status().await, after);
    }
    assert_eq!(client.send(Method::DELETE, &path, None).await.0, StatusCode::ACCEPTED);
    clock.advance(transit);
    assert_eq!(status().await, "REMOVED");
    clock.advance(transit);
    assert_eq!(client.send(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
    let journal = client.get("/control/journal").await;
    let lines = journal["lines"].as_array().unwrap();
    let reported = |kind: &str| -> Vec<Option<&str>> {
        lines.iter().filter(|line| line["kind"] == kind).map(|line| line["to"].as_str()).collect()
    };
    let expected = [
        "BOOTING", "ACTIVE", "HALTING", "HALTED", "WAKING", "ACTIVE", "CYCLING", "ACTIVE", "REMOVING",
        "REMOVED",
    ];
    assert_eq!(reported("instance"), expected.into_iter().map(Some).chain([None]).collect::<Vec<_>>());
    let derived = ["ATTACHING", "LIVE", "DARK", "ATTACHING", "LIVE", "DARK"];
    assert_eq!(
        reported("network_interface"),
        derived.into_iter().map(Some).chain([None]).collect::<Vec<_>>()
    );
    simulator.stop().await;
}

#[tokio::test]
async fn create_with_lost_answer_creates_one_instance() {
    let runner = Runner::new().await;
    let (image, instance_type) =
        (runner.existing(Kind::Image).await, runner.existing(Kind::InstanceType).await);
    let command = json!({ "name": "made", "image": image.id, "instance_type": instance_type.id,
        "tags": { "role": "db" }, "user_data": "#!/bin/sh secret" });
    for fault in ["acts_then_closes", "acts_then_fails", "half_page"] {
        let marker = marker();
        let faults = json!([{ "fault": fault, "kind": "instance", "method": "POST", "times": 1 }]);
        runner.client.send(Method::PUT, "/control/faults", Some(faults)).await;
        let error =
            runner.act(marker, Kind::Instance, Verb::Create, command.clone(), None).await.unwrap_err();
        assert!(!error.changed_nothing(), "{fault}: {error:?}");
        assert!(!error.chain().contains("secret"), "{error:?}");
        let counted = runner
            .client
            .get(&format!("/control/count?kind=instance&label=gateway-operation={marker}"))
            .await;
        assert_eq!(counted["count"], 1, "{fault}");
        let (read, named) = runner.read(Kind::Instance, Verb::Create, command.clone()).await;
        let step = Step {
            kind: Kind::Instance,
            verb: Verb::Create,
            command: &read,
            target: None,
            named: &named,
            marker,
        };
        let found = runner.session.find(&north(), &step).await.unwrap().unwrap();
        assert_eq!(json!(found.native_key), counted["ids"][0]);
        let created = runner.session.get(&north(), found.kind, &found.native_key).await.unwrap().unwrap();
        assert_eq!(created.marker, Some(marker));
        assert_eq!(json!(created.tags), json!({ "role": "db" }));
        assert_eq!(created.raw["labels"]["gateway-operation"], marker.to_string());
    }
    let faults = json!([{ "fault": "server_error", "writes": true, "times": 1 }]);
    runner.client.send(Method::PUT, "/control/faults", Some(faults)).await;
    let marker = marker();
    runner.act(marker, Kind::Instance, Verb::Create, command, None).await.unwrap_err();
    let counted =
        runner.client.get(&format!("/control/count?kind=instance&label=gateway-operation={marker}")).await;
    assert_eq!(counted["count"], 0, "it fails before it acts");
    runner.simulator.stop().await;
}

#[tokio::test]
async fn delete_of_instance_deletes_its_own_interfaces_and_volumes() {
    let runner = Runner::new().await;
    let (image, instance_type) =
        (runner.existing(Kind::Image).await, runner.existing(Kind::InstanceType).await);
    let network = runner.create(Kind::Network, json!({ "name": "net" })).await;
    let subnet = json!({ "name": "sub", "network": network.id, "cidr": "192.168.9.0/24" });
    let subnet = runner.create(Kind::Subnet, subnet).await;
    let router = json!({ "name": "direction", "external_network": runner.existing(Kind::Network).await.id });
    let router = runner.create(Kind::Router, router).await;
    let joins = json!({ "subnet": subnet.id });
    let done =
        runner.act(marker(), Kind::Router, Verb::AddInterface, joins.clone(), Some(&router)).await.unwrap();
    let again = runner.act(marker(), Kind::Router, Verb::AddInterface, joins, Some(&router)).await.unwrap();
    assert_eq!(again.touched, done.touched, "what is connected stays so");
    let group = runner.create(Kind::SecurityGroup, json!({ "name": "own" })).await;
    let port = json!({ "name": "port", "network": network.id, "security_groups": [group.id],
        "addresses": [{ "subnet": subnet.id, "ip_address": "192.168.9.77" }] });
    let port = runner.create(Kind::NetworkInterface, port).await;
    let command = json!({ "name": "rich", "image": image.id, "instance_type": instance_type.id,
        "network_interfaces": [port.id], "subnets": [subnet.id], "security_groups": [group.id],
        "ssh_key": runner.existing(Kind::SshKey).await.id, "datacenter": "north-b",
        "boot_volume": { "size_gib": 7, "delete_on_termination": true } });
    let done = runner.act(marker(), Kind::Instance, Verb::Create, command.clone(), None).await.unwrap();
    let touched = runner.touched(&done).await;
    let touched: Vec<&Observed> = touched.iter().map(|found| found.as_ref().unwrap()).collect();
    let kinds: Vec<Kind> = touched.iter().map(|found| found.kind).collect();
    let expected = [
        Kind::Instance,
        Kind::NetworkInterface,
        Kind::NetworkInterface,
        Kind::VolumeAttachment,
        Kind::Volume,
    ];
    assert_eq!(kinds, expected);
    let fields = &touched[0].fields;
    assert_eq!(fields["private_ip_addresses"], json!(["192.168.9.77", "192.168.9.2"]));
    assert_eq!(fields["datacenter"], "north-b");
    assert_eq!(fields["security_groups"][0]["name"], "own");
    assert_eq!(
        (touched[3].fields["delete_on_termination"].clone(), touched[4].state),
        (json!(true), Some("in_use"))
    );
    let key = touched[0].native_key.clone();
    let running = runner.until(Kind::Instance, &key, Some("running")).await.unwrap();
    assert_eq!(runner.reread(&port).await.state, Some("active"));
    assert_eq!(
        runner.refuses(Kind::NetworkInterface, Verb::Delete, Value::Null, Some(&port)).await.1,
        "in_use"
    );
    assert_eq!(
        runner.refuses(Kind::SecurityGroup, Verb::Delete, Value::Null, Some(&group)).await.1,
        "in_use"
    );
    assert_eq!(
        runner.refuses(Kind::Instance, Verb::Create, command, None).await.1,
        "in_use",
        "a port is for one"
    );
    let before = runner.counts().await;
    let command = json!({ "name": "poor", "image": image.id, "instance_type": instance_type.id,
        "subnets": [subnet.id], "boot_volume": { "size_gib": 70_000 } });
    runner.refuses(Kind::Instance, Verb::Create, command, None).await;
    assert_eq!(runner.counts().await, before, "a refused create leaves nothing behind");

    let address = runner.create(Kind::IpAddress, json!({})).await;
    let command = json!({ "address": address.id, "instance": known(&running).id });
    let bound = runner.act(marker(), Kind::IpAddressBinding, Verb::Create, command, None).await.unwrap();
    assert_eq!(bound.touched.len(), 4);
    let public_ips = &runner.reread(&known(&running)).await.fields["public_ip_addresses"];
    assert_eq!(*public_ips, json!([address.document["ip_address"]]));
    let shut = runner.refuses(Kind::Router, Verb::ClearGateway, Value::Null, Some(&router)).await;
    assert_eq!(shut.1, "in_use", "an address leads through it");

    runner.act(marker(), Kind::Instance, Verb::Delete, Value::Null, Some(&known(&running))).await.unwrap();
    runner.until(Kind::Instance, &key, None).await;
    assert_eq!(runner.reread(&port).await.state, Some("inactive"), "the port was there before");
    assert_eq!(runner.reread(&address).await.state, Some("available"));
    let own = &done.touched[2].native_key;
    assert!(runner.session.get(&north(), Kind::NetworkInterface, own).await.unwrap().is_none());
    runner.until(Kind::Volume, &done.touched[4].native_key, None).await;
    runner.simulator.stop().await;
}

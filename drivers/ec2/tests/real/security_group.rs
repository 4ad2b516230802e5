//! Security groups with their rules, and the interfaces that use them.

use gateway_core::driver::Known;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::network::{create_network, create_subnet};
use crate::runner::{Runner, check_marker, check_update, cloud_words};

#[tokio::test]
async fn commands_of_groups_rules_and_interfaces_are_executed() {
    let Some(runner) = Runner::in_region("ca-central-1").await else { return };
    let net = create_network(&runner, "10.83.0.0/16").await;
    let known = runner.known(net.first());
    let front = create_subnet(&runner, &known, "10.83.1.0/24", "ca-central-1a").await;
    let command =
        json!({ "name": "web", "description": "of the web", "network": known.id, "tags": { "kept": "1" } });
    let group = runner.create(Kind::SecurityGroup, command.clone(), &[&known]).await;
    check_marker(&group);
    assert_eq!(group.first().fields["description"], "of the web");
    let twice = runner.run(Kind::SecurityGroup, Verb::Create, command, None, &[&known]).await.err().unwrap();
    assert_eq!((twice.kind(), cloud_words(&twice).0), (ErrorKind::Conflict, "InvalidGroup.Duplicate"));
    let retagged = runner.act(group.first(), Verb::Update, json!({ "tags": { "new": "1" } }), &[]).await;
    assert_eq!((retagged.first().name.as_str(), retagged.first().tags.len()), ("web", 1));
    assert_eq!(retagged.first().marker, Some(group.marker));
    check_rules(&runner, &runner.known(group.first())).await;

    let (web, at) = (runner.known(group.first()), runner.known(front.first()));
    let command = json!({ "name": "nic", "description": "second", "network": known.id, "security_groups": [web.id],
                        "addresses": [{ "subnet": at.id, "ip_address": "10.83.1.20" },
                                      { "subnet": at.id, "ip_address": "10.83.1.21" }], "tags": { "kept": "1" } });
    let interface = runner.create(Kind::NetworkInterface, command, &[&known, &web, &at]).await;
    check_marker(&interface);
    let addresses = interface.first().fields["addresses"].as_array().unwrap();
    let addresses: Vec<_> = addresses.iter().map(|one| one["ip_address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["10.83.1.20", "10.83.1.21"]);
    assert_eq!(interface.first().fields["security_groups"][0]["external_id"], web.external_id.as_str());
    let updated = check_update(&runner, &interface).await;
    let other =
        runner.create(Kind::SecurityGroup, json!({ "name": "b", "network": known.id }), &[&known]).await;
    assert_eq!(other.first().fields["description"], "b", "EC2 requires one");
    let other_known = runner.known(other.first());
    let command = json!({ "description": "third", "security_groups": [other_known.id] });
    let changed = runner.act(&updated, Verb::Update, command, &[&other_known]).await;
    assert_eq!(changed.first().fields["description"], "third");
    assert_eq!(changed.first().fields["security_groups"][0]["external_id"], other_known.external_id.as_str());

    // Without a subnet the driver chooses one of the network.
    let free = runner.create(Kind::NetworkInterface, json!({ "network": known.id }), &[&known]).await;
    assert_eq!(free.first().fields["addresses"][0]["subnet"]["external_id"], at.external_id.as_str());
    for one in [free.first(), &updated, group.first(), other.first(), front.first(), net.first()] {
        runner.delete(one).await;
    }
    let command = json!({ "network": known.id });
    let error =
        runner.run(Kind::NetworkInterface, Verb::Create, command, None, &[&known]).await.err().unwrap();
    assert_eq!((error.kind(), error.pointer()), (ErrorKind::Invalid, Some("/network")));
    runner.assert_clean().await;
}

/// Checks the commands of rules of a group.
async fn check_rules(runner: &Runner, group: &Known) {
    let rule = |direction: &str, more: Value| {
        let mut command = json!({ "security_group": group.id, "direction": direction });
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let commands = [
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
    for command in &commands {
        let outcome = runner.create(Kind::SecurityGroupRule, command.clone(), &[group]).await;
        assert_eq!(outcome.kinds(), [Kind::SecurityGroupRule, Kind::SecurityGroup]);
        check_marker(&outcome);
        made.push(outcome.first().clone());
    }
    let field = |at: usize, name: &str| made[at].fields[name].clone();
    let ports = |at: usize| (field(at, "first_port"), field(at, "last_port"));
    assert_eq!((field(0, "direction"), field(0, "remote_cidr")), (json!("ingress"), json!("10.0.0.0/8")));
    assert_eq!((ports(0), field(0, "description")), ((json!(22), json!(22)), json!("in")));
    assert_eq!(ports(1), (json!(53), json!(54)));
    assert_eq!(field(1, "remote_security_group")["external_id"], group.external_id.as_str());
    assert_eq!((field(2, "icmp_type"), field(2, "icmp_code")), (json!(8), Value::Null));
    assert_eq!(field(2, "remote_cidr"), "0.0.0.0/0", "the default is everybody");
    assert_eq!((field(3, "direction"), field(3, "remote_cidr")), (json!("egress"), json!("::/0")));
    assert_eq!(ports(3), (json!(0), json!(65535)));
    let twice = runner.run(Kind::SecurityGroupRule, Verb::Create, commands[0].clone(), None, &[group]).await;
    let twice = twice.err().unwrap();
    assert_eq!((twice.kind(), cloud_words(&twice).0), (ErrorKind::Conflict, "InvalidPermission.Duplicate"));
    for rule in &made {
        let outcome = runner.delete(rule).await;
        assert_eq!(outcome.kinds(), [Kind::SecurityGroupRule, Kind::SecurityGroup]);
    }
    let again = runner.refused(&made[0], Verb::Delete, Value::Null, &[]).await;
    assert_eq!(again.kind(), ErrorKind::NotFound);
}

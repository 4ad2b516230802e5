//! Instances: all their commands, and refusals of their creation.

use driver_ec2::Ec2;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Driver as _, OneTimeOutput};
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::runner::{Runner, check_marker, check_update, cloud_words};

#[tokio::test]
async fn commands_of_instance_are_executed() {
    let Some(runner) = Runner::in_region("eu-north-1").await else { return };
    let (image, kind) = runner.bootable().await;
    let larger = runner.known(&runner.get(Kind::InstanceType, "t3.small").await.unwrap());
    let key = runner.create(Kind::SshKey, json!({ "name": "gateway-verbs" }), &[]).await;
    let key_known = runner.known(key.first());
    let network = runner.create(Kind::Network, json!({ "name": "n", "cidr": "10.84.0.0/16" }), &[]).await;
    let net = runner.known(network.first());
    let command = json!({ "name": "s", "network": net.id, "cidr": "10.84.1.0/24" });
    let subnet = runner.create(Kind::Subnet, command, &[&net]).await;
    let at = runner.known(subnet.first());
    let group = runner.create(Kind::SecurityGroup, json!({ "name": "g", "network": net.id }), &[&net]).await;
    let web = runner.known(group.first());
    let nic = runner.create(Kind::NetworkInterface, json!({ "network": net.id }), &[&net]).await;
    let nic_known = runner.known(nic.first());

    let command = json!({ "name": "one", "image": image.id, "instance_type": kind.id, "subnets": [at.id],
                        "network_interfaces": [nic_known.id], "security_groups": [web.id], "ssh_key": key_known.id,
                        "user_data": "#!/bin/sh\necho hunter2", "boot_volume": { "size_gib": 33 },
                        "tags": { "kept": "1", "old": "1" }, "cloud_options": { "EbsOptimized": true } });
    let named = [&image, &kind, &at, &nic_known, &web, &key_known];
    let made = runner.create(Kind::Instance, command, &named).await;
    check_marker(&made);
    let instance = made.first();
    assert_eq!((instance.name.as_str(), instance.state), ("one", Some("running")));
    assert_eq!(
        (&instance.fields["ssh_key"], &instance.raw["ebsOptimized"]),
        (&json!("gateway-verbs"), &json!("true"))
    );
    let first = made.touched.iter().filter_map(|(_, observed)| observed.as_ref());
    let first =
        first.filter(|one| one.kind == nic_known.kind).find(|one| one.native_key != nic_known.native_key);
    let first = first.expect("the interface that was created in the subnet");
    assert_eq!(first.fields["addresses"][0]["subnet"]["external_id"], at.external_id.as_str());
    assert_eq!(first.fields["security_groups"][0]["external_id"], web.external_id.as_str());
    let disk = made.touched.iter().find(|(touched, _)| touched.kind == Kind::Volume).expect("its disk");
    let disk = disk.1.clone().unwrap();
    assert_eq!(disk.fields["size_gib"], 33);
    let mut interfaces = made.touched.iter().filter(|(touched, _)| touched.kind == nic_known.kind);
    assert!(
        interfaces.any(|(touched, _)| touched.native_key == nic_known.native_key),
        "{:?}",
        made.done.touched
    );

    let instance = check_update(&runner, &made).await;
    let output = runner.act(&instance, Verb::ConsoleOutput, Value::Null, &[]).await;
    let Some(OneTimeOutput::ConsoleOutput(text)) = output.done.answer else { panic!("no console") };
    assert!(text.contains("Linux version"), "{text}");

    // Only a stopped instance can be resized, and its actions show this.
    let can = Ec2.capability().verbs(instance.kind);
    let offers = |observed: &Observed, verb| {
        let mut observed = observed.clone();
        observed.allow(can);
        observed.actions.contains(&verb)
    };
    assert!(
        !offers(&instance, Verb::Resize) && offers(&instance, Verb::Stop) && !offers(&instance, Verb::Pause)
    );
    let stopped = runner.act(&instance, Verb::Stop, Value::Null, &[]).await;
    assert_eq!(stopped.first().state, Some("stopped"));
    assert!(offers(stopped.first(), Verb::Resize) && offers(stopped.first(), Verb::Start));
    let command = json!({ "instance_type": larger.id });
    let resized = runner.act(stopped.first(), Verb::Resize, command, &[&larger]).await;
    assert_eq!(resized.first().fields["instance_type"]["name"], "t3.small");
    let started = runner.act(stopped.first(), Verb::Start, Value::Null, &[]).await;
    assert_eq!(started.first().state, Some("running"));
    for hard in [false, true] {
        let rebooted = runner.act(&instance, Verb::Reboot, json!({ "hard": hard }), &[]).await;
        assert_eq!(rebooted.first().state, Some("running"));
    }

    let command = json!({ "name": "gateway-verbs", "tags": { "kept": "1" } });
    let captured = runner.act(&instance, Verb::CreateImage, command, &[]).await;
    assert_eq!(captured.kinds(), [Kind::Image, Kind::Instance]);
    check_marker(&captured);
    assert_eq!((captured.first().name.as_str(), captured.first().tags.len()), ("gateway-verbs", 1));
    runner.delete(captured.first()).await;
    runner.delete_new(Kind::VolumeSnapshot).await;

    let ended = runner.delete(&instance).await;
    assert_eq!(&ended.kinds()[..3], [Kind::Instance, Kind::Volume, Kind::VolumeAttachment]);
    // The command does not set `delete_on_termination`, so that the disk is left.
    runner.delete_new(Kind::Volume).await;
    runner.delete_new(Kind::NetworkInterface).await;
    for one in [key.first(), group.first(), subnet.first(), network.first()] {
        runner.delete(one).await;
    }
    runner.assert_clean().await;
}

#[tokio::test]
async fn refusal_has_the_clouds_words_and_no_secrets() {
    let Some(runner) = Runner::in_region("us-west-2").await else { return };
    let (image, kind) = runner.bootable().await;
    let network = runner.create(Kind::Network, json!({ "name": "n", "cidr": "10.85.0.0/16" }), &[]).await;
    let net = runner.known(network.first());
    let command = json!({ "name": "s", "network": net.id, "cidr": "10.85.0.0/24" });
    let subnet = runner.create(Kind::Subnet, command.clone(), &[&net]).await;
    let error = runner.run(Kind::Subnet, Verb::Create, command, None, &[&net]).await.err().unwrap();
    assert_eq!((error.kind(), cloud_words(&error).0), (ErrorKind::Conflict, "InvalidSubnet.Conflict"));
    runner.delete(subnet.first()).await;
    runner.delete(network.first()).await;

    let gone = runner.known(subnet.first());
    let command = json!({ "name": "x", "image": image.id, "instance_type": kind.id, "subnets": [gone.id],
                        "user_data": "hunter2" });
    let error =
        runner.run(Kind::Instance, Verb::Create, command, None, &[&image, &kind, &gone]).await.err().unwrap();
    let (code, message) = cloud_words(&error);
    assert_eq!((error.kind(), code), (ErrorKind::NotFound, "InvalidSubnetID.NotFound"));
    assert!(message.contains(&gone.native_key), "{message}");
    let text = format!("{error:?} {}", error.chain());
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVy"), "{text}");
    runner.assert_clean().await;
}

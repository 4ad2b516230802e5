//! Instances.

use gateway_core::ErrorKind;
use gateway_core::driver::{Driver as _, OneTimeOutput};
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use crate::hand::{Hand, check_marked, check_retagged, words};

#[tokio::test]
async fn an_instance_lives_through_all_its_verbs() {
    let Some(hand) = Hand::in_region("eu-north-1").await else { return };
    let (image, kind) = hand.bootable().await;
    let larger = hand.known(&hand.get("instance_type", "t3.small").await.unwrap());
    let key = hand.make("ssh_key", json!({ "name": "gateway-verbs" }), &[]).await;
    let key_known = hand.known(key.first());
    let network = hand.make("network", json!({ "name": "n", "cidr": "10.84.0.0/16" }), &[]).await;
    let net = hand.known(network.first());
    let command = json!({ "name": "s", "network": net.id, "cidr": "10.84.1.0/24" });
    let subnet = hand.make("subnet", command, &[&net]).await;
    let at = hand.known(subnet.first());
    let group = hand.make("security_group", json!({ "name": "g", "network": net.id }), &[&net]).await;
    let guard = hand.known(group.first());
    let nic = hand.make("network_interface", json!({ "network": net.id }), &[&net]).await;
    let nic_known = hand.known(nic.first());

    let command = json!({ "name": "one", "image": image.id, "instance_type": kind.id, "subnets": [at.id],
                        "network_interfaces": [nic_known.id], "security_groups": [guard.id], "ssh_key": key_known.id,
                        "user_data": "#!/bin/sh\necho hunter2", "boot_volume": { "size_gib": 33 },
                        "tags": { "kept": "1", "old": "1" }, "cloud_options": { "EbsOptimized": true } });
    let named = [&image, &kind, &at, &nic_known, &guard, &key_known];
    let made = hand.make("instance", command, &named).await;
    check_marked(&made);
    let seen = made.first();
    assert_eq!((seen.name.as_str(), seen.state), ("one", Some("running")));
    assert_eq!(
        (&seen.fields["ssh_key"], &seen.raw["ebsOptimized"]),
        (&json!("gateway-verbs"), &json!("true"))
    );
    let first = made.seen.iter().filter_map(|(_, seen)| seen.as_ref());
    let first =
        first.filter(|one| one.kind == nic_known.kind).find(|one| one.native_key != nic_known.native_key);
    let first = first.expect("the interface that was made in the subnet");
    assert_eq!(first.fields["addresses"][0]["subnet"]["external_id"], at.external_id.as_str());
    assert_eq!(first.fields["security_groups"][0]["external_id"], guard.external_id.as_str());
    let disk = made.seen.iter().find(|(touched, _)| touched.kind.as_str() == "volume").expect("its disk");
    let disk = disk.1.clone().unwrap();
    assert_eq!(disk.fields["size_gib"], 33);
    let mut interfaces = made.seen.iter().filter(|(touched, _)| touched.kind == nic_known.kind);
    assert!(
        interfaces.any(|(touched, _)| touched.native_key == nic_known.native_key),
        "{:?}",
        made.done.touched
    );

    let seen = check_retagged(&hand, &made).await;
    let told = hand.turn(&seen, Verb::ConsoleOutput, Value::Null, &[]).await;
    let Some(OneTimeOutput::ConsoleOutput(text)) = told.done.answer else { panic!("no console") };
    assert!(text.contains("Linux version"), "{text}");

    // EC2 resizes what is stopped, and what is offered says so.
    let can = driver_ec2::Ec2.capability().verbs(seen.kind);
    let offers = |observed: &gateway_core::document::observation::Observed, verb| {
        let mut observed = observed.clone();
        observed.allow(can);
        observed.actions.contains(&verb)
    };
    assert!(!offers(&seen, Verb::Resize) && offers(&seen, Verb::Stop) && !offers(&seen, Verb::Pause));
    let stopped = hand.turn(&seen, Verb::Stop, Value::Null, &[]).await;
    assert_eq!(stopped.first().state, Some("stopped"));
    assert!(offers(stopped.first(), Verb::Resize) && offers(stopped.first(), Verb::Start));
    let command = json!({ "instance_type": larger.id });
    let resized = hand.turn(stopped.first(), Verb::Resize, command, &[&larger]).await;
    assert_eq!(resized.first().fields["instance_type"]["name"], "t3.small");
    let started = hand.turn(stopped.first(), Verb::Start, Value::Null, &[]).await;
    assert_eq!(started.first().state, Some("running"));
    for hard in [false, true] {
        let rebooted = hand.turn(&seen, Verb::Reboot, json!({ "hard": hard }), &[]).await;
        assert_eq!(rebooted.first().state, Some("running"));
    }

    let command = json!({ "name": "gateway-verbs", "tags": { "kept": "1" } });
    let image_deed = hand.turn(&seen, Verb::CreateImage, command, &[]).await;
    assert_eq!(image_deed.kinds(), ["image", "instance"]);
    check_marked(&image_deed);
    assert_eq!((image_deed.first().name.as_str(), image_deed.first().tags.len()), ("gateway-verbs", 1));
    hand.end(image_deed.first()).await;
    hand.end_others("volume_snapshot").await;

    let ended = hand.end(&seen).await;
    assert_eq!(&ended.kinds()[..3], ["instance", "volume", "volume_attachment"]);
    // The order did not say that the disk ends with the instance.
    hand.end_others("volume").await;
    hand.end_others("network_interface").await;
    for one in [key.first(), group.first(), subnet.first(), network.first()] {
        hand.end(one).await;
    }
    hand.is_clean().await;
}

#[tokio::test]
async fn what_the_cloud_refuses_is_told_in_its_own_words_and_without_secrets() {
    let Some(hand) = Hand::in_region("us-west-2").await else { return };
    let (image, kind) = hand.bootable().await;
    let network = hand.make("network", json!({ "name": "n", "cidr": "10.85.0.0/16" }), &[]).await;
    let net = hand.known(network.first());
    let command = json!({ "name": "s", "network": net.id, "cidr": "10.85.0.0/24" });
    let subnet = hand.make("subnet", command.clone(), &[&net]).await;
    let error = hand.try_step("subnet", Verb::Create, command, None, &[&net]).await.err().unwrap();
    assert_eq!((error.kind(), words(&error).0), (ErrorKind::Conflict, "InvalidSubnet.Conflict"));
    hand.end(subnet.first()).await;
    hand.end(network.first()).await;

    let gone = hand.known(subnet.first());
    let command = json!({ "name": "x", "image": image.id, "instance_type": kind.id, "subnets": [gone.id],
                        "user_data": "hunter2" });
    let error =
        hand.try_step("instance", Verb::Create, command, None, &[&image, &kind, &gone]).await.err().unwrap();
    let (code, message) = words(&error);
    assert_eq!((error.kind(), code), (ErrorKind::NotFound, "InvalidSubnetID.NotFound"));
    assert!(message.contains(&gone.native_key), "{message}");
    let text = format!("{error:?} {}", error.chain());
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVy"), "{text}");
    hand.is_clean().await;
}

#[tokio::test]
async fn what_ec2_has_no_place_for_is_a_fault_and_no_call() {
    let Some(hand) = Hand::in_region("us-east-2").await else { return };
    let (image, kind) = hand.bootable().await;
    let command = json!({ "name": "x", "description": "y", "image": image.id, "instance_type": kind.id,
                        "tags": { "Name": "other", "aws:x": "1", "gateway-router": "1" },
                        "cloud_options": { "ImageId": "ami-1", "ClientToken": "mine", "KeyName": "fine" } });
    let faults = hand.faults("instance", Verb::Create, command, None, &[&image, &kind]);
    let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/description",
            "/tags/Name",
            "/tags/aws:x",
            "/tags/gateway-router",
            "/cloud_options/ClientToken",
            "/cloud_options/ImageId"
        ]
    );
    for (kind, command, place) in [
        ("volume", json!({ "name": "x", "size_gib": 1 }), "/datacenter"),
        ("network", json!({ "name": "x" }), "/cidr"),
        ("network", json!({ "name": "x", "cidr": "fd00::/56" }), "/cidr"),
        ("router", json!({ "name": "x" }), "/network"),
        ("security_group", json!({ "name": "x" }), "/network"),
        ("ip_address", json!({ "description": "x" }), "/description"),
    ] {
        let faults = hand.faults(kind, Verb::Create, command, None, &[]);
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), [place], "{kind}");
    }
}

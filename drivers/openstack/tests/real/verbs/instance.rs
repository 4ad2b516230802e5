//! The whole life of instances.

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::{Hand, NAME, made, marker, touched, with_hands};

/// An order that says all that can be said.
async fn full_order(hand: &Hand) -> Value {
    let key = hand.create("ssh_key", marker(), json!({ "name": NAME })).await.unwrap();
    json!({
        "name": format!("{NAME}-1"),
        "description": "of a test",
        "image": hand.id_of_name("image", "cirros").await,
        "instance_type": hand.id("instance_type", "1").await,
        "networks": [hand.id_of_name("network", "demo-net").await],
        "security_groups": [hand.id_of_name("security_group", "web").await],
        "ssh_key": hand.id("ssh_key", &made(&key)).await,
        "user_data": "#!/bin/sh\necho made",
        "datacenter": "nova",
        "tags": { "tier": "front", "blue": "" },
        "cloud_options": { "config_drive": true },
    })
}

#[tokio::test]
async fn an_instance_is_made_as_ordered_and_found_again_by_its_marker() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let (mark, command) = (marker(), full_order(&hand).await);
        assert_eq!(hand.find("instance", mark, command.clone()).await, None);
        let done = hand.create("instance", mark, command.clone()).await.unwrap();
        let key = made(&done);
        let found = hand.find("instance", mark, command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        assert_eq!(hand.find("instance", marker(), command.clone()).await, None, "another operation's");
        let instance = hand.settle("instance", &key, "running").await;
        assert_eq!((instance.name.as_str(), instance.marker), ("gateway-verbs-1", Some(mark)));
        assert_eq!(json!(instance.tags), command["tags"]);
        assert_eq!(instance.fields["description"], "of a test");
        assert_eq!(instance.fields["ssh_key"], NAME);
        assert_eq!(instance.fields["datacenter"], "nova");
        assert_eq!(instance.fields["security_groups"][0]["name"], "web");
        assert_eq!(instance.fields["instance_type"]["external_id"], "1");
        assert!(instance.fields["private_ip_addresses"][0].as_str().unwrap().starts_with("10.1."));
        assert_eq!(instance.raw["config_drive"], "True");
        assert_eq!(instance.raw["metadata"]["gateway-operation"], mark.to_string());

        let update =
            json!({ "name": format!("{NAME}-new"), "description": "", "tags": { "green": "", "a": "b" } });
        let done = hand.command("instance", &key, Verb::Update, update.clone()).await.unwrap();
        assert_eq!(touched(&done), [format!("instance {key}")]);
        let instance = hand.get("instance", &key).await.unwrap();
        assert_eq!((instance.name.as_str(), instance.marker), ("gateway-verbs-new", Some(mark)));
        assert_eq!(
            (json!(instance.tags), &instance.fields["description"]),
            (update["tags"].clone(), &Value::Null)
        );
        let only = json!({ "description": "again" });
        hand.command("instance", &key, Verb::Update, only).await.unwrap();
        let instance = hand.get("instance", &key).await.unwrap();
        assert_eq!(
            (json!(instance.tags), &instance.fields["description"]),
            (update["tags"].clone(), &json!("again"))
        );

        let target = hand.known("instance", &key).await;
        for attempt in 0..2 {
            let again = hand.send("instance", Verb::Delete, marker(), Some(&target), Value::Null).await;
            let gone = again.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
            assert!(again.is_ok() || gone && attempt > 0, "{again:?}");
        }
        hand.gone("instance", &key).await;
        assert_eq!(hand.find("instance", mark, command).await, None);
    })
    .await;
}

#[tokio::test]
async fn an_instance_goes_through_every_state_that_can_be_ordered() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let command = full_order(&hand).await;
        let image = command["image"].clone();
        let key = made(&hand.create("instance", marker(), command).await.unwrap());
        hand.settle("instance", &key, "running").await;
        let bigger = json!({ "instance_type": hand.id("instance_type", "2").await });
        for (verb, command, state) in [
            (Verb::Pause, Value::Null, "paused"),
            (Verb::Unpause, Value::Null, "running"),
            (Verb::Suspend, Value::Null, "suspended"),
            (Verb::Resume, Value::Null, "running"),
            (Verb::Stop, Value::Null, "stopped"),
            (Verb::Start, Value::Null, "running"),
            (Verb::Reboot, json!({}), "running"),
            (Verb::Reboot, json!({ "hard": true }), "running"),
            (Verb::Shelve, Value::Null, "shelved"),
            (Verb::Unshelve, Value::Null, "running"),
            (Verb::Resize, bigger.clone(), "resized"),
            (Verb::RevertResize, Value::Null, "running"),
            (Verb::Resize, bigger, "resized"),
            (Verb::ConfirmResize, Value::Null, "running"),
            (Verb::Rebuild, json!({ "image": image, "name": format!("{NAME}-anew") }), "running"),
        ] {
            let done = hand.command("instance", &key, verb, command).await.unwrap();
            assert_eq!(touched(&done), [format!("instance {key}")], "{verb}");
            let instance = hand.settle("instance", &key, state).await;
            let instance_type = instance.fields["instance_type"]["external_id"].clone();
            match verb {
                Verb::RevertResize => assert_eq!(instance_type, "1"),
                Verb::Resize | Verb::ConfirmResize => assert_eq!(instance_type, "2"),
                Verb::Rebuild => assert_eq!(instance.name, "gateway-verbs-anew"),
                _ => {}
            }
            assert!(instance.marker.is_some(), "{verb} keeps the marker");
        }
        let again = hand.order_anyway("instance", &key, Verb::Start, Value::Null).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Conflict);
        assert_eq!(again.cloud().unwrap().code, "409");
        assert!(again.cloud().unwrap().message.contains("while it is in vm_state active"), "{again}");
        hand.end("instance", &key).await;
    })
    .await;
}

#[tokio::test]
async fn a_locked_instance_refuses_and_tells_of_its_console_and_becomes_an_image() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let command = full_order(&hand).await;
        let key = made(&hand.create("instance", marker(), command).await.unwrap());
        hand.settle("instance", &key, "running").await;

        hand.command("instance", &key, Verb::Lock, Value::Null).await.unwrap();
        let locked = hand.get("instance", &key).await.unwrap();
        assert_eq!(locked.fields["locked"], true);
        assert!(!locked.actions.contains(&Verb::Delete) && locked.actions.contains(&Verb::Unlock));
        // Nobody but an administrator gets through a lock that is not his; its owner does not either.
        let refused = hand.order_anyway("instance", &key, Verb::Delete, Value::Null).await.unwrap_err();
        assert_eq!((refused.kind(), refused.changed_nothing()), (ErrorKind::Conflict, true));
        assert!(refused.cloud().unwrap().message.contains("locked"), "{refused}");
        for _ in 0..2 {
            hand.command("instance", &key, Verb::Unlock, Value::Null).await.unwrap();
        }

        let done = hand.command("instance", &key, Verb::ConsoleOutput, Value::Null).await.unwrap();
        let Some(OneTimeOutput::ConsoleOutput(output)) = done.answer else { panic!("no console output") };
        assert!(!output.is_empty());

        let (mark, command) = (marker(), json!({ "name": format!("{NAME}-image") }));
        let target = hand.known("instance", &key).await;
        let done =
            hand.send("instance", Verb::CreateImage, mark, Some(&target), command.clone()).await.unwrap();
        assert_eq!(
            (done.touched[0].kind.as_str(), done.touched[1].native_key.as_str()),
            ("image", key.as_str())
        );
        let image = hand.settle("image", &made(&done), "available").await;
        assert_eq!((image.name.as_str(), image.marker), ("gateway-verbs-image", Some(mark)));
        let found = hand.find_made_by("instance", Verb::CreateImage, mark, command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        assert_eq!(hand.find_made_by("instance", Verb::CreateImage, marker(), command).await, None);
        hand.settle("instance", &key, "running").await;
        hand.end("image", &made(&done)).await;
        hand.end("instance", &key).await;
    })
    .await;
}

#[tokio::test]
async fn an_instance_boots_from_a_volume_that_is_made_or_there() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let image = hand.id_of_name("image", "cirros").await;
        let mut command = json!({
            "name": NAME, "image": image, "instance_type": hand.id("instance_type", "1").await,
            "networks": [hand.id_of_name("network", "demo-net").await],
            "boot_volume": { "size_gib": 1, "volume_type": hand.id_of_name("volume_type", "fake2").await,
                             "delete_on_termination": true },
        });
        let key = made(&hand.create("instance", marker(), command.clone()).await.unwrap());
        let instance = hand.settle("instance", &key, "running").await;
        assert_eq!(instance.fields["image"], Value::Null);
        let volume = instance.fields["volumes"][0]["external_id"].as_str().unwrap().to_owned();
        let seen = hand.get("volume", &volume).await.unwrap();
        assert_eq!((&seen.fields["volume_type"], &seen.fields["size_gib"]), (&json!("fake2"), &json!(1)));
        let done = hand.command("instance", &key, Verb::Delete, Value::Null).await.unwrap();
        let expected = [
            format!("instance {key}"),
            format!("volume_attachment {volume}/{key}"),
            format!("volume {volume}"),
        ];
        assert_eq!(touched(&done), expected);
        hand.gone("instance", &key).await;
        hand.gone("volume", &volume).await;

        let volume = json!({ "name": NAME, "size_gib": 1, "image": image });
        let volume = made(&hand.create("volume", marker(), volume).await.unwrap());
        hand.settle("volume", &volume, "available").await;
        command["image"] = Value::Null;
        command["boot_volume"] = json!({ "volume": hand.id("volume", &volume).await });
        let done = hand.create("instance", marker(), command).await.unwrap();
        assert_eq!(touched(&done)[1], format!("volume {volume}"));
        let key = made(&done);
        hand.settle("instance", &key, "running").await;
        assert_eq!(hand.get("volume", &volume).await.unwrap().state, Some("in_use"));
        hand.end("instance", &key).await;
        hand.settle("volume", &volume, "available").await;
        hand.end("volume", &volume).await;
    })
    .await;
}

#[tokio::test]
async fn what_the_cloud_refuses_comes_with_its_words_and_without_the_callers_secrets() {
    with_hands(["demo"], async |[hand]: [Hand; 1]| {
        let secret = "hush-hush-hush-hush";
        let coded = "aHVzaC1odXNo";
        let mut command = json!({
            "name": NAME, "image": hand.id_of_name("image", "cirros").await,
            "instance_type": hand.id("instance_type", "1").await,
            "networks": [hand.id_of_name("network", "demo-net").await],
            "user_data": secret, "cloud_options": { "nonsense": 1, "adminPass": secret },
        });
        let refused = hand.create("instance", marker(), command.clone()).await.unwrap_err();
        let words = refused.cloud().unwrap();
        assert_eq!((refused.kind(), words.code.as_str()), (ErrorKind::Invalid, "400"));
        assert!(words.message.contains("'nonsense' was unexpected"), "{words:?}");
        assert!(words.request_id.as_ref().unwrap().starts_with("req-"));
        let all = format!("{refused:?} {refused} {words:?} {}", refused.chain());
        assert!(!all.contains(secret) && !all.contains(coded), "{all}");
        assert!(refused.changed_nothing());

        command["cloud_options"] = json!({});
        command["datacenter"] = json!("nowhere");
        let refused = hand.create("instance", marker(), command.clone()).await.unwrap_err();
        assert!(refused.cloud().unwrap().message.contains("availability zone"), "{refused:?}");

        // Without networks Nova takes the only one that there is; here are two.
        command["datacenter"] = Value::Null;
        command["networks"] = json!([]);
        let refused = hand.create("instance", marker(), command).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert!(refused.cloud().unwrap().message.contains("Multiple possible networks"), "{refused:?}");
    })
    .await;
}

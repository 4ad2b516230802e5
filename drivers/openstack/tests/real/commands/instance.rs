//! Commands of instances.

use gateway_core::driver::OneTimeOutput;
use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use serde_json::{Value, json};

use super::{PREFIX, Runner, created_key, marker, touched, with_runners};

/// Returns a create with every field.
async fn full_create(runner: &Runner) -> Value {
    let key = runner.create(Kind::SshKey, marker(), json!({ "name": PREFIX })).await.unwrap();
    json!({
        "name": format!("{PREFIX}-1"),
        "description": "of a test",
        "image": runner.id_of_name(Kind::Image, "cirros").await,
        "instance_type": runner.id(Kind::InstanceType, "1").await,
        "networks": [runner.id_of_name(Kind::Network, "demo-net").await],
        "security_groups": [runner.id_of_name(Kind::SecurityGroup, "web").await],
        "ssh_key": runner.id(Kind::SshKey, &created_key(&key)).await,
        "user_data": "#!/bin/sh\necho made",
        "datacenter": "nova",
        "tags": { "tier": "front", "blue": "" },
        "cloud_options": { "config_drive": true },
    })
}

#[tokio::test]
async fn instance_is_created_with_every_field_and_found_by_its_marker() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let (marker_of_step, command) = (marker(), full_create(&runner).await);
        assert_eq!(runner.find(Kind::Instance, marker_of_step, command.clone()).await, None);
        let done = runner.create(Kind::Instance, marker_of_step, command.clone()).await.unwrap();
        let key = created_key(&done);
        let found = runner.find(Kind::Instance, marker_of_step, command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        assert_eq!(
            runner.find(Kind::Instance, marker(), command.clone()).await,
            None,
            "the marker of another operation"
        );
        let instance = runner.wait_for_state(Kind::Instance, &key, "running").await;
        assert_eq!((instance.name.as_str(), instance.marker), ("gateway-verbs-1", Some(marker_of_step)));
        assert_eq!(json!(instance.tags), command["tags"]);
        assert_eq!(instance.fields["description"], "of a test");
        assert_eq!(instance.fields["ssh_key"], PREFIX);
        assert_eq!(instance.fields["datacenter"], "nova");
        assert_eq!(instance.fields["security_groups"][0]["name"], "web");
        assert_eq!(instance.fields["instance_type"]["external_id"], "1");
        assert!(instance.fields["private_ip_addresses"][0].as_str().unwrap().starts_with("10.1."));
        assert_eq!(instance.raw["config_drive"], "True");
        assert_eq!(instance.raw["metadata"]["gateway-operation"], marker_of_step.to_string());

        let update =
            json!({ "name": format!("{PREFIX}-new"), "description": "", "tags": { "green": "", "a": "b" } });
        let done = runner.command(Kind::Instance, &key, Verb::Update, update.clone()).await.unwrap();
        assert_eq!(touched(&done), [format!("instance {key}")]);
        let instance = runner.get(Kind::Instance, &key).await.unwrap();
        assert_eq!((instance.name.as_str(), instance.marker), ("gateway-verbs-new", Some(marker_of_step)));
        assert_eq!(
            (json!(instance.tags), &instance.fields["description"]),
            (update["tags"].clone(), &Value::Null)
        );
        let only = json!({ "description": "again" });
        runner.command(Kind::Instance, &key, Verb::Update, only).await.unwrap();
        let instance = runner.get(Kind::Instance, &key).await.unwrap();
        assert_eq!(
            (json!(instance.tags), &instance.fields["description"]),
            (update["tags"].clone(), &json!("again"))
        );

        let target = runner.known(Kind::Instance, &key).await;
        for attempt in 0..2 {
            let again = runner.send(Kind::Instance, Verb::Delete, marker(), Some(&target), Value::Null).await;
            let wait_until_gone = again.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
            assert!(again.is_ok() || wait_until_gone && attempt > 0, "{again:?}");
        }
        runner.wait_until_gone(Kind::Instance, &key).await;
        assert_eq!(runner.find(Kind::Instance, marker_of_step, command).await, None);
    })
    .await;
}

#[tokio::test]
async fn instance_reaches_the_state_of_every_verb() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let command = full_create(&runner).await;
        let image = command["image"].clone();
        let key = created_key(&runner.create(Kind::Instance, marker(), command).await.unwrap());
        runner.wait_for_state(Kind::Instance, &key, "running").await;
        let bigger = json!({ "instance_type": runner.id(Kind::InstanceType, "2").await });
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
            (Verb::Rebuild, json!({ "image": image, "name": format!("{PREFIX}-anew") }), "running"),
        ] {
            let done = runner.command(Kind::Instance, &key, verb, command).await.unwrap();
            assert_eq!(touched(&done), [format!("instance {key}")], "{verb}");
            let instance = runner.wait_for_state(Kind::Instance, &key, state).await;
            let instance_type = instance.fields["instance_type"]["external_id"].clone();
            match verb {
                Verb::RevertResize => assert_eq!(instance_type, "1"),
                Verb::Resize | Verb::ConfirmResize => assert_eq!(instance_type, "2"),
                Verb::Rebuild => assert_eq!(instance.name, "gateway-verbs-anew"),
                _ => {}
            }
            assert!(instance.marker.is_some(), "{verb} keeps the marker");
        }
        let again = runner.send_anyway(Kind::Instance, &key, Verb::Start, Value::Null).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Conflict);
        assert_eq!(again.cloud().unwrap().code, "409");
        assert!(again.cloud().unwrap().message.contains("while it is in vm_state active"), "{again}");
        runner.delete_and_wait(Kind::Instance, &key).await;
    })
    .await;
}

#[tokio::test]
async fn locked_instance_refuses_delete_and_unlocked_one_becomes_an_image() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let command = full_create(&runner).await;
        let key = created_key(&runner.create(Kind::Instance, marker(), command).await.unwrap());
        runner.wait_for_state(Kind::Instance, &key, "running").await;

        runner.command(Kind::Instance, &key, Verb::Lock, Value::Null).await.unwrap();
        let locked = runner.get(Kind::Instance, &key).await.unwrap();
        assert_eq!(locked.fields["locked"], true);
        assert!(!locked.actions.contains(&Verb::Delete) && locked.actions.contains(&Verb::Unlock));
        // The lock refuses its own owner too.
        let refused = runner.send_anyway(Kind::Instance, &key, Verb::Delete, Value::Null).await.unwrap_err();
        assert_eq!((refused.kind(), refused.changed_nothing()), (ErrorKind::Conflict, true));
        assert!(refused.cloud().unwrap().message.contains("locked"), "{refused}");
        for _ in 0..2 {
            runner.command(Kind::Instance, &key, Verb::Unlock, Value::Null).await.unwrap();
        }

        let done = runner.command(Kind::Instance, &key, Verb::ConsoleOutput, Value::Null).await.unwrap();
        let Some(OneTimeOutput::ConsoleOutput(output)) = done.answer else { panic!("no console output") };
        assert!(!output.is_empty());

        let (marker_of_step, command) = (marker(), json!({ "name": format!("{PREFIX}-image") }));
        let target = runner.known(Kind::Instance, &key).await;
        let done = runner
            .send(Kind::Instance, Verb::CreateImage, marker_of_step, Some(&target), command.clone())
            .await
            .unwrap();
        assert_eq!(
            (done.touched[0].kind.as_str(), done.touched[1].native_key.as_str()),
            ("image", key.as_str())
        );
        let image = runner.wait_for_state(Kind::Image, &created_key(&done), "available").await;
        assert_eq!((image.name.as_str(), image.marker), ("gateway-verbs-image", Some(marker_of_step)));
        let found =
            runner.find_created_by(Kind::Instance, Verb::CreateImage, marker_of_step, command.clone()).await;
        assert_eq!(found.as_ref(), Some(&done.touched[0]));
        assert_eq!(runner.find_created_by(Kind::Instance, Verb::CreateImage, marker(), command).await, None);
        runner.wait_for_state(Kind::Instance, &key, "running").await;
        runner.delete_and_wait(Kind::Image, &created_key(&done)).await;
        runner.delete_and_wait(Kind::Instance, &key).await;
    })
    .await;
}

#[tokio::test]
async fn instance_boots_from_new_or_existing_volume() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let image = runner.id_of_name(Kind::Image, "cirros").await;
        let mut command = json!({
            "name": PREFIX, "image": image, "instance_type": runner.id(Kind::InstanceType, "1").await,
            "networks": [runner.id_of_name(Kind::Network, "demo-net").await],
            "boot_volume": { "size_gib": 1, "volume_type": runner.id_of_name(Kind::VolumeType, "fake2").await,
                             "delete_on_termination": true },
        });
        let key = created_key(&runner.create(Kind::Instance, marker(), command.clone()).await.unwrap());
        let instance = runner.wait_for_state(Kind::Instance, &key, "running").await;
        assert_eq!(instance.fields["image"], Value::Null);
        let volume = instance.fields["volumes"][0]["external_id"].as_str().unwrap().to_owned();
        let seen = runner.get(Kind::Volume, &volume).await.unwrap();
        assert_eq!((&seen.fields["volume_type"], &seen.fields["size_gib"]), (&json!("fake2"), &json!(1)));
        let done = runner.command(Kind::Instance, &key, Verb::Delete, Value::Null).await.unwrap();
        let expected = [
            format!("instance {key}"),
            format!("volume_attachment {volume}/{key}"),
            format!("volume {volume}"),
        ];
        assert_eq!(touched(&done), expected);
        runner.wait_until_gone(Kind::Instance, &key).await;
        runner.wait_until_gone(Kind::Volume, &volume).await;

        let volume = json!({ "name": PREFIX, "size_gib": 1, "image": image });
        let volume = created_key(&runner.create(Kind::Volume, marker(), volume).await.unwrap());
        runner.wait_for_state(Kind::Volume, &volume, "available").await;
        command["image"] = Value::Null;
        command["boot_volume"] = json!({ "volume": runner.id(Kind::Volume, &volume).await });
        let done = runner.create(Kind::Instance, marker(), command).await.unwrap();
        assert_eq!(touched(&done)[1], format!("volume {volume}"));
        let key = created_key(&done);
        runner.wait_for_state(Kind::Instance, &key, "running").await;
        assert_eq!(runner.get(Kind::Volume, &volume).await.unwrap().state, Some("in_use"));
        runner.delete_and_wait(Kind::Instance, &key).await;
        runner.wait_for_state(Kind::Volume, &volume, "available").await;
        runner.delete_and_wait(Kind::Volume, &volume).await;
    })
    .await;
}

#[tokio::test]
async fn refusal_of_create_has_the_clouds_message_without_secrets() {
    with_runners(["demo"], async |[runner]: [Runner; 1]| {
        let secret = "hush-hush-hush-hush";
        let encoded = "aHVzaC1odXNo";
        let mut command = json!({
            "name": PREFIX, "image": runner.id_of_name(Kind::Image, "cirros").await,
            "instance_type": runner.id(Kind::InstanceType, "1").await,
            "networks": [runner.id_of_name(Kind::Network, "demo-net").await],
            "user_data": secret, "cloud_options": { "nonsense": 1, "adminPass": secret },
        });
        let refused = runner.create(Kind::Instance, marker(), command.clone()).await.unwrap_err();
        let cloud_error = refused.cloud().unwrap();
        assert_eq!((refused.kind(), cloud_error.code.as_str()), (ErrorKind::Invalid, "400"));
        assert!(cloud_error.message.contains("'nonsense' was unexpected"), "{cloud_error:?}");
        assert!(cloud_error.request_id.as_ref().unwrap().starts_with("req-"));
        let all = format!("{refused:?} {refused} {cloud_error:?} {}", refused.chain());
        assert!(!all.contains(secret) && !all.contains(encoded), "{all}");
        assert!(refused.changed_nothing());

        command["cloud_options"] = json!({});
        command["datacenter"] = json!("nowhere");
        let refused = runner.create(Kind::Instance, marker(), command.clone()).await.unwrap_err();
        assert!(refused.cloud().unwrap().message.contains("availability zone"), "{refused:?}");

        // Without networks Nova uses the only one; here are two.
        command["datacenter"] = Value::Null;
        command["networks"] = json!([]);
        let refused = runner.create(Kind::Instance, marker(), command).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert!(refused.cloud().unwrap().message.contains("Multiple possible networks"), "{refused:?}");
    })
    .await;
}

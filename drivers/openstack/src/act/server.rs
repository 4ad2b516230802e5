//! Makes servers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::Result;
use gateway_core::kind::{Canonical, CreateInstance, FieldError, Instance, NetworkInterface, Volume};
use serde_json::{Map, Value, json};

use super::{Act, labels};
use crate::catalog::Service;
use crate::connection::Write;
use crate::options;
use crate::version::Microversion;

/// What the gateway says of a server, so that a caller's options do not.
const GATEWAYS: [&str; 18] = [
    "server",
    "name",
    "description",
    "imageRef",
    "flavorRef",
    "networks",
    "security_groups",
    "key_name",
    "user_data",
    "availability_zone",
    "block_device_mapping",
    "block_device_mapping_v2",
    "metadata",
    "tags",
    "min_count",
    "max_count",
    "return_reservation_id",
    "id",
];

/// What Nova takes beside the server and not in it.
const BESIDE: [&str; 2] = ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"];

/// From here on Nova wants to be told about networks, and takes `auto`.
const AUTO_NETWORKS: Microversion = Microversion::new(2, 37);

pub(super) fn faults(command: &CreateInstance) -> Vec<FieldError> {
    let mut faults = options::faults(&command.cloud_options, &GATEWAYS);
    faults.extend(labels::of_server_faults(&command.tags));
    if !command.subnets.is_empty() {
        let detail = "this type of cloud takes networks or interfaces here: make an interface in the subnet";
        faults.push(FieldError::new("/subnets", detail));
    }
    if !command.security_groups.is_empty()
        && !command.network_interfaces.is_empty()
        && command.networks.is_empty()
    {
        let detail =
            "apply to interfaces that are made with the instance: those that are named keep their own";
        faults.push(FieldError::new("/security_groups", detail));
    }
    faults
}

pub(super) async fn create(act: &Act<'_>, command: &CreateInstance) -> Result<Done> {
    let version = act.asker.connection.microversion(act.asker.region, Service::Compute).await;
    let version = version.map_err(gateway_core::Error::untouched)?;
    let body = body(act.step, command, version.is_some_and(|version| version >= AUTO_NETWORKS))?;
    let answer = act.write(Write::post(Service::Compute, &["servers"], body)).await?;
    let mut done = act.made(Instance::KIND, Some("server"), answer)?;
    for interface in &command.network_interfaces {
        done.touched.push(Touched::new(NetworkInterface::KIND, &act.named(*interface)?.native_key));
    }
    if let Some(volume) = command.boot_volume.as_ref().and_then(|boot| boot.volume) {
        done.touched.push(Touched::new(Volume::KIND, &act.named(volume)?.native_key));
    }
    Ok(done)
}

fn body(step: &Step<'_>, command: &CreateInstance, has_auto: bool) -> Result<Value> {
    let id = |id| step.named.get(id).map(|known| known.external_id.as_str());
    let mut server = Map::new();
    let mut say = |key: &str, value: Value| drop(server.insert(key.to_owned(), value));
    say("name", json!(command.name));
    say("flavorRef", json!(id(command.instance_type)?));
    let (metadata, tags) = labels::of_server(&command.tags, Some(&step.marker.to_string()));
    say("metadata", json!(metadata));
    if !tags.is_empty() {
        say("tags", json!(tags));
    }
    if let Some(description) = &command.description {
        say("description", json!(description));
    }
    if let Some(key) = command.ssh_key {
        say("key_name", json!(id(key)?));
    }
    if let Some(user_data) = &command.user_data {
        say("user_data", json!(BASE64.encode(user_data.expose())));
    }
    if let Some(zone) = &command.datacenter {
        say("availability_zone", json!(zone));
    }
    if !command.security_groups.is_empty() {
        // Nova takes ids for names here; of groups the name may be another's too.
        let groups = command.security_groups.iter().map(|group| Ok(json!({ "name": id(*group)? })));
        say("security_groups", Value::Array(groups.collect::<Result<_>>()?));
    }
    let ports = command.network_interfaces.iter().map(|port| Ok(json!({ "port": id(*port)? })));
    let networks = command.networks.iter().map(|network| Ok(json!({ "uuid": id(*network)? })));
    let networks: Vec<Value> = ports.chain(networks).collect::<Result<_>>()?;
    match networks.is_empty() {
        false => say("networks", Value::Array(networks)),
        true if has_auto => say("networks", json!("auto")),
        true => {}
    }
    match disk(step, command)? {
        Some(disk) => say("block_device_mapping_v2", json!([disk])),
        None => {
            if let Some(image) = command.image {
                say("imageRef", json!(id(image)?));
            }
        }
    }
    let (beside, within): (Map<_, _>, Map<_, _>) =
        command.cloud_options.clone().into_iter().partition(|(key, _)| BESIDE.contains(&key.as_str()));
    options::merge(&mut server, &within);
    let mut body = Map::from_iter([("server".to_owned(), Value::Object(server))]);
    options::merge(&mut body, &beside);
    Ok(Value::Object(body))
}

/// The volume to boot from.
fn disk(step: &Step<'_>, command: &CreateInstance) -> Result<Option<Value>> {
    let Some(boot) = &command.boot_volume else { return Ok(None) };
    let mut disk = json!({
        "boot_index": 0,
        "destination_type": "volume",
        "delete_on_termination": boot.delete_on_termination,
    });
    if let Some(volume) = boot.volume {
        disk["source_type"] = json!("volume");
        disk["uuid"] = json!(step.named.get(volume)?.external_id);
    }
    if let (Some(size), Some(image)) = (boot.size_gib, command.image) {
        disk["source_type"] = json!("image");
        disk["uuid"] = json!(step.named.get(image)?.external_id);
        disk["volume_size"] = json!(size);
    }
    if let Some(of_type) = boot.volume_type {
        disk["volume_type"] = json!(step.named.get(of_type)?.external_id);
    }
    Ok(Some(disk))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gateway_core::kind::{BootVolume, Command, Verb};

    use super::*;
    use crate::act::testing;

    fn command(text: Value) -> CreateInstance {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn everything_that_is_ordered_is_told_to_nova() {
        let (named, [flavor, image, network, port, group, key]) = testing::named([
            ("instance_type", "2"),
            ("image", "i1"),
            ("network", "n1"),
            ("network_interface", "p1"),
            ("security_group", "g1"),
            ("ssh_key", "mine"),
        ]);
        let command = command(json!({
            "name": "web", "description": "words", "image": image, "instance_type": flavor, "networks": [network],
            "network_interfaces": [port], "security_groups": [group], "ssh_key": key, "user_data": "#!/bin/sh",
            "datacenter": "nova", "tags": { "tier": "front", "blue": "" },
            "cloud_options": { "config_drive": true, "os:scheduler_hints": { "group": "x" } },
        }));
        let body = testing::step(Instance::KIND, Verb::Create, &Command::Plain, &named, |step| {
            body(step, &command, true)
        });
        let expected = json!({
            "server": {
                "name": "web", "description": "words", "imageRef": "i1", "flavorRef": "2",
                "networks": [{"port": "p1"}, {"uuid": "n1"}], "security_groups": [{"name": "g1"}], "key_name": "mine",
                "user_data": "IyEvYmluL3No", "availability_zone": "nova", "config_drive": true,
                "metadata": {"tier": "front", "gateway-operation": testing::marker().to_string()}, "tags": ["blue"],
            },
            "os:scheduler_hints": { "group": "x" },
        });
        assert_eq!(body.unwrap(), expected);
    }

    #[test]
    fn a_server_boots_from_a_volume_that_is_there_or_made() {
        let (named, [flavor, image, volume, fast]) = testing::named([
            ("instance_type", "2"),
            ("image", "i1"),
            ("volume", "v1"),
            ("volume_type", "fast"),
        ]);
        let mut command = command(json!({"name": "web", "instance_type": flavor}));
        let said = |command: &CreateInstance, has_auto| {
            let body = testing::step(Instance::KIND, Verb::Create, &Command::Plain, &named, |step| {
                body(step, command, has_auto)
            });
            body.unwrap()["server"].take()
        };
        command.boot_volume =
            Some(BootVolume { volume: Some(volume), delete_on_termination: true, ..BootVolume::default() });
        let server = said(&command, true);
        assert_eq!((&server["networks"], &server["imageRef"]), (&json!("auto"), &Value::Null));
        assert_eq!(
            server["block_device_mapping_v2"],
            json!([{"boot_index": 0, "destination_type": "volume", "source_type": "volume", "uuid": "v1",
                    "delete_on_termination": true}])
        );
        command.image = Some(image);
        command.boot_volume =
            Some(BootVolume { size_gib: Some(3), volume_type: Some(fast), ..BootVolume::default() });
        let server = said(&command, false);
        assert_eq!((server.get("networks"), server.get("imageRef")), (None, None));
        assert_eq!(
            server["block_device_mapping_v2"],
            json!([{"boot_index": 0, "destination_type": "volume", "source_type": "image", "uuid": "i1",
                    "volume_size": 3, "volume_type": "fast", "delete_on_termination": false}])
        );
    }

    #[test]
    fn what_nova_has_no_place_for_is_named() {
        let (_, [flavor, subnet, port, group]) = testing::named([
            ("instance_type", "2"),
            ("subnet", "s1"),
            ("network_interface", "p1"),
            ("security_group", "g1"),
        ]);
        let mut command = command(json!({"name": "web", "instance_type": flavor, "subnets": [subnet],
            "network_interfaces": [port], "security_groups": [group], "cloud_options": {"metadata": {}}}));
        command.tags = BTreeMap::from([("a/b".to_owned(), "c".to_owned())]);
        let places: Vec<_> = faults(&command).into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(places, ["/cloud_options/metadata", "/tags/a~1b", "/subnets", "/security_groups"]);
    }
}

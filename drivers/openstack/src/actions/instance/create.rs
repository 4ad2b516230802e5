//! The creation of servers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::Result;
use gateway_core::kind::{CreateInstance, FieldError, Kind};
use serde_json::{Map, Value, json};

use crate::actions::action::Action;
use crate::actions::{cloud_options, tags};
use crate::client::Write;
use crate::microversion::Microversion;
use crate::service::Service;

/// The members that the gateway sets itself.
const RESERVED: [&str; 18] = [
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

/// The options that belong beside `server` in the body.
const BESIDE: [&str; 2] = ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"];

/// From this microversion on, Nova requires `networks`, and accepts `auto`.
const AUTO_NETWORKS: Microversion = Microversion::new(2, 37);

pub(super) fn validate(command: &CreateInstance) -> Vec<FieldError> {
    let mut faults = cloud_options::validate(&command.cloud_options, &RESERVED);
    faults.extend(tags::validate_for_server(&command.tags));
    if !command.subnets.is_empty() {
        let detail =
            "is not supported in this type of cloud; create a network interface in the subnet and name it";
        faults.push(FieldError::new("/subnets", detail));
    }
    if !command.security_groups.is_empty()
        && !command.network_interfaces.is_empty()
        && command.networks.is_empty()
    {
        let detail =
            "apply to interfaces that are created with the instance; existing interfaces keep their own";
        faults.push(FieldError::new("/security_groups", detail));
    }
    faults
}

pub(super) async fn create(action: &Action<'_>, command: &CreateInstance) -> Result<Done> {
    let version = action.scope.microversion(Service::Compute).await?;
    let body = body(action.step, command, version.is_some_and(|version| version >= AUTO_NETWORKS))?;
    let answer = action.write(Write::post(Service::Compute, &["servers"], body)).await?;
    let mut done = action.created(Kind::Instance, Some("server"), answer)?;
    for interface in &command.network_interfaces {
        done.touched.push(Touched::new(Kind::NetworkInterface, &action.named(*interface)?.native_key));
    }
    if let Some(volume) = command.boot_volume.as_ref().and_then(|boot| boot.volume) {
        done.touched.push(Touched::new(Kind::Volume, &action.named(volume)?.native_key));
    }
    Ok(done)
}

fn body(step: &Step<'_>, command: &CreateInstance, has_auto: bool) -> Result<Value> {
    let id = |id| step.named.get(id).map(|known| known.external_id.as_str());
    let mut server = Map::new();
    let mut set = |key: &str, value: Value| drop(server.insert(key.to_owned(), value));
    set("name", json!(command.name));
    set("flavorRef", json!(id(command.instance_type)?));
    let (metadata, tags) = tags::for_server(&command.tags, Some(&step.marker.to_string()));
    set("metadata", json!(metadata));
    if !tags.is_empty() {
        set("tags", json!(tags));
    }
    if let Some(description) = &command.description {
        set("description", json!(description));
    }
    if let Some(key) = command.ssh_key {
        set("key_name", json!(id(key)?));
    }
    if let Some(user_data) = &command.user_data {
        set("user_data", json!(BASE64.encode(user_data.expose())));
    }
    if let Some(zone) = &command.datacenter {
        set("availability_zone", json!(zone));
    }
    if !command.security_groups.is_empty() {
        // Nova accepts ids here; names are not unique.
        let groups = command.security_groups.iter().map(|group| Ok(json!({ "name": id(*group)? })));
        set("security_groups", Value::Array(groups.collect::<Result<_>>()?));
    }
    let ports = command.network_interfaces.iter().map(|port| Ok(json!({ "port": id(*port)? })));
    let networks = command.networks.iter().map(|network| Ok(json!({ "uuid": id(*network)? })));
    let networks: Vec<Value> = ports.chain(networks).collect::<Result<_>>()?;
    match networks.is_empty() {
        false => set("networks", Value::Array(networks)),
        true if has_auto => set("networks", json!("auto")),
        true => {}
    }
    match disk(step, command)? {
        Some(disk) => set("block_device_mapping_v2", json!([disk])),
        None => {
            if let Some(image) = command.image {
                set("imageRef", json!(id(image)?));
            }
        }
    }
    let (beside, within): (Map<_, _>, Map<_, _>) =
        command.cloud_options.clone().into_iter().partition(|(key, _)| BESIDE.contains(&key.as_str()));
    cloud_options::merge(&mut server, &within);
    let mut body = Map::from_iter([("server".to_owned(), Value::Object(server))]);
    cloud_options::merge(&mut body, &beside);
    Ok(Value::Object(body))
}

/// Returns the block device to boot from, if it is a volume.
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
    use crate::actions::fixtures;

    fn command(text: Value) -> CreateInstance {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn every_field_of_create_is_in_the_body() {
        let (named, [flavor, image, network, port, group, key]) = fixtures::named([
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
        let body = fixtures::step(Kind::Instance, Verb::Create, &Command::Plain, &named, |step| {
            body(step, &command, true)
        });
        let expected = json!({
            "server": {
                "name": "web", "description": "words", "imageRef": "i1", "flavorRef": "2",
                "networks": [{"port": "p1"}, {"uuid": "n1"}], "security_groups": [{"name": "g1"}], "key_name": "mine",
                "user_data": "IyEvYmluL3No", "availability_zone": "nova", "config_drive": true,
                "metadata": {"tier": "front", "gateway-operation": crate::fixtures::marker().to_string()}, "tags": ["blue"],
            },
            "os:scheduler_hints": { "group": "x" },
        });
        assert_eq!(body.unwrap(), expected);
    }

    #[test]
    fn server_boots_from_existing_or_new_volume() {
        let (named, [flavor, image, volume, fast]) = fixtures::named([
            ("instance_type", "2"),
            ("image", "i1"),
            ("volume", "v1"),
            ("volume_type", "fast"),
        ]);
        let mut command = command(json!({"name": "web", "instance_type": flavor}));
        let server_of = |command: &CreateInstance, has_auto| {
            let body = fixtures::step(Kind::Instance, Verb::Create, &Command::Plain, &named, |step| {
                body(step, command, has_auto)
            });
            body.unwrap()["server"].take()
        };
        command.boot_volume =
            Some(BootVolume { volume: Some(volume), delete_on_termination: true, ..BootVolume::default() });
        let server = server_of(&command, true);
        assert_eq!((&server["networks"], &server["imageRef"]), (&json!("auto"), &Value::Null));
        assert_eq!(
            server["block_device_mapping_v2"],
            json!([{"boot_index": 0, "destination_type": "volume", "source_type": "volume", "uuid": "v1",
                    "delete_on_termination": true}])
        );
        command.image = Some(image);
        command.boot_volume =
            Some(BootVolume { size_gib: Some(3), volume_type: Some(fast), ..BootVolume::default() });
        let server = server_of(&command, false);
        assert_eq!((server.get("networks"), server.get("imageRef")), (None, None));
        assert_eq!(
            server["block_device_mapping_v2"],
            json!([{"boot_index": 0, "destination_type": "volume", "source_type": "image", "uuid": "i1",
                    "volume_size": 3, "volume_type": "fast", "delete_on_termination": false}])
        );
    }

    #[test]
    fn fields_that_nova_lacks_are_faults() {
        let (_, [flavor, subnet, port, group]) = fixtures::named([
            ("instance_type", "2"),
            ("subnet", "s1"),
            ("network_interface", "p1"),
            ("security_group", "g1"),
        ]);
        let mut command = command(json!({"name": "web", "instance_type": flavor, "subnets": [subnet],
            "network_interfaces": [port], "security_groups": [group], "cloud_options": {"metadata": {}}}));
        command.tags = BTreeMap::from([("a/b".to_owned(), "c".to_owned())]);
        let pointers: Vec<_> = validate(&command).into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/cloud_options/metadata", "/tags/a~1b", "/subnets", "/security_groups"]);
    }
}

//! A server of Nova.

use std::collections::BTreeMap;

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::error::{Error, Result, Status};
use gateway_core::kind::{Canonical, Image, Instance, InstanceType, Reference, Volume};
use serde::Deserialize;
use serde_json::Value;

use super::{View, non_empty, read, tags, take_marker};
use crate::state;

#[derive(Deserialize)]
struct Server {
    id: String,
    name: String,
    status: String,
    tenant_id: String,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    flavor: Flavor,
    /// An object, or "" for a server that boots from a volume.
    image: Value,
    description: Option<String>,
    key_name: Option<String>,
    locked: Option<bool>,
    fault: Option<Fault>,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    addresses: BTreeMap<String, Vec<Address>>,
    #[serde(default)]
    security_groups: Vec<Named>,
    #[serde(default, rename = "os-extended-volumes:volumes_attached")]
    volumes: Vec<Attached>,
    #[serde(rename = "OS-EXT-STS:task_state")]
    task: Option<String>,
    #[serde(rename = "OS-EXT-AZ:availability_zone")]
    zone: Option<String>,
    #[serde(rename = "OS-SRV-USG:launched_at")]
    launched_at: Option<Timestamp>,
}

/// Before 2.47 only an id; from then on the sizes and the name, and no id.
#[derive(Deserialize)]
struct Flavor {
    id: Option<String>,
    original_name: Option<String>,
    vcpus: Option<u32>,
    ram: Option<u64>,
    disk: Option<u64>,
}

#[derive(Deserialize)]
struct Address {
    addr: String,
    #[serde(rename = "OS-EXT-IPS:type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Attached {
    id: String,
}

#[derive(Deserialize)]
struct Fault {
    message: Option<String>,
}

/// Maps one server.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    if is_partial(&raw) {
        let id = raw["id"].as_str().unwrap_or("without id");
        let message = format!("Nova cannot reach the cell of server {id} and shows only a part of it");
        return Err(Error::unavailable(message).with_status(Status::Persistent));
    }
    let server: Server = read("server", &raw)?;
    let (public, private): (Vec<Address>, Vec<Address>) = server
        .addresses
        .into_values()
        .flatten()
        .partition(|address| address.kind.as_deref() == Some("floating"));
    let plain = |addresses: Vec<Address>| addresses.into_iter().map(|address| address.addr).collect();
    let fields = Instance {
        description: non_empty(server.description),
        instance_type: instance_type(view, &server.flavor),
        vcpus: server.flavor.vcpus,
        memory_mib: server.flavor.ram,
        disk_gib: server.flavor.disk,
        image: server.image["id"].as_str().map(|id| view.reference(Image::KIND, id)),
        datacenter: non_empty(server.zone),
        private_ip_addresses: plain(private),
        public_ip_addresses: plain(public),
        ssh_key: non_empty(server.key_name),
        security_groups: security_groups(server.security_groups),
        volumes: server.volumes.iter().map(|volume| view.reference(Volume::KIND, &volume.id)).collect(),
        launched_at: server.launched_at,
        locked: server.locked,
        fault: server.fault.and_then(|fault| non_empty(fault.message)),
    };
    let state = state::instance(&server.status, server.task.as_deref());
    let mut observed = Observed::new(server.id, server.name, &fields, raw)?.with_state(state, server.status);
    observed.owner = Some(server.tenant_id);
    observed.created_at = server.created;
    observed.updated_at = server.updated;
    observed.tags = tags(server.metadata, server.tags);
    observed.marker = take_marker(&mut observed.tags);
    Ok(observed)
}

/// While a cell is down, Nova from 2.69 on shows no more of its servers than this. Taking that for the
/// server would wipe what is known of it.
fn is_partial(raw: &Value) -> bool {
    raw["status"] == "UNKNOWN" && raw.get("flavor").is_none()
}

fn instance_type(view: &View<'_>, flavor: &Flavor) -> Reference {
    let name = flavor.original_name.clone();
    let id = flavor.id.as_ref().or_else(|| view.flavor_ids.get(name.as_ref()?));
    match id {
        Some(id) => Reference { name, ..view.reference(InstanceType::KIND, id) },
        None => Reference { name, ..Reference::default() },
    }
}

/// One per name: Nova names a group once for each port that has it.
fn security_groups(groups: Vec<Named>) -> Vec<Reference> {
    let mut names: Vec<String> = groups.into_iter().map(|group| group.name).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| Reference { name: Some(name), ..Reference::default() }).collect()
}

#[cfg(test)]
mod tests {
    use gateway_core::error::ErrorKind;
    use serde_json::json;

    use super::*;
    use crate::wire::testing::{fields, with_view};

    fn document() -> Value {
        json!({
            "id": "s1", "name": "web", "status": "ACTIVE", "tenant_id": "p1",
            "created": "2026-11-22T02:25:02Z", "updated": "2026-11-22T02:26:02Z", "description": "",
            "flavor": {"original_name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1, "extra_specs": {}},
            "image": {"id": "i1"}, "key_name": "me", "locked": false,
            "metadata": {"tier": "front"}, "tags": ["blue", "tier"],
            "addresses": {
                "b": [{"addr": "10.0.0.5", "OS-EXT-IPS:type": "fixed"},
                      {"addr": "203.0.113.5", "OS-EXT-IPS:type": "floating"}],
                "a": [{"addr": "fd00::5", "OS-EXT-IPS:type": "fixed"}]},
            "security_groups": [{"name": "web"}, {"name": "default"}, {"name": "web"}],
            "os-extended-volumes:volumes_attached": [{"id": "v1", "delete_on_termination": false}],
            "OS-EXT-STS:task_state": null, "OS-EXT-AZ:availability_zone": "nova",
            "OS-SRV-USG:launched_at": "2026-11-22T02:25:30.000000", "something_new": [1, 2]
        })
    }

    #[test]
    fn every_field_is_mapped_and_the_document_kept_whole() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let server: Instance = fields(&observed);
        assert_eq!((observed.external_id.as_str(), observed.name.as_str()), ("s1", "web"));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("running"), Some("ACTIVE")));
        assert_eq!(observed.owner.as_deref(), Some("p1"));
        assert_eq!(
            observed.tags,
            BTreeMap::from([("blue", ""), ("tier", "front")].map(|(a, b)| (a.into(), b.into())))
        );
        assert_eq!(server.instance_type.name.as_deref(), Some("m1.tiny"));
        assert_eq!(server.instance_type.external_id.as_deref(), Some("2"));
        assert!(server.instance_type.id.is_some());
        assert_eq!((server.vcpus, server.memory_mib, server.disk_gib), (Some(1), Some(512), Some(1)));
        assert_eq!(server.private_ip_addresses, ["fd00::5", "10.0.0.5"]);
        assert_eq!(server.public_ip_addresses, ["203.0.113.5"]);
        assert_eq!(server.image.unwrap().external_id.as_deref(), Some("i1"));
        assert_eq!(server.volumes[0].external_id.as_deref(), Some("v1"));
        assert_eq!(server.security_groups.len(), 2);
        assert_eq!((server.datacenter.as_deref(), server.description), (Some("nova"), None));
        assert_eq!((server.ssh_key.as_deref(), server.locked), (Some("me"), Some(false)));
        assert!(
            server.launched_at.is_some() && observed.created_at.is_some() && observed.updated_at.is_some()
        );
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn the_gateways_own_metadata_is_the_marker_and_no_tag() {
        let marker = crate::act::testing::marker();
        let mut made = document();
        made["metadata"]["gateway-operation"] = json!(marker.to_string());
        let observed = with_view(|view| observe(view, made.clone())).unwrap();
        assert_eq!((observed.marker, observed.tags.len()), (Some(marker), 2));
        assert_eq!(observed.raw, made);
    }

    #[test]
    fn an_old_nova_and_a_boot_from_volume_are_understood() {
        let mut old = document();
        old["flavor"] = json!({"id": "2", "links": []});
        old["image"] = json!("");
        let server: Instance = fields(&with_view(|view| observe(view, old)).unwrap());
        assert_eq!(server.instance_type.external_id.as_deref(), Some("2"));
        assert_eq!((server.vcpus, server.image), (None, None));
    }

    #[test]
    fn a_flavor_that_is_gone_leaves_its_name() {
        let mut gone = document();
        gone["flavor"]["original_name"] = json!("m1.gone");
        let server: Instance = fields(&with_view(|view| observe(view, gone)).unwrap());
        assert_eq!(server.instance_type, Reference { name: Some("m1.gone".into()), ..Reference::default() });
    }

    #[test]
    fn a_fault_is_told() {
        let mut broken = document();
        broken["status"] = json!("ERROR");
        broken["fault"] = json!({"code": 500, "message": "No valid host", "created": "2026-11-22T02:25:02Z"});
        let observed = with_view(|view| observe(view, broken)).unwrap();
        assert_eq!(fields::<Instance>(&observed).fault.as_deref(), Some("No valid host"));
        assert_eq!(observed.state, Some("error"));
    }

    #[test]
    fn half_a_server_is_an_error_and_not_a_server() {
        let partial =
            json!({"id": "s1", "status": "UNKNOWN", "tenant_id": "p1", "created": "2026-11-22T02:25:02Z"});
        let error = with_view(|view| observe(view, partial)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let odd = json!({"id": "s1", "status": 7});
        assert_eq!(with_view(|view| observe(view, odd)).unwrap_err().kind(), ErrorKind::WrongDocument);
    }
}

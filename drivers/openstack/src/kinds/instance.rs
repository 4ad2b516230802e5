//! Servers of Nova.

use std::collections::BTreeMap;

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::error::{Error, Result, Status};
use gateway_core::kind::{Instance, Kind, Reference, Verb, VerbSupport, When};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read, tags, take_marker};
use crate::listing::Pass;
use crate::related::Related;
use crate::service::Service;
use crate::state;

/// Servers of Nova.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[Pass::pages(Service::Compute, &["servers", "detail"], "servers")],
    // Only a single read has them.
    omitted: &["server_groups"],
    says_state: true,
    related: Related::FlavorIds,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
        VerbSupport::new(Verb::Start),
        VerbSupport::new(Verb::Stop),
        VerbSupport::new(Verb::Reboot),
        VerbSupport::new(Verb::Pause),
        VerbSupport::new(Verb::Unpause),
        VerbSupport::new(Verb::Suspend),
        VerbSupport::new(Verb::Resume),
        VerbSupport::new(Verb::Shelve),
        VerbSupport::new(Verb::Unshelve),
        VerbSupport::new(Verb::Lock),
        VerbSupport::new(Verb::Unlock),
        VerbSupport::new(Verb::Resize),
        VerbSupport::new(Verb::ConfirmResize),
        VerbSupport::new(Verb::RevertResize),
        VerbSupport::new(Verb::Rebuild),
        VerbSupport::new(Verb::CreateImage),
        // Without a host there is no console.
        VerbSupport::new(Verb::ConsoleOutput).only(When::Except(&["pending", "shelved"])),
    ],
    ..Descriptor::new(Kind::Instance, Lookup::Id { path: "servers", key: Some("server") }, observe)
};

#[derive(Deserialize)]
struct Server {
    id: String,
    name: String,
    status: String,
    tenant_id: String,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    flavor: Flavor,
    /// An object, or "" if the server boots from a volume.
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

/// The embedded flavor: only an id before 2.47, and no id from then on.
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
        let id = raw["id"].as_str().unwrap_or_default();
        let message =
            format!("Nova cannot reach the cell of server `{id}` and shows only a part of its document");
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
        image: server.image["id"].as_str().map(|id| view.reference(Kind::Image, id)),
        datacenter: non_empty(server.zone),
        private_ip_addresses: plain(private),
        public_ip_addresses: plain(public),
        ssh_key: non_empty(server.key_name),
        security_groups: security_groups(server.security_groups),
        volumes: server.volumes.iter().map(|volume| view.reference(Kind::Volume, &volume.id)).collect(),
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

/// Tells whether a document is partial: Nova from 2.69 on shows only this of servers whose cell is down. To store it
/// would erase the known fields.
fn is_partial(raw: &Value) -> bool {
    raw["status"] == "UNKNOWN" && raw.get("flavor").is_none()
}

fn instance_type(view: &View<'_>, flavor: &Flavor) -> Reference {
    let name = flavor.original_name.clone();
    let id = flavor.id.as_ref().or_else(|| view.related.flavor_ids.get(name.as_ref()?));
    match id {
        Some(id) => Reference { name, ..view.reference(Kind::InstanceType, id) },
        None => Reference { name, ..Reference::default() },
    }
}

/// Returns each group once: Nova repeats it for each port.
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
    use crate::fixtures::{canonical, fields, with_view};

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
    fn every_field_is_mapped() {
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
    fn marker_is_no_tag() {
        let marker = crate::fixtures::marker();
        let mut made = document();
        made["metadata"]["gateway-operation"] = json!(marker.to_string());
        let observed = with_view(|view| observe(view, made.clone())).unwrap();
        assert_eq!((observed.marker, observed.tags.len()), (Some(marker), 2));
        assert_eq!(observed.raw, made);
    }

    #[test]
    fn flavor_of_old_nova_and_boot_from_volume_are_mapped() {
        let mut old = document();
        old["flavor"] = json!({"id": "2", "links": []});
        old["image"] = json!("");
        let server: Instance = fields(&with_view(|view| observe(view, old)).unwrap());
        assert_eq!(server.instance_type.external_id.as_deref(), Some("2"));
        assert_eq!((server.vcpus, server.image), (None, None));
    }

    #[test]
    fn deleted_flavor_leaves_its_name() {
        let mut gone = document();
        gone["flavor"]["original_name"] = json!("m1.gone");
        let server: Instance = fields(&with_view(|view| observe(view, gone)).unwrap());
        assert_eq!(server.instance_type, Reference { name: Some("m1.gone".into()), ..Reference::default() });
    }

    #[test]
    fn fault_is_mapped() {
        let mut broken = document();
        broken["status"] = json!("ERROR");
        broken["fault"] = json!({"code": 500, "message": "No valid host", "created": "2026-11-22T02:25:02Z"});
        let observed = with_view(|view| observe(view, broken)).unwrap();
        assert_eq!(fields::<Instance>(&observed).fault.as_deref(), Some("No valid host"));
        assert_eq!(observed.state, Some("error"));
    }

    #[test]
    fn partial_server_is_refused() {
        let partial =
            json!({"id": "s1", "status": "UNKNOWN", "tenant_id": "p1", "created": "2026-11-22T02:25:02Z"});
        let error = with_view(|view| observe(view, partial)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let odd = json!({"id": "s1", "status": 7});
        assert_eq!(with_view(|view| observe(view, odd)).unwrap_err().kind(), ErrorKind::WrongDocument);
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Compute, document()));
    }
}

//! What the services say of each kind: which documents a listing must have, and what is kept of each.

use gateway_core::driver::ListScope;
use serde_json::Value;

use crate::api::Api;

/// One kind as its service tells it.
pub(crate) struct Told {
    pub(crate) kind: &'static str,
    pub(crate) scope: ListScope,
    /// The service's own listing, by the type of the service; the project's id is put in.
    path: &'static str,
    /// Key of the list.
    key: &'static str,
    /// Which of the documents the listing must have, for the user with that project.
    pub(crate) is_meant: fn(&Value, &Api) -> bool,
    pub(crate) native_key: fn(&Value, &Api) -> String,
    /// What the driver leaves out of the document.
    left_out: &'static [&'static str],
}

impl Told {
    /// The service's documents, as they should be kept.
    pub(crate) async fn documents(&self, api: &Api) -> Vec<Value> {
        let path = self.path.replace("{project}", &api.project);
        let mut documents = api.get(&path).await[self.key].as_array().cloned().unwrap();
        for document in &mut documents {
            if self.kind == "ssh_key" {
                *document = document["keypair"].take();
            }
        }
        documents.retain(|document| (self.is_meant)(document, api));
        documents
    }

    pub(crate) fn kept(&self, mut document: Value) -> Value {
        document.as_object_mut().unwrap().retain(|field, _| !self.left_out.contains(&field.as_str()));
        if self.kind == "volume_type" {
            let public = ["multiattach", "replication_enabled", "RESKEY:availability_zones"];
            document["extra_specs"]
                .as_object_mut()
                .unwrap()
                .retain(|name, _| public.contains(&name.as_str()));
        }
        document
    }
}

fn id(document: &Value, _: &Api) -> String {
    document["id"].as_str().unwrap().to_owned()
}

fn pair(document: &Value, first: &str, second: &str) -> String {
    let part = |field: &str| document[field].as_str().unwrap();
    format!("{}/{}", part(first), part(second))
}

fn is_own(document: &Value, api: &Api) -> bool {
    document["project_id"] == *api.project
}

fn is_own_or_shared(document: &Value, api: &Api) -> bool {
    is_own(document, api) || document["shared"] == true || document["router:external"] == true
}

const PLAIN: Told = Told {
    kind: "",
    scope: ListScope::Own,
    path: "",
    key: "",
    is_meant: |_, _| true,
    native_key: id,
    left_out: &[],
};

/// Every kind that a service lists as documents; images the command line compares, with hidden ones.
pub(crate) const KINDS: [Told; 17] = [
    Told { kind: "instance", path: "compute/servers/detail", key: "servers", ..PLAIN },
    Told {
        kind: "instance_type",
        scope: ListScope::Published,
        path: "compute/flavors/detail",
        key: "flavors",
        is_meant: |flavor, _| flavor["os-flavor-access:is_public"] == true,
        ..PLAIN
    },
    Told { kind: "volume", path: "volume/volumes/detail", key: "volumes", ..PLAIN },
    Told {
        kind: "volume_type",
        scope: ListScope::Published,
        is_meant: |volume_type, _| volume_type["is_public"] == true,
        ..VOLUME_TYPE
    },
    Told { is_meant: |volume_type, _| volume_type["is_public"] == false, ..VOLUME_TYPE },
    Told { kind: "volume_snapshot", path: "volume/snapshots/detail", key: "snapshots", ..PLAIN },
    Told {
        kind: "volume_attachment",
        path: "volume/attachments/detail",
        key: "attachments",
        native_key: |attachment, _| pair(attachment, "volume_id", "instance"),
        left_out: &["connection_info"],
        ..PLAIN
    },
    Told { kind: "network", path: "network/networks", key: "networks", is_meant: is_own_or_shared, ..PLAIN },
    Told {
        kind: "subnet",
        path: "network/subnets",
        key: "subnets",
        // Neutron shows a member just these, and the subnet of the test cloud's shared network to all.
        is_meant: |subnet, api| is_own(subnet, api) || subnet["name"] == "shared-subnet" || api.is_member,
        ..PLAIN
    },
    Told { kind: "network_interface", path: "network/ports", key: "ports", is_meant: is_own, ..PLAIN },
    Told { kind: "router", path: "network/routers", key: "routers", is_meant: is_own, ..PLAIN },
    Told { kind: "ip_address", path: "network/floatingips", key: "floatingips", is_meant: is_own, ..PLAIN },
    Told {
        kind: "ip_address_binding",
        path: "network/floatingips",
        key: "floatingips",
        is_meant: |address, api| is_own(address, api) && address["port_id"].is_string(),
        native_key: |address, _| pair(address, "id", "port_id"),
        ..PLAIN
    },
    Told {
        kind: "security_group",
        path: "network/security-groups",
        key: "security_groups",
        is_meant: is_own_or_shared,
        ..PLAIN
    },
    Told {
        kind: "ssh_key",
        path: "compute/os-keypairs",
        key: "keypairs",
        native_key: |key, api| format!("{}/{}", api.user, key["name"].as_str().unwrap()),
        ..PLAIN
    },
    Told {
        kind: "datacenter",
        scope: ListScope::Published,
        path: "compute/os-availability-zone",
        key: "availabilityZoneInfo",
        native_key: |zone, _| format!("compute/{}", zone["zoneName"].as_str().unwrap()),
        ..PLAIN
    },
    Told {
        kind: "datacenter",
        scope: ListScope::Published,
        path: "volume/os-availability-zone",
        key: "availabilityZoneInfo",
        native_key: |zone, _| format!("volume/{}", zone["zoneName"].as_str().unwrap()),
        ..PLAIN
    },
];

const VOLUME_TYPE: Told = Told {
    kind: "volume_type",
    path: "volume/types",
    key: "volume_types",
    left_out: &["qos_specs_id"],
    ..PLAIN
};

/// The rules of the project's own groups, whoever made them, from the groups' own documents.
pub(crate) async fn rules(api: &Api) -> Vec<Value> {
    let groups = api.get(&format!("network/security-groups?project_id={}", api.project)).await;
    let groups = groups["security_groups"].as_array().unwrap().iter();
    groups.flat_map(|group| group["security_group_rules"].as_array().unwrap().clone()).collect()
}

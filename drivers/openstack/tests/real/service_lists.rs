//! The services' own lists: the documents that a listing must have, and the members that the driver removes.

use gateway_core::driver::ListScope;
use gateway_core::kind::Kind;
use serde_json::Value;

use crate::api::Api;

/// The list of one kind at its service.
pub(crate) struct ServiceList {
    pub(crate) kind: Kind,
    pub(crate) scope: ListScope,
    /// The path, which begins with the service's type; `{project}` in it is replaced.
    path: &'static str,
    /// Key of the list.
    key: &'static str,
    /// Tells whether the driver must list a document for that user.
    pub(crate) is_expected: fn(&Value, &Api) -> bool,
    pub(crate) native_key: fn(&Value, &Api) -> String,
    /// The members that the driver removes.
    omitted: &'static [&'static str],
}

impl ServiceList {
    /// Reads the documents that the driver must list.
    pub(crate) async fn documents(&self, api: &Api) -> Vec<Value> {
        let path = self.path.replace("{project}", &api.project);
        let mut documents = api.get(&path).await[self.key].as_array().cloned().unwrap();
        for document in &mut documents {
            if self.kind == Kind::SshKey {
                *document = document["keypair"].take();
            }
        }
        documents.retain(|document| (self.is_expected)(document, api));
        documents
    }

    /// Removes the members that the driver removes.
    pub(crate) fn without_omitted(&self, mut document: Value) -> Value {
        document.as_object_mut().unwrap().retain(|field, _| !self.omitted.contains(&field.as_str()));
        if self.kind == Kind::VolumeType {
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

const PLAIN: ServiceList = ServiceList {
    kind: Kind::Instance,
    scope: ListScope::Own,
    path: "",
    key: "",
    is_expected: |_, _| true,
    native_key: id,
    omitted: &[],
};

/// Every kind with documents in a list. Images are compared with the command line instead.
pub(crate) const LISTS: [ServiceList; 17] = [
    ServiceList { kind: Kind::Instance, path: "compute/servers/detail", key: "servers", ..PLAIN },
    ServiceList {
        kind: Kind::InstanceType,
        scope: ListScope::Published,
        path: "compute/flavors/detail",
        key: "flavors",
        is_expected: |flavor, _| flavor["os-flavor-access:is_public"] == true,
        ..PLAIN
    },
    ServiceList { kind: Kind::Volume, path: "volume/volumes/detail", key: "volumes", ..PLAIN },
    ServiceList {
        kind: Kind::VolumeType,
        scope: ListScope::Published,
        is_expected: |volume_type, _| volume_type["is_public"] == true,
        ..VOLUME_TYPE
    },
    ServiceList { is_expected: |volume_type, _| volume_type["is_public"] == false, ..VOLUME_TYPE },
    ServiceList { kind: Kind::VolumeSnapshot, path: "volume/snapshots/detail", key: "snapshots", ..PLAIN },
    ServiceList {
        kind: Kind::VolumeAttachment,
        path: "volume/attachments/detail",
        key: "attachments",
        native_key: |attachment, _| pair(attachment, "volume_id", "instance"),
        omitted: &["connection_info"],
        ..PLAIN
    },
    ServiceList {
        kind: Kind::Network,
        path: "network/networks",
        key: "networks",
        is_expected: is_own_or_shared,
        ..PLAIN
    },
    ServiceList {
        kind: Kind::Subnet,
        path: "network/subnets",
        key: "subnets",
        // A member sees only these; everybody sees the subnet of the shared network.
        is_expected: |subnet, api| is_own(subnet, api) || subnet["name"] == "shared-subnet" || api.is_member,
        ..PLAIN
    },
    ServiceList {
        kind: Kind::NetworkInterface,
        path: "network/ports",
        key: "ports",
        is_expected: is_own,
        ..PLAIN
    },
    ServiceList { kind: Kind::Router, path: "network/routers", key: "routers", is_expected: is_own, ..PLAIN },
    ServiceList {
        kind: Kind::IpAddress,
        path: "network/floatingips",
        key: "floatingips",
        is_expected: is_own,
        ..PLAIN
    },
    ServiceList {
        kind: Kind::IpAddressBinding,
        path: "network/floatingips",
        key: "floatingips",
        is_expected: |address, api| is_own(address, api) && address["port_id"].is_string(),
        native_key: |address, _| pair(address, "id", "port_id"),
        ..PLAIN
    },
    ServiceList {
        kind: Kind::SecurityGroup,
        path: "network/security-groups",
        key: "security_groups",
        is_expected: is_own_or_shared,
        ..PLAIN
    },
    ServiceList {
        kind: Kind::SshKey,
        path: "compute/os-keypairs",
        key: "keypairs",
        native_key: |key, api| format!("{}/{}", api.user, key["name"].as_str().unwrap()),
        ..PLAIN
    },
    ServiceList {
        kind: Kind::Datacenter,
        scope: ListScope::Published,
        path: "compute/os-availability-zone",
        key: "availabilityZoneInfo",
        native_key: |zone, _| format!("compute/{}", zone["zoneName"].as_str().unwrap()),
        ..PLAIN
    },
    ServiceList {
        kind: Kind::Datacenter,
        scope: ListScope::Published,
        path: "volume/os-availability-zone",
        key: "availabilityZoneInfo",
        native_key: |zone, _| format!("volume/{}", zone["zoneName"].as_str().unwrap()),
        ..PLAIN
    },
];

const VOLUME_TYPE: ServiceList = ServiceList {
    kind: Kind::VolumeType,
    path: "volume/types",
    key: "volume_types",
    omitted: &["qos_specs_id"],
    ..PLAIN
};

/// Reads the rules of the project's groups, whoever created them, from the groups' documents.
pub(crate) async fn rules(api: &Api) -> Vec<Value> {
    let groups = api.get(&format!("network/security-groups?project_id={}", api.project)).await;
    let groups = groups["security_groups"].as_array().unwrap().iter();
    groups.flat_map(|group| group["security_group_rules"].as_array().unwrap().clone()).collect()
}

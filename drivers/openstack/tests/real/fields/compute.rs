//! Tables of the kinds of Nova and Glance.

use gateway_core::kind::Kind;
use serde_json::{Value, json};

use super::source::Source::{Computed, Constant, Never, Reference, Same, Text, Time};
use super::source::{Client, Table, id, plain, state, text, valueless_tags};

pub(super) static TABLES: &[Table] = &[
    Table {
        kind: Kind::Instance,
        records: |client| client.all("servers").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|server, _| state(&server["status"], &SERVER_STATES))),
            ("cloud_state", Same("status")),
            ("owner", Same("project_id")),
            ("visibility", Constant("private")),
            ("created_at", Time("created_at")),
            ("updated_at", Time("updated_at")),
            ("tags", Computed(metadata_and_tags)),
            ("description", Same("description")),
            ("instance_type", Computed(instance_type)),
            ("vcpus", Same("flavor.vcpus")),
            ("memory_mib", Same("flavor.ram")),
            ("disk_gib", Same("flavor.disk")),
            ("image", Reference(Kind::Image, "image.id")),
            ("datacenter", Same("availability_zone")),
            ("private_ip_addresses", Computed(|server, _| addresses(server, "fixed"))),
            ("public_ip_addresses", Computed(|server, _| addresses(server, "floating"))),
            ("ssh_key", Same("key_name")),
            ("security_groups", Computed(security_groups)),
            ("volumes", Computed(volumes)),
            ("launched_at", Time("launched_at")),
            ("locked", Same("is_locked")),
            (
                "fault",
                Computed(|server, client| client.answer_of("faults")[text(server, "id")]["message"].clone()),
            ),
        ],
    },
    Table {
        kind: Kind::InstanceType,
        // An administrator also sees flavors that are granted to other projects.
        records: |client| {
            let all = client.all("flavors").iter();
            all.filter(|one| !client.is_administrator || one["is_public"] == true).cloned().collect()
        },
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            ("owner", Never("belongs to the cloud")),
            ("visibility", Computed(|flavor, _| public_or_granted(flavor))),
            ("created_at", Never("Nova shows no times of flavors")),
            ("updated_at", Never("Nova shows no times of flavors")),
            ("tags", Never("flavors have none")),
            ("description", Same("description")),
            ("vcpus", Same("vcpus")),
            ("memory_mib", Same("ram")),
            ("disk_gib", Same("disk")),
            ("ephemeral_disk_gib", Same("ephemeral")),
            ("swap_mib", Computed(|flavor, _| flavor["swap"].as_u64().unwrap_or(0).into())),
            ("architectures", Computed(architectures)),
            ("accelerators", Computed(|flavor, _| number(&flavor["extra_specs"]["resources:VGPU"]))),
            ("disabled", Same("is_disabled")),
        ],
    },
    Table {
        kind: Kind::SshKey,
        records: |client| client.all("keypairs").clone(),
        native_key: |key, client| format!("{}/{}", client.user(), text(key, "name")),
        rows: &[
            ("external_id", Same("name")),
            ("name", Text("name")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            ("owner", Never("belongs to a user, not to a project")),
            ("visibility", Constant("private")),
            ("created_at", Never("Nova shows no times in lists of keys")),
            ("updated_at", Never("Nova shows no times in lists of keys")),
            ("tags", Never("keys have none")),
            ("fingerprint", Same("fingerprint")),
            ("public_key", Same("public_key")),
            ("key_type", Same("type")),
            ("user", Computed(|_, client| json!(client.user()))),
        ],
    },
    Table {
        kind: Kind::Image,
        records: |client| client.all("images").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|image, _| state(&image["status"], &IMAGE_STATES))),
            ("cloud_state", Same("status")),
            ("owner", Same("owner_id")),
            ("visibility", Computed(|image, _| state(&image["visibility"], &IMAGE_VISIBILITY))),
            ("created_at", Time("created_at")),
            ("updated_at", Time("updated_at")),
            ("tags", Computed(valueless_tags)),
            ("description", Same("properties.description")),
            ("size_bytes", Same("size")),
            ("min_disk_gib", Same("min_disk")),
            ("min_memory_mib", Same("min_ram")),
            ("disk_format", Same("disk_format")),
            ("container_format", Same("container_format")),
            ("architecture", Computed(architecture)),
            ("os", Computed(os)),
            ("protected", Same("is_protected")),
            ("checksum", Computed(checksum)),
        ],
    },
];

/// The states that occur in a quiet cloud.
const SERVER_STATES: [(&str, &str); 3] = [("ACTIVE", "running"), ("ERROR", "error"), ("SHUTOFF", "stopped")];
const IMAGE_STATES: [(&str, &str); 2] = [("active", "available"), ("queued", "queued")];

/// The canonical visibility; everybody may use a community image, but nobody else lists it.
const IMAGE_VISIBILITY: [(&str, &str); 4] =
    [("public", "public"), ("shared", "shared"), ("community", "shared"), ("private", "private")];

pub(super) fn public_or_granted(document: &Value) -> Value {
    json!(if document["is_public"] == true { "public" } else { "shared" })
}

fn metadata_and_tags(server: &Value, client: &Client) -> Value {
    let mut tags = valueless_tags(server, client);
    for (name, value) in server["metadata"].as_object().unwrap() {
        tags[name] = value.clone();
    }
    tags
}

/// Returns the reference to the flavor, with the id from the list of flavors.
fn instance_type(server: &Value, client: &Client) -> Value {
    let name = &server["flavor"]["original_name"];
    let flavor = client.all("flavors").iter().find(|flavor| flavor["name"] == *name);
    flavor.map_or_else(
        || json!({ "name": name }),
        |flavor| client.named_with(Kind::InstanceType, &flavor["id"], name),
    )
}

fn addresses(server: &Value, address_type: &str) -> Value {
    let all = server["addresses"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
    all.filter(|address| address["OS-EXT-IPS:type"] == address_type)
        .map(|address| address["addr"].clone())
        .collect()
}

/// Returns the groups by name, each once: Nova repeats them for each port.
fn security_groups(server: &Value, _: &Client) -> Value {
    let groups = server["security_groups"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = groups.map(|group| text(group, "name")).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

fn volumes(server: &Value, client: &Client) -> Value {
    let volumes = server["attached_volumes"].as_array().into_iter().flatten();
    volumes.map(|volume| client.named(Kind::Volume, &volume["id"])).collect()
}

fn number(digits: &Value) -> Value {
    digits.as_str().map_or(Value::Null, |digits| digits.parse::<u64>().unwrap().into())
}

fn architectures(flavor: &Value, _: &Client) -> Value {
    let required =
        flavor["extra_specs"].as_object().unwrap().iter().filter(|(_, value)| **value == "required");
    required
        .filter_map(|(name, _)| Some(json!(name.strip_prefix("trait:HW_ARCH_")?.to_lowercase())))
        .collect()
}

fn architecture(image: &Value, _: &Client) -> Value {
    if image["architecture"].is_string() {
        image["architecture"].clone()
    } else {
        image["properties"]["hw_architecture"].clone()
    }
}

fn os(image: &Value, _: &Client) -> Value {
    match (image["os_distro"].as_str(), image["os_version"].as_str()) {
        (None, None) => image["os_type"].clone(),
        (distribution, version) => {
            json!([distribution, version].into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
    }
}

fn checksum(image: &Value, _: &Client) -> Value {
    match plain(&image["hash_value"]).as_str() {
        Some(value) => json!(format!("{}:{value}", text(image, "hash_algo"))),
        None => Value::Null,
    }
}

//! Tables of zones and quotas, which several services have.

use gateway_core::kind::Kind;
use serde_json::{Value, json};

use super::source::Source::{Computed, Constant, Never, Same, Text};
use super::source::{Client, Table, plain, state, text};

pub(super) static TABLES: &[Table] = &[
    Table {
        kind: Kind::Datacenter,
        records: zones,
        native_key: |zone, _| format!("{}/{}", text(zone, "service"), text(zone, "name")),
        rows: &[
            ("external_id", Same("name")),
            ("name", Text("name")),
            ("state", Computed(zone_state)),
            ("cloud_state", Never("zones have no status")),
            ("owner", Never("is the cloud's")),
            ("visibility", Constant("public")),
            ("created_at", Never("zones have no times")),
            ("updated_at", Never("zones have no times")),
            ("tags", Never("zones have none")),
            ("service", Same("service")),
            ("zone_type", Never("there is one type")),
            ("zone_id", Never("names are the same for all")),
            ("messages", Never("there are none")),
        ],
    },
    Table {
        kind: Kind::Quota,
        records: quotas,
        native_key: |quota, client| {
            format!("{}/{}.{}", client.project(), text(quota, "service"), text(quota, "word"))
        },
        rows: &[
            ("external_id", Same("word")),
            ("name", Text("word")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            ("owner", Computed(|_, client| json!(client.project()))),
            ("visibility", Constant("private")),
            ("created_at", Never("limits have no times")),
            ("updated_at", Never("limits have no times")),
            ("tags", Never("limits have none")),
            ("service", Same("service")),
            ("measure", Computed(measure)),
            (
                "limit",
                Computed(|quota, _| if quota["limit"] == -1 { Value::Null } else { quota["limit"].clone() }),
            ),
            ("used", Computed(|quota, _| of_project(quota, "used"))),
            ("reserved", Computed(|quota, _| of_project(quota, "reserved"))),
        ],
    },
];

/// Neutron's words, by the names of openstacksdk.
const WORDS_OF_NETWORK: [(&str, &str); 9] = [
    ("floating_ips", "floatingip"),
    ("networks", "network"),
    ("ports", "port"),
    ("rbac_policies", "rbac_policy"),
    ("routers", "router"),
    ("security_group_rules", "security_group_rule"),
    ("security_groups", "security_group"),
    ("subnet_pools", "subnetpool"),
    ("subnets", "subnet"),
];

/// The gateway's measures that differ from the cloud's words.
const MEASURES: [(&str, &str); 12] = [
    ("cores", "vcpus"),
    ("ram", "memory_mib"),
    ("key_pairs", "ssh_keys"),
    ("gigabytes", "volume_gib"),
    ("snapshots", "volume_snapshots"),
    ("floatingip", "ip_addresses"),
    ("network", "networks"),
    ("port", "network_interfaces"),
    ("router", "routers"),
    ("security_group", "security_groups"),
    ("security_group_rule", "security_group_rules"),
    ("subnet", "subnets"),
];

/// Limits per user, server, group or volume, without use.
const PER_ITEM: [&str; 4] = ["key_pairs", "metadata_items", "per_volume_gigabytes", "server_group_members"];

/// Returns the zones of every service.
fn zones(client: &Client) -> Vec<Value> {
    let services = client.answer_of("zones").as_object().unwrap().iter();
    let zones = services.flat_map(|(service, zones)| {
        zones
            .as_array()
            .unwrap()
            .iter()
            .map(move |zone| json!({ "service": service, "name": zone["name"], "state": zone["state"] }))
    });
    zones.collect()
}

fn zone_state(zone: &Value, _: &Client) -> Value {
    match &zone["state"]["available"] {
        Value::Bool(true) => json!("available"),
        Value::Bool(false) => json!("unavailable"),
        _ => state(&zone["state"], &[("available", "available"), ("unavailable", "unavailable")]),
    }
}

/// Returns the limits of every service.
fn quotas(client: &Client) -> Vec<Value> {
    let services = client.answer_of("quotas").as_object().unwrap().iter();
    let all = services.flat_map(|(service, valueless_tags)| {
        let counted =
            valueless_tags.as_object().unwrap().iter().filter(|(_, counted)| counted["limit"].is_number());
        // Nova has none of these from 2.57 on; openstacksdk uses an older version.
        let counted = counted.filter(|(word, _)| !word.starts_with("injected_file"));
        counted.map(move |(name, counted)| {
            let word = WORDS_OF_NETWORK.iter().find(|(theirs, _)| service == "network" && theirs == name);
            json!({ "service": service, "word": word.map_or(name.as_str(), |(_, word)| word),
                "limit": counted["limit"], "used": counted["used"], "reserved": counted["reserved"] })
        })
    });
    all.collect()
}

fn measure(quota: &Value, _: &Client) -> Value {
    let known = MEASURES.iter().find(|(word, _)| quota["word"] == **word);
    known.map_or_else(|| plain(&quota["word"]), |(_, measure)| json!(measure))
}

fn of_project(quota: &Value, field: &str) -> Value {
    if PER_ITEM.contains(&text(quota, "word")) { Value::Null } else { quota[field].clone() }
}

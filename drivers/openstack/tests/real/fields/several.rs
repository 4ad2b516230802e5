//! What several services have, each its own: zones and limits.

use serde_json::{Value, json};

use super::how::How::{Always, Made, Nothing, Same, Text};
use super::how::{Client, Told, plain, state, text};

pub(super) static TABLES: &[Told] = &[
    Told {
        kind: "datacenter",
        records: zones,
        native_key: |zone, _| format!("{}/{}", text(zone, "service"), text(zone, "name")),
        rows: &[
            ("external_id", Same("name")),
            ("name", Text("name")),
            ("state", Made(zone_state)),
            ("cloud_state", Nothing("zones have a yes or no, and no word")),
            ("owner", Nothing("is the cloud's")),
            ("visibility", Always("public")),
            ("created_at", Nothing("zones have no times")),
            ("updated_at", Nothing("zones have no times")),
            ("tags", Nothing("zones have none")),
            ("service", Same("service")),
            ("zone_type", Nothing("there is one sort")),
            ("zone_id", Nothing("names are the same for all")),
            ("messages", Nothing("there are none")),
        ],
    },
    Told {
        kind: "quota",
        records: quotas,
        native_key: |quota, client| {
            format!("{}/{}.{}", client.project(), text(quota, "service"), text(quota, "word"))
        },
        rows: &[
            ("external_id", Same("word")),
            ("name", Text("word")),
            ("state", Nothing("has no life cycle")),
            ("cloud_state", Nothing("has no life cycle")),
            ("owner", Made(|_, client| json!(client.project()))),
            ("visibility", Always("private")),
            ("created_at", Nothing("limits have no times")),
            ("updated_at", Nothing("limits have no times")),
            ("tags", Nothing("limits have none")),
            ("service", Same("service")),
            ("measure", Made(measure)),
            (
                "limit",
                Made(|quota, _| if quota["limit"] == -1 { Value::Null } else { quota["limit"].clone() }),
            ),
            ("used", Made(|quota, _| of_the_project(quota, "used"))),
            ("reserved", Made(|quota, _| of_the_project(quota, "reserved"))),
        ],
    },
];

/// Neutron's words for what the client calls by names of its own.
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

/// The gateway's words for what is counted, with its unit, where they are other than the cloud's.
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

/// Limits for one user, server, group or volume: of these the services say that none is used.
const OF_ONE_THING: [&str; 4] =
    ["key_pairs", "metadata_items", "per_volume_gigabytes", "server_group_members"];

/// Each with the service that has it.
fn zones(client: &Client) -> Vec<Value> {
    let services = client.says("zones").as_object().unwrap().iter();
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

/// Each with its service and the service's own word.
fn quotas(client: &Client) -> Vec<Value> {
    let services = client.says("quotas").as_object().unwrap().iter();
    let all = services.flat_map(|(service, words)| {
        let counted = words.as_object().unwrap().iter().filter(|(_, counted)| counted["limit"].is_number());
        // Nova has none of these from 2.57 on, and the client asks for less than that.
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

fn of_the_project(quota: &Value, field: &str) -> Value {
    if OF_ONE_THING.contains(&text(quota, "word")) { Value::Null } else { quota[field].clone() }
}

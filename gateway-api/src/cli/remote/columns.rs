//! Which fields a list shows of each kind, besides those that all kinds have.

use std::collections::BTreeSet;

use gateway_core::kind::KindSpec;
use serde_json::Value;

use super::value;
use crate::cli::table::{Cell, Tone};

/// Shown of every kind; the state only where there are states.
const OF_ALL: [(&str, &str); 5] =
    [("ID", "id"), ("NAME", "name"), ("STATE", "state"), ("CLOUD", "cloud"), ("REGION", "region")];

/// Header and path of what matters most of a kind. A kind that is not here shows its filters.
#[rustfmt::skip]
const OWN: &[(&str, &[(&str, &str)])] = &[
    ("instance", &[("TYPE", "instance_type"), ("PRIVATE_IP", "private_ip_addresses"), ("PUBLIC_IP", "public_ip_addresses"), ("DATACENTER", "datacenter")]),
    ("instance_type", &[("VCPUS", "vcpus"), ("MEMORY_MIB", "memory_mib"), ("DISK_GIB", "disk_gib"), ("ARCHITECTURES", "architectures")]),
    ("image", &[("OS", "os"), ("ARCHITECTURE", "architecture"), ("MIN_DISK_GIB", "min_disk_gib"), ("VISIBILITY", "visibility")]),
    ("volume", &[("SIZE_GIB", "size_gib"), ("TYPE", "volume_type"), ("INSTANCE", "attachments.instance"), ("DATACENTER", "datacenter")]),
    ("volume_type", &[("DEFAULT", "default"), ("ENCRYPTED", "encrypted"), ("MULTIATTACH", "multiattach")]),
    ("volume_snapshot", &[("SIZE_GIB", "size_gib"), ("VOLUME", "volume"), ("PROGRESS_PERCENT", "progress_percent")]),
    ("volume_attachment", &[("VOLUME", "volume"), ("INSTANCE", "instance"), ("DEVICE", "device")]),
    ("network", &[("CIDRS", "cidrs"), ("EXTERNAL", "external"), ("DEFAULT", "default"), ("MTU_BYTES", "mtu_bytes")]),
    ("subnet", &[("CIDR", "cidr"), ("NETWORK", "network"), ("GATEWAY_IP", "gateway_ip_address"), ("DATACENTER", "datacenter")]),
    ("network_interface", &[("IP", "addresses.ip_address"), ("MAC", "mac_address"), ("NETWORK", "network"), ("INSTANCE", "instance")]),
    ("router", &[("TYPE", "router_type"), ("NETWORK", "network"), ("EXTERNAL_NETWORK", "external_network"), ("EXTERNAL_IP", "external_addresses.ip_address")]),
    ("ip_address", &[("IP", "ip_address"), ("PRIVATE_IP", "private_ip_address"), ("INSTANCE", "instance"), ("NETWORK", "network")]),
    ("ip_address_binding", &[("IP", "ip_address"), ("PRIVATE_IP", "private_ip_address"), ("INSTANCE", "instance"), ("INTERFACE", "network_interface")]),
    ("security_group", &[("NETWORK", "network"), ("DEFAULT", "default"), ("DESCRIPTION", "description")]),
    ("security_group_rule", &[("GROUP", "security_group"), ("DIRECTION", "direction"), ("PROTOCOL", "protocol"), ("FIRST_PORT", "first_port"), ("REMOTE_CIDR", "remote_cidr")]),
    ("ssh_key", &[("TYPE", "key_type"), ("FINGERPRINT", "fingerprint"), ("USER", "user")]),
    ("datacenter", &[("SERVICE", "service"), ("TYPE", "zone_type")]),
    ("quota", &[("SERVICE", "service"), ("MEASURE", "measure"), ("USED", "used"), ("LIMIT", "limit")]),
];

/// The columns of a kind's table.
#[derive(Debug)]
pub(super) struct Columns {
    spec: &'static KindSpec,
    /// How many of them all kinds have.
    pub(super) of_all: usize,
    shown: Vec<(String, &'static str)>,
}

impl Columns {
    pub(super) fn of(spec: &'static KindSpec) -> Self {
        let all = OF_ALL.iter().filter(|(_, path)| *path != "state" || !spec.states.is_empty());
        let mut shown: Vec<_> = all.map(|(header, path)| ((*header).to_owned(), *path)).collect();
        let of_all = shown.len();
        match OWN.iter().find(|(kind, _)| *kind == spec.kind.as_str()) {
            Some((_, own)) => shown.extend(own.iter().map(|(header, path)| ((*header).to_owned(), *path))),
            None => shown.extend(spec.filters.iter().map(|field| (field.to_uppercase(), *field))),
        }
        Self { spec, of_all, shown }
    }

    pub(super) fn header(&self) -> Vec<&str> {
        self.shown.iter().map(|(header, _)| header.as_str()).collect()
    }

    /// The members that the table needs, as the API takes them in `fields`.
    pub(super) fn fields(&self) -> String {
        let first = |path: &'static str| path.split('.').next().unwrap_or(path);
        let names: BTreeSet<_> = self.shown.iter().map(|(_, path)| first(path)).collect();
        names.into_iter().collect::<Vec<_>>().join(",")
    }

    pub(super) fn row(&self, record: &Value) -> Vec<Cell> {
        let cell = |path: &str| {
            let text = value::text(&value::at(record, path));
            let tone = if path == "state" { tone(self.spec, &text) } else { Tone::Plain };
            Cell { text, tone }
        };
        self.shown.iter().map(|(_, path)| cell(path)).collect()
    }
}

/// How a state of that kind looks.
pub(super) fn tone(spec: &KindSpec, state: &str) -> Tone {
    match spec.state(state) {
        _ if state == "error" => Tone::Bad,
        Some(state) if state.transitional => Tone::Moving,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::document::rendering::{ADDED, COMMON};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_column_is_a_field_of_its_kind() {
        for (kind, own) in OWN {
            let spec = Kind::parse(kind).unwrap_or_else(|| panic!("no kind {kind}")).spec();
            let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
            for (_, path) in *own {
                let field = path.split('.').next().unwrap();
                let known = ADDED.contains(&field) || COMMON.contains(&field);
                assert!(known || schema["properties"][field].is_object(), "{kind}: {field}");
            }
            assert!((2..=5).contains(&own.len()), "{kind}: {}", own.len());
        }
    }

    #[test]
    fn a_row_follows_its_header() {
        let volume = Columns::of(Kind::parse("volume").unwrap().spec());
        assert_eq!(volume.header().join(" "), "ID NAME STATE CLOUD REGION SIZE_GIB TYPE INSTANCE DATACENTER");
        assert_eq!(volume.fields(), "attachments,cloud,datacenter,id,name,region,size_gib,state,volume_type");
        let row = volume.row(&json!({
            "id": "1", "name": "data", "state": "pending", "cloud": "c", "region": "r", "size_gib": 5,
            "attachments": [{"instance": {"name": "web"}, "device": null}],
        }));
        let texts: Vec<_> = row.iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["1", "data", "pending", "c", "r", "5", "-", "web", "-"]);
        assert_eq!(row[2].tone, Tone::Moving);
    }

    #[test]
    fn a_kind_without_states_has_no_such_column() {
        let header = Columns::of(Kind::parse("instance_type").unwrap().spec());
        assert!(!header.header().contains(&"STATE"));
    }
}

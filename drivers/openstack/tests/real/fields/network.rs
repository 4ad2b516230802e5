//! Tables of the kinds of Neutron. An administrator sees the whole cloud; own and shared records count.

use gateway_core::kind::Kind;
use serde_json::{Value, json};

use super::source::Source::{Computed, Never, Reference, Same, Text, Time};
use super::source::{Client, Source, Table, id, state, text, valueless_tags};

pub(super) static TABLES: &[Table] = &[
    Table {
        kind: Kind::Network,
        records: |client| client.all("networks").iter().filter(|one| may_use(one, client)).cloned().collect(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|network, _| state(&network["status"], &[("ACTIVE", "available")]))),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Computed(network_visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("cidrs", Never("address ranges belong to subnets")),
            ("external", Same("is_router_external")),
            ("default", Never("is_default selects an external network")),
            ("enabled", Same("is_admin_state_up")),
            ("mtu_bytes", Same("mtu")),
            ("network_type", Same("provider_network_type")),
            ("segmentation_id", Same("provider_segmentation_id")),
            ("port_security", Same("is_port_security_enabled")),
            ("dns_domain", Same("dns_domain")),
            ("datacenters", Same("availability_zones")),
        ],
    },
    Table {
        kind: Kind::Subnet,
        records: subnets,
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("network", Reference(Kind::Network, "network_id")),
            ("cidr", Same("cidr")),
            ("ip_version", Same("ip_version")),
            ("ipv6_cidrs", Never("one subnet has one range")),
            ("gateway_ip_address", Same("gateway_ip")),
            ("dhcp", Same("is_dhcp_enabled")),
            ("dns_servers", Same("dns_nameservers")),
            ("allocation_pools", Computed(allocation_pools)),
            ("host_routes", Computed(|subnet, _| routes(&subnet["host_routes"]))),
            ("datacenter", Never("subnets are in none")),
            ("free_ip_addresses", Never("shown to administrators only")),
            ("public_ip_on_launch", Never("Neutron gives none by itself")),
            ("default", Never("there is none")),
        ],
    },
    Table {
        kind: Kind::NetworkInterface,
        records: |client| own(client, "ports"),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|port, _| state(&port["status"], &PORT_STATES))),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("network", Reference(Kind::Network, "network_id")),
            ("addresses", Computed(|port, client| addresses(&port["fixed_ips"], client))),
            ("mac_address", Same("mac_address")),
            ("enabled", Same("is_admin_state_up")),
            ("instance", Computed(|port, client| device(port, client, Kind::Instance, "compute:"))),
            ("router", Computed(|port, client| device(port, client, Kind::Router, "network:router_"))),
            ("device_owner", Same("device_owner")),
            ("device_index", Never("Neutron does not count a server's ports")),
            ("security_groups", Computed(security_groups)),
            ("port_security", Same("is_port_security_enabled")),
            ("delete_on_termination", Never("Nova does not tell it of ports")),
            ("datacenter", Never("ports are in none")),
        ],
    },
    Table {
        kind: Kind::Router,
        records: |client| own(client, "routers"),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|router, _| state(&router["status"], &[("ACTIVE", "available")]))),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("router_type", Never("there is one type")),
            ("enabled", Same("is_admin_state_up")),
            ("network", Never("a router belongs to no network")),
            ("external_network", Reference(Kind::Network, "external_gateway_info.network_id")),
            (
                "external_addresses",
                Computed(|router, client| {
                    addresses(&router["external_gateway_info"]["external_fixed_ips"], client)
                }),
            ),
            ("source_nat", Same("external_gateway_info.enable_snat")),
            ("interfaces", Computed(interfaces)),
            ("routes", Computed(|router, _| routes(&router["routes"]))),
            ("default", Never("there is none")),
            ("distributed", Same("is_distributed")),
            ("highly_available", Same("is_ha")),
        ],
    },
    Table {
        kind: Kind::IpAddress,
        records: |client| own(client, "floating_ips"),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Never("addresses have no names; openstacksdk shows the address")),
            ("state", Computed(address_state)),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("ip_address", Same("floating_ip_address")),
            ("network", Reference(Kind::Network, "floating_network_id")),
            ("network_interface", Reference(Kind::NetworkInterface, "port_id")),
            (
                "instance",
                Computed(|ip, client| device(&ip["port_details"], client, Kind::Instance, "compute:")),
            ),
            ("private_ip_address", Same("fixed_ip_address")),
            ("router", Reference(Kind::Router, "router_id")),
            ("dns_name", Same("dns_name")),
        ],
    },
    Table {
        kind: Kind::IpAddressBinding,
        records: |client| {
            own(client, "floating_ips").into_iter().filter(|address| address["port_id"].is_string()).collect()
        },
        native_key: |address, _| format!("{}/{}", text(address, "id"), text(address, "port_id")),
        rows: &[
            ("external_id", Same("id")),
            ("name", Never("addresses have no names; openstacksdk shows the address")),
            ("state", Never("has no life cycle: it is there or not")),
            ("cloud_state", Never("has no life cycle: it is there or not")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            (
                "address",
                Computed(|ip, client| {
                    client.named_with(Kind::IpAddress, &ip["id"], &ip["floating_ip_address"])
                }),
            ),
            ("ip_address", Same("floating_ip_address")),
            ("network_interface", Reference(Kind::NetworkInterface, "port_id")),
            (
                "instance",
                Computed(|ip, client| device(&ip["port_details"], client, Kind::Instance, "compute:")),
            ),
            ("private_ip_address", Same("fixed_ip_address")),
        ],
    },
    Table {
        kind: Kind::SecurityGroup,
        // A member sees its own and shared groups, an administrator all.
        records: |client| {
            let all = client.all("security_groups").iter();
            all.filter(|group| !client.is_administrator || client.is_own(group)).cloned().collect()
        },
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("network", Never("a group belongs to no network")),
            ("stateful", Same("stateful")),
            ("default", Computed(|group, _| json!(group["name"] == "default"))),
        ],
    },
    Table {
        kind: Kind::SecurityGroupRule,
        records: rules,
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Never("rules have none")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            OWNER,
            ("visibility", Computed(visibility)),
            CREATED_AT,
            UPDATED_AT,
            ("tags", Never("Neutron takes none for rules, and shows an empty list")),
            DESCRIPTION,
            ("security_group", Reference(Kind::SecurityGroup, "security_group_id")),
            ("direction", Same("direction")),
            ("ip_version", Computed(|rule, _| json!(if rule["ether_type"] == "IPv6" { 6 } else { 4 }))),
            ("protocol", Same("protocol")),
            ("first_port", Computed(|rule, _| of_ports(rule, "port_range_min"))),
            ("last_port", Computed(|rule, _| of_ports(rule, "port_range_max"))),
            ("icmp_type", Computed(|rule, _| of_icmp(rule, "port_range_min"))),
            ("icmp_code", Computed(|rule, _| of_icmp(rule, "port_range_max"))),
            ("remote_cidr", Same("remote_ip_prefix")),
            ("remote_security_group", Reference(Kind::SecurityGroup, "remote_group_id")),
            ("remote_address_list", Same("remote_address_group_id")),
        ],
    },
];

const OWNER: (&str, Source) = ("owner", Same("project_id"));
const CREATED_AT: (&str, Source) = ("created_at", Time("created_at"));
const UPDATED_AT: (&str, Source) = ("updated_at", Time("updated_at"));
const TAGS: (&str, Source) = ("tags", Computed(valueless_tags));
const DESCRIPTION: (&str, Source) = ("description", Same("description"));

/// The states that occur in a quiet cloud.
const PORT_STATES: [(&str, &str); 2] = [("ACTIVE", "active"), ("DOWN", "inactive")];

fn own(client: &Client, list: &str) -> Vec<Value> {
    client.all(list).iter().filter(|record| client.is_own(record)).cloned().collect()
}

/// Tells whether a network is own, shared or external; a member sees no others.
fn may_use(network: &Value, client: &Client) -> bool {
    !client.is_administrator
        || client.is_own(network)
        || network["is_shared"] == true
        || network["is_router_external"] == true
}

fn subnets(client: &Client) -> Vec<Value> {
    let shared = client.all("networks").iter().filter(|network| network["is_shared"] == true);
    let shared: Vec<&Value> = shared.map(|network| &network["id"]).collect();
    let is_expected = |subnet: &&Value| {
        !client.is_administrator || client.is_own(subnet) || shared.contains(&&subnet["network_id"])
    };
    client.all("subnets").iter().filter(is_expected).cloned().collect()
}

/// Returns the rules of the project's groups, whoever created them.
fn rules(client: &Client) -> Vec<Value> {
    let groups = own(client, "security_groups");
    let is_expected = |rule: &&Value| groups.iter().any(|group| group["id"] == rule["security_group_id"]);
    client.all("security_group_rules").iter().filter(is_expected).cloned().collect()
}

fn visibility(record: &Value, client: &Client) -> Value {
    json!(if client.is_own(record) { "private" } else { "shared" })
}

fn network_visibility(network: &Value, client: &Client) -> Value {
    let is_shared = network["is_shared"] == true || network["is_router_external"] == true;
    if is_shared { json!("shared") } else { visibility(network, client) }
}

fn address_state(address: &Value, _: &Client) -> Value {
    match (&address["status"], address["port_id"].is_string()) {
        (status, _) if *status != "ACTIVE" && *status != "DOWN" => state(status, &[]),
        (_, true) => json!("in_use"),
        (_, false) => json!("available"),
    }
}

fn addresses(fixed_ips: &Value, client: &Client) -> Value {
    let address = |at: &Value| json!({ "ip_address": at["ip_address"], "subnet": client.named(Kind::Subnet, &at["subnet_id"]) });
    fixed_ips.as_array().into_iter().flatten().map(address).collect()
}

fn device(port: &Value, client: &Client, kind: Kind, owners: &str) -> Value {
    let is_expected = port["device_owner"].as_str().is_some_and(|owner| owner.starts_with(owners));
    if is_expected { client.named(kind, &port["device_id"]) } else { Value::Null }
}

fn security_groups(port: &Value, client: &Client) -> Value {
    let groups = port["security_group_ids"].as_array().unwrap().iter();
    groups.map(|group| client.named(Kind::SecurityGroup, group)).collect()
}

fn allocation_pools(subnet: &Value, _: &Client) -> Value {
    let pools = subnet["allocation_pools"].as_array().unwrap().iter();
    pools.map(|pool| json!({ "first": pool["start"], "last": pool["end"] })).collect()
}

fn routes(routes: &Value) -> Value {
    let route = |route: &Value| json!({ "destination": route["destination"], "next_hop": route["nexthop"] });
    routes.as_array().unwrap().iter().map(route).collect()
}

/// Returns the interfaces of a router: ports, sorted by id.
fn interfaces(router: &Value, client: &Client) -> Value {
    let ports = client.all("ports").iter();
    let mut interfaces: Vec<_> = ports
        .filter(|port| {
            port["device_owner"] == "network:router_interface" && port["device_id"] == router["id"]
        })
        .collect();
    interfaces.sort_by_key(|port| text(port, "id"));
    let addresses = interfaces.into_iter().flat_map(|port| {
        port["fixed_ips"].as_array().unwrap().iter().map(move |at| {
            json!({ "subnet": client.named(Kind::Subnet, &at["subnet_id"]), "ip_address": at["ip_address"],
                "network_interface": client.named(Kind::NetworkInterface, &port["id"]) })
        })
    });
    addresses.collect()
}

fn of_ports(rule: &Value, field: &str) -> Value {
    if matches!(rule["protocol"].as_str(), Some("tcp" | "udp")) { rule[field].clone() } else { Value::Null }
}

fn of_icmp(rule: &Value, field: &str) -> Value {
    if rule["protocol"] == "icmp" { rule[field].clone() } else { Value::Null }
}

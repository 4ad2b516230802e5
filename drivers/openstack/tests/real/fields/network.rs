//! What Neutron has. It shows an administrator the whole cloud, of which the project's own and what is shared counts.

use serde_json::{Value, json};

use super::how::How::{Made, Names, Nothing, Same, Text, Time};
use super::how::{Client, How, Told, id, state, text, words};

pub(super) static TABLES: &[Told] = &[
    Told {
        kind: "network",
        records: |client| client.all("networks").iter().filter(|one| may_use(one, client)).cloned().collect(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Made(|network, _| state(&network["status"], &[("ACTIVE", "available")]))),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Made(network_visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("cidrs", Nothing("ranges are of subnets")),
            ("external", Same("is_router_external")),
            ("default", Nothing("is_default chooses a way out, and not the network of instances")),
            ("enabled", Same("is_admin_state_up")),
            ("mtu_bytes", Same("mtu")),
            ("network_type", Same("provider_network_type")),
            ("segmentation_id", Same("provider_segmentation_id")),
            ("port_security", Same("is_port_security_enabled")),
            ("dns_domain", Same("dns_domain")),
            ("datacenters", Same("availability_zones")),
        ],
    },
    Told {
        kind: "subnet",
        records: subnets,
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Nothing("has no life cycle")),
            ("cloud_state", Nothing("has no life cycle")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("network", Names("network", "network_id")),
            ("cidr", Same("cidr")),
            ("ip_version", Same("ip_version")),
            ("ipv6_cidrs", Nothing("one subnet has one range")),
            ("gateway_ip_address", Same("gateway_ip")),
            ("dhcp", Same("is_dhcp_enabled")),
            ("dns_servers", Same("dns_nameservers")),
            ("allocation_pools", Made(allocation_pools)),
            ("host_routes", Made(|subnet, _| routes(&subnet["host_routes"]))),
            ("datacenter", Nothing("subnets are in none")),
            ("free_ip_addresses", Nothing("Neutron tells administrators alone")),
            ("public_ip_on_launch", Nothing("Neutron gives none by itself")),
            ("default", Nothing("there is none")),
        ],
    },
    Told {
        kind: "network_interface",
        records: |client| own(client, "ports"),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Made(|port, _| state(&port["status"], &PORT_STATES))),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("network", Names("network", "network_id")),
            ("addresses", Made(|port, client| addresses(&port["fixed_ips"], client))),
            ("mac_address", Same("mac_address")),
            ("enabled", Same("is_admin_state_up")),
            ("instance", Made(|port, client| device(port, client, "instance", "compute:"))),
            ("router", Made(|port, client| device(port, client, "router", "network:router_"))),
            ("device_owner", Same("device_owner")),
            ("device_index", Nothing("Neutron does not count a server's ports")),
            ("security_groups", Made(security_groups)),
            ("port_security", Same("is_port_security_enabled")),
            ("delete_on_termination", Nothing("Nova does not tell it of ports")),
            ("datacenter", Nothing("ports are in none")),
        ],
    },
    Told {
        kind: "router",
        records: |client| own(client, "routers"),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Made(|router, _| state(&router["status"], &[("ACTIVE", "available")]))),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("router_type", Nothing("there is one sort")),
            ("enabled", Same("is_admin_state_up")),
            ("network", Nothing("a router belongs to no network")),
            ("external_network", Names("network", "external_gateway_info.network_id")),
            (
                "external_addresses",
                Made(|router, client| {
                    addresses(&router["external_gateway_info"]["external_fixed_ips"], client)
                }),
            ),
            ("source_nat", Same("external_gateway_info.enable_snat")),
            ("interfaces", Made(interfaces)),
            ("routes", Made(|router, _| routes(&router["routes"]))),
            ("default", Nothing("there is none")),
            ("distributed", Same("is_distributed")),
            ("highly_available", Same("is_ha")),
        ],
    },
    Told {
        kind: "ip_address",
        records: |client| own(client, "floating_ips"),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Nothing("Neutron gives addresses no names; the client says the address there")),
            ("state", Made(address_state)),
            ("cloud_state", Same("status")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("ip_address", Same("floating_ip_address")),
            ("network", Names("network", "floating_network_id")),
            ("network_interface", Names("network_interface", "port_id")),
            ("instance", Made(|ip, client| device(&ip["port_details"], client, "instance", "compute:"))),
            ("private_ip_address", Same("fixed_ip_address")),
            ("router", Names("router", "router_id")),
            ("dns_name", Same("dns_name")),
        ],
    },
    Told {
        kind: "ip_address_binding",
        records: |client| {
            own(client, "floating_ips").into_iter().filter(|address| address["port_id"].is_string()).collect()
        },
        native_key: |address, _| format!("{}/{}", text(address, "id"), text(address, "port_id")),
        rows: &[
            ("external_id", Same("id")),
            ("name", Nothing("Neutron gives addresses no names; the client says the address there")),
            ("state", Nothing("has no life cycle: it is there or not")),
            ("cloud_state", Nothing("has no life cycle: it is there or not")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            (
                "address",
                Made(|ip, client| client.named_with("ip_address", &ip["id"], &ip["floating_ip_address"])),
            ),
            ("ip_address", Same("floating_ip_address")),
            ("network_interface", Names("network_interface", "port_id")),
            ("instance", Made(|ip, client| device(&ip["port_details"], client, "instance", "compute:"))),
            ("private_ip_address", Same("fixed_ip_address")),
        ],
    },
    Told {
        kind: "security_group",
        // A member is shown its own and what is shared with it, an administrator those of everybody.
        records: |client| {
            let all = client.all("security_groups").iter();
            all.filter(|group| !client.is_administrator || client.is_own(group)).cloned().collect()
        },
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Nothing("has no life cycle")),
            ("cloud_state", Nothing("has no life cycle")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            TAGS,
            DESCRIPTION,
            ("network", Nothing("a group belongs to no network")),
            ("stateful", Same("stateful")),
            ("default", Made(|group, _| json!(group["name"] == "default"))),
        ],
    },
    Told {
        kind: "security_group_rule",
        records: rules,
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Nothing("rules have none")),
            ("state", Nothing("has no life cycle")),
            ("cloud_state", Nothing("has no life cycle")),
            OWNER,
            ("visibility", Made(visibility)),
            CREATED_AT,
            UPDATED_AT,
            ("tags", Nothing("Neutron takes none for rules, and shows an empty list")),
            DESCRIPTION,
            ("security_group", Names("security_group", "security_group_id")),
            ("direction", Same("direction")),
            ("ip_version", Made(|rule, _| json!(if rule["ether_type"] == "IPv6" { 6 } else { 4 }))),
            ("protocol", Same("protocol")),
            ("first_port", Made(|rule, _| of_ports(rule, "port_range_min"))),
            ("last_port", Made(|rule, _| of_ports(rule, "port_range_max"))),
            ("icmp_type", Made(|rule, _| of_icmp(rule, "port_range_min"))),
            ("icmp_code", Made(|rule, _| of_icmp(rule, "port_range_max"))),
            ("remote_cidr", Same("remote_ip_prefix")),
            ("remote_security_group", Names("security_group", "remote_group_id")),
            ("remote_address_list", Same("remote_address_group_id")),
        ],
    },
];

const OWNER: (&str, How) = ("owner", Same("project_id"));
const CREATED_AT: (&str, How) = ("created_at", Time("created_at"));
const UPDATED_AT: (&str, How) = ("updated_at", Time("updated_at"));
const TAGS: (&str, How) = ("tags", Made(words));
const DESCRIPTION: (&str, How) = ("description", Same("description"));

/// The words that a quiet cloud shows.
const PORT_STATES: [(&str, &str); 2] = [("ACTIVE", "active"), ("DOWN", "inactive")];

fn own(client: &Client, list: &str) -> Vec<Value> {
    client.all(list).iter().filter(|record| client.is_own(record)).cloned().collect()
}

/// Own, shared, or a way out: an administrator sees the others too. A member sees what it may use.
fn may_use(network: &Value, client: &Client) -> bool {
    !client.is_administrator
        || client.is_own(network)
        || network["is_shared"] == true
        || network["is_router_external"] == true
}

fn subnets(client: &Client) -> Vec<Value> {
    let shared = client.all("networks").iter().filter(|network| network["is_shared"] == true);
    let shared: Vec<&Value> = shared.map(|network| &network["id"]).collect();
    let is_meant = |subnet: &&Value| {
        !client.is_administrator || client.is_own(subnet) || shared.contains(&&subnet["network_id"])
    };
    client.all("subnets").iter().filter(is_meant).cloned().collect()
}

/// Of the project's own groups, whoever made them.
fn rules(client: &Client) -> Vec<Value> {
    let groups = own(client, "security_groups");
    let is_meant = |rule: &&Value| groups.iter().any(|group| group["id"] == rule["security_group_id"]);
    client.all("security_group_rules").iter().filter(is_meant).cloned().collect()
}

fn visibility(record: &Value, client: &Client) -> Value {
    json!(if client.is_own(record) { "private" } else { "shared" })
}

fn network_visibility(network: &Value, client: &Client) -> Value {
    let is_for_others = network["is_shared"] == true || network["is_router_external"] == true;
    if is_for_others { json!("shared") } else { visibility(network, client) }
}

fn address_state(address: &Value, _: &Client) -> Value {
    match (&address["status"], address["port_id"].is_string()) {
        (status, _) if *status != "ACTIVE" && *status != "DOWN" => state(status, &[]),
        (_, true) => json!("in_use"),
        (_, false) => json!("available"),
    }
}

fn addresses(fixed_ips: &Value, client: &Client) -> Value {
    let address = |at: &Value| json!({ "ip_address": at["ip_address"], "subnet": client.named("subnet", &at["subnet_id"]) });
    fixed_ips.as_array().into_iter().flatten().map(address).collect()
}

fn device(port: &Value, client: &Client, kind: &str, owners: &str) -> Value {
    let is_meant = port["device_owner"].as_str().is_some_and(|owner| owner.starts_with(owners));
    if is_meant { client.named(kind, &port["device_id"]) } else { Value::Null }
}

fn security_groups(port: &Value, client: &Client) -> Value {
    let groups = port["security_group_ids"].as_array().unwrap().iter();
    groups.map(|group| client.named("security_group", group)).collect()
}

fn allocation_pools(subnet: &Value, _: &Client) -> Value {
    let pools = subnet["allocation_pools"].as_array().unwrap().iter();
    pools.map(|pool| json!({ "first": pool["start"], "last": pool["end"] })).collect()
}

fn routes(routes: &Value) -> Value {
    let route = |route: &Value| json!({ "destination": route["destination"], "next_hop": route["nexthop"] });
    routes.as_array().unwrap().iter().map(route).collect()
}

/// The ends of a router are ports, in the order of their ids.
fn interfaces(router: &Value, client: &Client) -> Value {
    let ports = client.all("ports").iter();
    let mut ends: Vec<_> = ports
        .filter(|port| {
            port["device_owner"] == "network:router_interface" && port["device_id"] == router["id"]
        })
        .collect();
    ends.sort_by_key(|port| text(port, "id"));
    let addresses = ends.into_iter().flat_map(|port| {
        port["fixed_ips"].as_array().unwrap().iter().map(move |at| {
            json!({ "subnet": client.named("subnet", &at["subnet_id"]), "ip_address": at["ip_address"],
                "network_interface": client.named("network_interface", &port["id"]) })
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

//! A network with a way out, and what is plugged into it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NAME, SHARED, Stage, Who};

impl Stage {
    /// Makes one thing of Neutron, with a description and a tag.
    async fn described(&self, who: Who, path: &str, around: &str, mut what: Value) -> String {
        what["description"] = json!(NAME);
        let id = self.make(who, path, around, what).await;
        let tag = json!({ "tags": ["blue"] });
        self.of(who).call(Method::PUT, &format!("{path}/{id}/tags"), Some(tag)).await;
        id
    }

    /// A network with a subnet, and a router from there to the outside; tells the network.
    pub(super) async fn networks(&self, who: Who) -> String {
        let network = json!({ "name": NAME, "mtu": 1400 });
        let network = self.described(who, "network/networks", "network", network).await;
        let subnet = json!({ "name": NAME, "network_id": network, "ip_version": 4, "cidr": "10.77.0.0/24",
            "dns_nameservers": ["192.0.2.1"], "host_routes": [{ "destination": "10.78.0.0/24", "nexthop": "10.77.0.9" }] });
        let subnet = self.described(who, "network/subnets", "subnet", subnet).await;
        let router = json!({ "name": NAME, "external_gateway_info": { "network_id": self.outside().await } });
        let router = self.described(who, "network/routers", "router", router).await;
        let (api, path) = (self.of(who), format!("network/routers/{router}"));
        let end = json!({ "subnet_id": subnet });
        api.call(Method::PUT, &format!("{path}/add_router_interface"), Some(end)).await;
        let route = json!({ "destination": "10.78.0.0/24", "nexthop": "10.77.0.9" });
        api.call(Method::PUT, &path, Some(json!({ "router": { "routes": [route] } }))).await;
        api.settle(&path, "router", "ACTIVE").await;
        network
    }

    async fn outside(&self) -> Value {
        self.demo.get("network/networks?name=public").await["networks"][0]["id"].clone()
    }

    /// A group with rules, a port in it, an address that leads to the server and one that leads nowhere.
    pub(super) async fn addresses(&self, who: Who, network: &str, server: &str) {
        let group = json!({ "name": NAME });
        let group = self.described(who, "network/security-groups", "security_group", group).await;
        self.rules(who, &group).await;
        let port = json!({ "name": NAME, "network_id": network, "security_groups": [group] });
        self.described(who, "network/ports", "port", port).await;
        let outside = self.outside().await;
        let ports = self.of(who).get(&format!("network/ports?device_id={server}")).await;
        for port in [ports["ports"][0]["id"].clone(), Value::Null] {
            let address = json!({ "floating_network_id": outside, "port_id": port });
            self.described(who, "network/floatingips", "floatingip", address).await;
        }
        // Nova is told by Neutron in its own time.
        let is_reached = |answer: &Value| answer["server"]["addresses"].to_string().contains(r#""floating""#);
        self.of(who).until("reached", &format!("compute/servers/{server}"), is_reached).await;
    }

    async fn rules(&self, who: Who, group: &str) {
        let addresses = json!({ "name": NAME, "addresses": ["192.0.2.0/24"] });
        let addresses = self.make(who, "network/address-groups", "address_group", addresses).await;
        let tcp = json!({ "protocol": "tcp", "port_range_min": 1, "port_range_max": 9, "description": "of a test" });
        let of = |name: &str, value: &str| {
            let mut rule = tcp.clone();
            rule[name] = json!(value);
            rule
        };
        let ping = json!({ "protocol": "icmp", "port_range_min": 8, "port_range_max": 0 });
        let rules = [
            ping,
            of("remote_group_id", group),
            of("remote_ip_prefix", "192.0.2.0/24"),
            of("remote_address_group_id", &addresses),
        ];
        let mut rules: Vec<_> = rules.into_iter().map(|rule| (who, rule)).collect();
        // An administrator's rule is of the administrator's project, and lets traffic through to this one.
        if !matches!(who, Who::Admin) {
            rules.push((Who::Admin, json!({ "protocol": "udp" })));
        }
        for (who, mut rule) in rules {
            rule["security_group_id"] = json!(group);
            rule["direction"] = json!("ingress");
            self.make(who, "network/security-group-rules", "security_group_rule", rule).await;
        }
    }

    /// What is granted to the member's project alone.
    pub(super) async fn what_others_share(&self) {
        let demo = self.demo.project.clone();
        let network = self.make(Who::Rival, "network/networks", "network", json!({ "name": SHARED })).await;
        let subnet =
            json!({ "name": SHARED, "network_id": network, "ip_version": 4, "cidr": "10.79.0.0/24" });
        self.make(Who::Rival, "network/subnets", "subnet", subnet).await;
        let group = json!({ "name": SHARED });
        let group = self.make(Who::Rival, "network/security-groups", "security_group", group).await;
        for (object, id) in [("network", network), ("security_group", group)] {
            let share = json!({ "object_type": object, "object_id": id, "action": "access_as_shared", "target_tenant": demo });
            self.make(Who::Rival, "network/rbac-policies", "rbac_policy", share).await;
        }
    }
}

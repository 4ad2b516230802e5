//! The resources that change along with a document of Neutron.

use gateway_core::driver::Touched;
use gateway_core::kind::Kind;
use serde_json::Value;

/// Returns the resources that an update touches, the updated one first.
pub(super) fn changed(kind: Kind, document: &Value) -> Vec<Touched> {
    let mut touched: Vec<_> = text(document, "id").map(|id| Touched::new(kind, id)).into_iter().collect();
    touched.extend(neighbours(kind, document));
    touched
}

/// Returns the resources that a create or delete touches: the resource first, and its parts last.
pub(super) fn created_or_deleted(kind: Kind, document: &Value) -> Vec<Touched> {
    let mut touched = changed(kind, document);
    touched.extend(parts(kind, document));
    touched
}

fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    document[name].as_str().filter(|text| !text.is_empty())
}

/// Returns the resources whose documents mention this one.
fn neighbours(kind: Kind, document: &Value) -> Vec<Touched> {
    let mut touched = Vec::new();
    let mut touch = |kind: Kind, key: Option<&str>| touched.extend(key.map(|key| Touched::new(kind, key)));
    if kind == Kind::Subnet {
        touch(Kind::Network, text(document, "network_id"));
    } else if kind == Kind::NetworkInterface {
        touch(Kind::Instance, instance(document));
    } else if kind == Kind::IpAddress {
        touch(Kind::IpAddressBinding, binding(document).as_deref());
        touch(Kind::Instance, instance(&document["port_details"]));
    } else if kind == Kind::SecurityGroupRule {
        touch(Kind::SecurityGroup, text(document, "security_group_id"));
    }
    touched
}

/// Returns the native key of an address's binding.
pub(super) fn binding(address: &Value) -> Option<String> {
    Some(format!("{}/{}", text(address, "id")?, text(address, "port_id")?))
}

/// Returns the server of a port.
pub(super) fn instance(port: &Value) -> Option<&str> {
    let is_of_server = text(port, "device_owner").is_some_and(|owner| owner.starts_with("compute:"));
    text(port, "device_id").filter(|_| is_of_server)
}

/// Returns the parts that Neutron creates and deletes along: a network's subnets and a group's rules.
fn parts(kind: Kind, document: &Value) -> Vec<Touched> {
    let list = |name: &str| document[name].as_array().map(Vec::as_slice).unwrap_or_default();
    if kind == Kind::Network {
        let subnets = list("subnets").iter().filter_map(Value::as_str);
        subnets.map(|id| Touched::new(Kind::Subnet, id)).collect()
    } else if kind == Kind::SecurityGroup {
        let rules = list("security_group_rules").iter().filter_map(|rule| text(rule, "id"));
        rules.map(|id| Touched::new(Kind::SecurityGroupRule, id)).collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(touched: Vec<Touched>) -> Vec<String> {
        touched.into_iter().map(|one| format!("{} {}", one.kind, one.native_key)).collect()
    }

    #[test]
    fn update_touches_the_resource_first_and_then_its_neighbours() {
        let address = json!({"id": "f1", "port_id": "o1",
            "port_details": {"device_id": "s1", "device_owner": "compute:nova"}});
        assert_eq!(
            keys(changed(Kind::IpAddress, &address)),
            ["ip_address f1", "ip_address_binding f1/o1", "instance s1"]
        );
        let unbound = json!({"id": "f1", "port_id": null, "port_details": null});
        assert_eq!(keys(changed(Kind::IpAddress, &unbound)), ["ip_address f1"]);
        let subnet = json!({"id": "u1", "network_id": "n1"});
        assert_eq!(keys(changed(Kind::Subnet, &subnet)), ["subnet u1", "network n1"]);
        let rule = json!({"id": "e1", "security_group_id": "g1"});
        assert_eq!(
            keys(changed(Kind::SecurityGroupRule, &rule)),
            ["security_group_rule e1", "security_group g1"]
        );
        let interface = json!({"id": "o1", "device_id": "r1", "device_owner": "network:router_interface"});
        assert_eq!(keys(changed(Kind::NetworkInterface, &interface)), ["network_interface o1"]);
    }

    #[test]
    fn only_create_and_delete_touch_parts() {
        let network = json!({"id": "n1", "subnets": ["u1", "u2"]});
        assert_eq!(
            keys(created_or_deleted(Kind::Network, &network)),
            ["network n1", "subnet u1", "subnet u2"]
        );
        assert_eq!(keys(changed(Kind::Network, &network)), ["network n1"]);
        let group = json!({"id": "g1", "security_group_rules": [{"id": "e1"}, {"id": "e2"}]});
        assert_eq!(
            keys(created_or_deleted(Kind::SecurityGroup, &group)),
            ["security_group g1", "security_group_rule e1", "security_group_rule e2"]
        );
    }
}

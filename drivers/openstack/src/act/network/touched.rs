//! Whose documents change along with one of Neutron's.

use gateway_core::driver::Touched;
use gateway_core::kind::{
    Canonical, Instance, IpAddress, IpAddressBinding, Kind, Network, NetworkInterface, SecurityGroup,
    SecurityGroupRule, Subnet,
};
use serde_json::Value;

/// What is touched when one is changed: itself first.
pub(super) fn changed(kind: Kind, document: &Value) -> Vec<Touched> {
    let mut touched: Vec<_> = text(document, "id").map(|id| Touched::new(kind, id)).into_iter().collect();
    touched.extend(neighbours(kind, document));
    touched
}

/// What is touched when one is made or ended: itself first, and what comes and goes with it.
pub(super) fn made_or_ended(kind: Kind, document: &Value) -> Vec<Touched> {
    let mut touched = changed(kind, document);
    touched.extend(parts(kind, document));
    touched
}

fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    document[name].as_str().filter(|text| !text.is_empty())
}

/// Those whose documents tell of this one.
fn neighbours(kind: Kind, document: &Value) -> Vec<Touched> {
    let mut touched = Vec::new();
    let mut touch = |kind: Kind, key: Option<&str>| touched.extend(key.map(|key| Touched::new(kind, key)));
    if kind == Subnet::KIND {
        touch(Network::KIND, text(document, "network_id"));
    } else if kind == NetworkInterface::KIND {
        touch(Instance::KIND, instance(document));
    } else if kind == IpAddress::KIND {
        touch(IpAddressBinding::KIND, binding(document).as_deref());
        touch(Instance::KIND, instance(&document["port_details"]));
    } else if kind == SecurityGroupRule::KIND {
        touch(SecurityGroup::KIND, text(document, "security_group_id"));
    }
    touched
}

/// Native key of where an address leads.
pub(super) fn binding(address: &Value) -> Option<String> {
    Some(format!("{}/{}", text(address, "id")?, text(address, "port_id")?))
}

/// The server that a port is of.
pub(super) fn instance(port: &Value) -> Option<&str> {
    let is_of_server = text(port, "device_owner").is_some_and(|owner| owner.starts_with("compute:"));
    text(port, "device_id").filter(|_| is_of_server)
}

/// What Neutron makes and ends together with it: it names the rules that every new group has.
fn parts(kind: Kind, document: &Value) -> Vec<Touched> {
    let list = |name: &str| document[name].as_array().map(Vec::as_slice).unwrap_or_default();
    if kind == Network::KIND {
        let subnets = list("subnets").iter().filter_map(Value::as_str);
        subnets.map(|id| Touched::new(Subnet::KIND, id)).collect()
    } else if kind == SecurityGroup::KIND {
        let rules = list("security_group_rules").iter().filter_map(|rule| text(rule, "id"));
        rules.map(|id| Touched::new(SecurityGroupRule::KIND, id)).collect()
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
    fn all_that_tells_of_it_is_named_and_itself_first() {
        let address = json!({"id": "f1", "port_id": "o1",
            "port_details": {"device_id": "s1", "device_owner": "compute:nova"}});
        assert_eq!(
            keys(changed(IpAddress::KIND, &address)),
            ["ip_address f1", "ip_address_binding f1/o1", "instance s1"]
        );
        let free = json!({"id": "f1", "port_id": null, "port_details": null});
        assert_eq!(keys(changed(IpAddress::KIND, &free)), ["ip_address f1"]);
        let subnet = json!({"id": "u1", "network_id": "n1"});
        assert_eq!(keys(changed(Subnet::KIND, &subnet)), ["subnet u1", "network n1"]);
        let rule = json!({"id": "e1", "security_group_id": "g1"});
        assert_eq!(
            keys(changed(SecurityGroupRule::KIND, &rule)),
            ["security_group_rule e1", "security_group g1"]
        );
        let end = json!({"id": "o1", "device_id": "r1", "device_owner": "network:router_interface"});
        assert_eq!(keys(changed(NetworkInterface::KIND, &end)), ["network_interface o1"]);
    }

    #[test]
    fn what_comes_and_goes_with_it_is_named_only_then() {
        let network = json!({"id": "n1", "subnets": ["u1", "u2"]});
        assert_eq!(keys(made_or_ended(Network::KIND, &network)), ["network n1", "subnet u1", "subnet u2"]);
        assert_eq!(keys(changed(Network::KIND, &network)), ["network n1"]);
        let group = json!({"id": "g1", "security_group_rules": [{"id": "e1"}, {"id": "e2"}]});
        assert_eq!(
            keys(made_or_ended(SecurityGroup::KIND, &group)),
            ["security_group g1", "security_group_rule e1", "security_group_rule e2"]
        );
    }
}

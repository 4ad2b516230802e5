//! Ports of routers: a router's own document does not have its interfaces.

use std::collections::BTreeMap;

use gateway_core::error::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::listing::{Children, ScopeClient};
use crate::paging::Pages;
use crate::service::Service;

/// The device owners of a router's interfaces in subnets: plain, distributed and highly available. Other ports of a
/// router are internal, or its external gateway, which the router's document has.
const INTERFACE_OWNERS: [&str; 3] = [
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
];

const PORTS: Children = Children { path: &["ports"], pages: Pages::new("ports"), parent: "device_id" };

/// Interfaces by the id of their router, sorted by id.
pub(crate) type RouterPorts = BTreeMap<String, Vec<Value>>;

/// Reads the interfaces of these routers.
pub(super) async fn read(scope: ScopeClient<'_>, routers: &[Value]) -> Result<RouterPorts> {
    let ids = routers.iter().filter_map(|router| router["id"].as_str());
    by_router(scope.children(Service::Network, &PORTS, ids).await?)
}

/// Tells whether a port is a router's interface in a subnet.
pub(crate) fn is_interface(port: &Value) -> bool {
    port["device_owner"].as_str().is_some_and(|owner| INTERFACE_OWNERS.contains(&owner))
}

fn by_router(mut ports: Vec<Value>) -> Result<RouterPorts> {
    ports.retain(is_interface);
    ports.sort_by(|one, other| one["id"].as_str().cmp(&other["id"].as_str()));
    let mut by_router = RouterPorts::new();
    for port in ports {
        let router = port["device_id"].as_str().map(str::to_owned);
        let router = router
            .ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a router's port has no `device_id`"))?;
        by_router.entry(router).or_default().push(port);
    }
    Ok(by_router)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn interfaces_in_subnets_are_kept_and_sorted_by_id() {
        let port = |id: &str, router: &str, owner: &str| json!({"id": id, "device_id": router, "device_owner": owner});
        let ports = by_router(vec![
            port("b", "r1", "network:router_interface"),
            port("a", "r1", "network:router_interface_distributed"),
            port("c", "r1", "network:router_gateway"),
            port("d", "r1", "network:router_centralized_snat"),
            port("e", "r2", "network:ha_router_replicated_interface"),
        ])
        .unwrap();
        let ids =
            |router: &str| ports[router].iter().map(|port| port["id"].as_str().unwrap()).collect::<Vec<_>>();
        assert_eq!((ids("r1"), ids("r2")), (vec!["a", "b"], vec!["e"]));
        assert!(by_router(vec![json!({"id": "f", "device_owner": INTERFACE_OWNERS[0]})]).is_err());
    }
}

//! The ports of routers: Neutron tells a router's ends only by them, in a listing and in a single read alike.

use std::collections::BTreeMap;

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Canonical, Kind, Router};
use serde_json::Value;

use crate::catalog::Service;
use crate::listing::Asker;
use crate::resources::{Children, Pages};

/// What a router's ports to its subnets are called, of plain, distributed and highly available routers. A
/// distributed one has more of them for its own sake, and one to the outside is in the router's document.
const ENDS: [&str; 3] = [
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
];

const PORTS: Children = Children { path: &["ports"], pages: Pages::of("ports"), of: "device_id" };

/// Ports by the id of their router, in the order of their ids.
pub(crate) type Ports = BTreeMap<String, Vec<Value>>;

/// The ports of these documents, if they are routers.
pub(crate) async fn of(asker: Asker<'_>, kind: Kind, routers: &[Value]) -> Result<Ports> {
    if kind != Router::KIND {
        return Ok(Ports::new());
    }
    let ids = routers.iter().filter_map(|router| router["id"].as_str());
    by_router(asker.children(Service::Network, &PORTS, ids).await?)
}

/// Whether a port is a router's interface in a subnet.
pub(crate) fn is_end(port: &Value) -> bool {
    port["device_owner"].as_str().is_some_and(|owner| ENDS.contains(&owner))
}

fn by_router(mut ports: Vec<Value>) -> Result<Ports> {
    ports.retain(is_end);
    ports.sort_by(|one, other| one["id"].as_str().cmp(&other["id"].as_str()));
    let mut by_router = Ports::new();
    for port in ports {
        let router = port["device_id"].as_str().map(str::to_owned);
        let router =
            router.ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a router's port without router"))?;
        by_router.entry(router).or_default().push(port);
    }
    Ok(by_router)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_ends_in_subnets_count_in_an_order_that_stands() {
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
        assert!(by_router(vec![json!({"id": "f", "device_owner": ENDS[0]})]).is_err());
    }
}

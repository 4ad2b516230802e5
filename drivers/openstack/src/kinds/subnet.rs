//! Subnets of Neutron.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{self, AddressRange, Kind, Route, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{self, Common, Nexthop};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty};
use crate::listing::Pass;

const SUBNETS: Pass = neutron::own(&["subnets"], "subnets");

/// Subnets of Neutron, and those of other projects that are shared.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[SUBNETS, neutron::foreign(SUBNETS, neutron::SHARED)],
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::Subnet, Lookup::Id { path: "subnets", key: Some("subnet") }, observe)
};

#[derive(Deserialize)]
struct Subnet {
    network_id: String,
    ip_version: u8,
    cidr: Option<String>,
    gateway_ip: Option<String>,
    enable_dhcp: Option<bool>,
    #[serde(default)]
    dns_nameservers: Vec<String>,
    #[serde(default)]
    allocation_pools: Vec<Pool>,
    #[serde(default)]
    host_routes: Vec<Nexthop>,
}

#[derive(Deserialize)]
struct Pool {
    start: String,
    end: String,
}

/// Maps one subnet.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, subnet): (Common, Subnet) = Common::read("subnet", &raw)?;
    let pools = subnet.allocation_pools.into_iter();
    let fields = kind::Subnet {
        description: common.description(),
        network: view.reference(Kind::Network, &subnet.network_id),
        cidr: non_empty(subnet.cidr),
        ip_version: subnet.ip_version,
        ipv6_cidrs: Vec::new(),
        gateway_ip_address: non_empty(subnet.gateway_ip),
        dhcp: subnet.enable_dhcp,
        dns_servers: subnet.dns_nameservers,
        allocation_pools: pools.map(|pool| AddressRange { first: pool.start, last: pool.end }).collect(),
        host_routes: subnet.host_routes.into_iter().map(Route::from).collect(),
        datacenter: None,
        free_ip_addresses: None,
        public_ip_on_launch: None,
        default: None,
    };
    common.observed(view, &fields, raw)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::service::Service;

    fn document() -> Value {
        json!({
            "id": "s1", "name": "front-4", "tenant_id": "p1", "network_id": "n1", "ip_version": 4,
            "subnetpool_id": null, "enable_dhcp": true, "ipv6_ra_mode": null, "ipv6_address_mode": null,
            "gateway_ip": "10.1.0.1", "cidr": "10.1.0.0/16",
            "allocation_pools": [{"start": "10.1.0.2", "end": "10.1.255.254"}],
            "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.1.0.9"}],
            "dns_nameservers": ["192.0.2.53"], "description": "", "service_types": [], "tags": [],
            "created_at": "2026-11-24T09:55:30Z", "updated_at": "2026-11-24T09:55:30Z", "revision_number": 0,
            "project_id": "p1"
        })
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let subnet: kind::Subnet = fields(&observed);
        assert_eq!((subnet.network.external_id.as_deref(), subnet.network.id.is_some()), (Some("n1"), true));
        assert_eq!((subnet.cidr.as_deref(), subnet.ip_version), (Some("10.1.0.0/16"), 4));
        assert_eq!((subnet.gateway_ip_address.as_deref(), subnet.dhcp), (Some("10.1.0.1"), Some(true)));
        assert_eq!((subnet.dns_servers, subnet.description), (vec!["192.0.2.53".to_owned()], None));
        let pool = &subnet.allocation_pools[0];
        assert_eq!((pool.first.as_str(), pool.last.as_str()), ("10.1.0.2", "10.1.255.254"));
        let route = &subnet.host_routes[0];
        assert_eq!(
            (route.destination.as_str(), route.next_hop.as_deref()),
            ("10.9.0.0/16", Some("10.1.0.9"))
        );
        assert_eq!((observed.name.as_str(), observed.state), ("front-4", None));
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn subnet_without_gateway_is_mapped_and_without_network_is_refused() {
        let mut closed = document();
        closed["gateway_ip"] = Value::Null;
        let subnet: kind::Subnet = fields(&with_view(|view| observe(view, closed)).unwrap());
        assert_eq!(subnet.gateway_ip_address, None);
        let mut odd = document();
        odd["network_id"] = Value::Null;
        assert!(with_view(|view| observe(view, odd)).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

//! Networks of Neutron.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind::{self, Kind, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{self, Common};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty};
use crate::listing::Pass;
use crate::state;

const NETWORKS: Pass = neutron::own(&["networks"], "networks");

/// Networks of Neutron, and those of other projects that are shared or external.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[
        NETWORKS,
        neutron::foreign(NETWORKS, neutron::SHARED),
        neutron::foreign(NETWORKS, &[("router:external", "true"), ("shared", "false")]),
    ],
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::Network, Lookup::Id { path: "networks", key: Some("network") }, observe)
};

#[derive(Deserialize)]
struct Network {
    status: String,
    admin_state_up: Option<bool>,
    #[serde(rename = "router:external")]
    external: Option<bool>,
    mtu: Option<u32>,
    port_security_enabled: Option<bool>,
    dns_domain: Option<String>,
    #[serde(default)]
    availability_zones: Vec<String>,
    /// Shown to administrators only, like the next.
    #[serde(rename = "provider:network_type")]
    network_type: Option<String>,
    #[serde(rename = "provider:segmentation_id")]
    segmentation_id: Option<i64>,
}

/// Maps one network. Neutron's `is_default` has another meaning: it selects an external network.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, network): (Common, Network) = Common::read("network", &raw)?;
    let fields = kind::Network {
        description: common.description(),
        cidrs: Vec::new(),
        external: network.external,
        default: None,
        enabled: network.admin_state_up,
        mtu_bytes: network.mtu,
        network_type: non_empty(network.network_type),
        segmentation_id: network.segmentation_id,
        port_security: network.port_security_enabled,
        dns_domain: non_empty(network.dns_domain),
        datacenters: network.availability_zones,
    };
    let state = state::network(&network.status);
    let mut observed = common.observed(view, &fields, raw)?.with_state(state, network.status);
    // Every project may use an external network.
    if network.external == Some(true) {
        observed.visibility = Visibility::Shared;
    }
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::service::Service;

    fn document() -> Value {
        json!({
            "id": "n1", "name": "front", "tenant_id": "p1", "admin_state_up": true, "mtu": 1450, "status": "ACTIVE",
            "subnets": ["s1"], "shared": false, "availability_zone_hints": [], "availability_zones": ["az1"],
            "ipv4_address_scope": null, "router:external": false, "description": "for all", "dns_domain": "x.test.",
            "port_security_enabled": true, "qos_policy_id": null, "tags": ["blue"],
            "created_at": "2026-11-24T09:55:30Z", "updated_at": "2026-11-24T09:55:30Z", "revision_number": 2,
            "project_id": "p1", "provider:network_type": "vxlan", "provider:segmentation_id": 11509
        })
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let network: kind::Network = fields(&observed);
        assert_eq!(
            (network.external, network.enabled, network.port_security),
            (Some(false), Some(true), Some(true))
        );
        assert_eq!((network.mtu_bytes, network.network_type.as_deref()), (Some(1450), Some("vxlan")));
        assert_eq!((network.segmentation_id, network.dns_domain.as_deref()), (Some(11509), Some("x.test.")));
        assert_eq!(
            (network.description.as_deref(), network.datacenters),
            (Some("for all"), vec!["az1".to_owned()])
        );
        assert_eq!((observed.name.as_str(), observed.state), ("front", Some("available")));
        assert_eq!((observed.visibility, observed.tags.len()), (Visibility::Private, 1));
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn external_network_is_shared_and_is_default_is_ignored() {
        let mut public = document();
        public["router:external"] = json!(true);
        public["is_default"] = json!(true);
        let observed = with_view(|view| observe(view, public)).unwrap();
        assert_eq!(observed.visibility, Visibility::Shared);
        assert_eq!(fields::<kind::Network>(&observed).default, None);
        assert!(with_view(|view| observe(view, json!({"id": "n1"}))).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document()));
    }
}

//! A network of Neutron.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind;
use serde::Deserialize;
use serde_json::Value;

use super::neutron::Common;
use super::{View, non_empty};
use crate::state;

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
    /// This and the next are for administrators.
    #[serde(rename = "provider:network_type")]
    network_type: Option<String>,
    #[serde(rename = "provider:segmentation_id")]
    segmentation_id: Option<i64>,
}

/// Maps one network. Its `is_default` is not ours: it chooses a way out, and not the network of instances.
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
    // A way out of the cloud is there to be used by others.
    if network.external == Some(true) {
        observed.visibility = Visibility::Shared;
    }
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::testing::{fields, with_view};

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
    fn a_way_out_is_for_others_and_its_being_default_is_not_ours() {
        let mut public = document();
        public["router:external"] = json!(true);
        public["is_default"] = json!(true);
        let observed = with_view(|view| observe(view, public)).unwrap();
        assert_eq!(observed.visibility, Visibility::Shared);
        assert_eq!(fields::<kind::Network>(&observed).default, None);
        assert!(with_view(|view| observe(view, json!({"id": "n1"}))).is_err());
    }
}

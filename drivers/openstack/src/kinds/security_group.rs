//! Security groups of Neutron.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{Kind, SecurityGroup, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use super::neutron::{self, Common};
use crate::descriptor::{Descriptor, Lookup};
use crate::document::View;
use crate::listing::Pass;

const GROUPS: Pass = neutron::own(&["security-groups"], "security_groups");

/// Security groups of Neutron, and those of other projects that are shared.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[GROUPS, neutron::foreign(GROUPS, neutron::SHARED)],
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(
        Kind::SecurityGroup,
        Lookup::Id { path: "security-groups", key: Some("security_group") },
        observe,
    )
};

#[derive(Deserialize)]
struct Group {
    name: String,
    stateful: Option<bool>,
}

/// Maps one group. Its rules are resources of their own.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (common, group): (Common, Group) = Common::read("security group", &raw)?;
    let fields = SecurityGroup {
        description: common.description(),
        network: None,
        stateful: group.stateful,
        // Neutron creates one group of this name per project, and reserves the name.
        default: Some(group.name == "default"),
    };
    common.observed(view, &fields, raw)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};
    use crate::service::Service;

    fn document(name: &str) -> Value {
        json!({
            "id": "g1", "name": name, "stateful": true, "tenant_id": "p1", "description": "ssh and http",
            "shared": false, "security_group_rules": [{"id": "e1", "security_group_id": "g1"}], "tags": ["blue"],
            "created_at": "2026-11-24T09:55:34Z", "updated_at": "2026-11-24T09:55:35Z", "revision_number": 3,
            "project_id": "p1"
        })
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document("web"))).unwrap();
        let group: SecurityGroup = fields(&observed);
        assert_eq!((group.description.as_deref(), group.stateful), (Some("ssh and http"), Some(true)));
        assert_eq!((group.default, group.network), (Some(false), None));
        assert_eq!((observed.name.as_str(), observed.state), ("web", None));
        assert_eq!(observed.raw, document("web"));
    }

    #[test]
    fn group_named_default_is_the_default() {
        let observed = with_view(|view| observe(view, document("default"))).unwrap();
        assert_eq!(fields::<SecurityGroup>(&observed).default, Some(true));
        assert!(with_view(|view| observe(view, json!({"id": "g1"}))).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Network, document("web")));
    }
}

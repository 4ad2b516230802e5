//! Volume types of Cinder.

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind::{self, Kind};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read, tags};
use crate::listing::Pass;
use crate::service::Service;

const TYPES: &[Pass] = &[Pass::pages(Service::Volume, &["types"], "volume_types")];

/// Volume types of Cinder.
pub(crate) static KIND: Descriptor = Descriptor {
    own: TYPES,
    published: TYPES,
    // Only administrators see it, and a published document must not depend on who listed it.
    omitted: &["qos_specs_id"],
    ..Descriptor::new(Kind::VolumeType, Lookup::Id { path: "types", key: Some("volume_type") }, observe)
};

#[derive(Deserialize)]
struct VolumeType {
    id: String,
    name: String,
    description: Option<String>,
    is_public: bool,
    /// Shown to administrators only in some clouds.
    extra_specs: Option<BTreeMap<String, Value>>,
}

/// The extra specs that Cinder shows to everybody. The others are for administrators, and a published document must not
/// depend on who listed it.
const PUBLIC_SPECS: [&str; 3] = ["RESKEY:availability_zones", "multiattach", "replication_enabled"];

/// Maps one volume type. It belongs to the cloud, not to a project.
///
/// `default` stays empty: Cinder tells a project's own default, and a published document is the same for all.
pub(crate) fn observe(_view: &View<'_>, mut raw: Value) -> Result<Observed> {
    if let Some(specs) = raw.get_mut("extra_specs").and_then(Value::as_object_mut) {
        specs.retain(|name, _| PUBLIC_SPECS.contains(&name.as_str()));
    }
    let volume_type: VolumeType = read("volume type", &raw)?;
    let properties = tags(volume_type.extra_specs.clone().unwrap_or_default(), Vec::new());
    let fields = kind::VolumeType {
        description: non_empty(volume_type.description),
        default: None,
        encrypted: None,
        multiattach: volume_type.extra_specs.map(|_| is_true(properties.get("multiattach"))),
        properties,
    };
    let mut observed = Observed::new(volume_type.id, volume_type.name, &fields, raw)?;
    // A private type is granted to single projects.
    observed.visibility = if volume_type.is_public { Visibility::Public } else { Visibility::Shared };
    Ok(observed)
}

/// Tells whether an extra spec is true; Cinder writes `<is> True`.
fn is_true(condition: Option<&String>) -> bool {
    condition.is_some_and(|text| text.trim_start_matches("<is>").trim().eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({"id": "t1", "name": "multi", "is_public": true, "description": "for clusters",
            "extra_specs": {"multiattach": "<is> True"}, "os-volume-type-access:is_public": true})
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let volume_type: kind::VolumeType = fields(&observed);
        assert_eq!(volume_type.description.as_deref(), Some("for clusters"));
        assert_eq!((volume_type.multiattach, volume_type.default), (Some(true), None));
        assert_eq!(volume_type.properties["multiattach"], "<is> True");
        assert_eq!(
            (observed.name.as_str(), observed.state, observed.owner.as_deref()),
            ("multi", None, None)
        );
        assert_eq!((observed.visibility, &observed.raw), (Visibility::Public, &document()));
    }

    #[test]
    fn specs_for_administrators_are_removed() {
        let mut seen_by_administrator = document();
        seen_by_administrator["extra_specs"]["volume_backend_name"] = json!("secret-san-7");
        let seen = |raw| with_view(|view| observe(view, raw)).unwrap();
        assert_eq!(seen(seen_by_administrator).content_hash(), seen(document()).content_hash());
    }

    #[test]
    fn hidden_specs_are_unknown_and_private_type_is_shared() {
        let granted = json!({"id": "t1", "name": "x", "is_public": false, "description": null});
        let observed = with_view(|view| observe(view, granted)).unwrap();
        assert_eq!(fields::<kind::VolumeType>(&observed), kind::VolumeType::default());
        assert_eq!(observed.visibility, Visibility::Shared);
        let mut plain = document();
        plain["extra_specs"] = json!({});
        let observed = with_view(|view| observe(view, plain)).unwrap();
        assert_eq!(fields::<kind::VolumeType>(&observed).multiattach, Some(false));
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Volume, document()));
    }
}

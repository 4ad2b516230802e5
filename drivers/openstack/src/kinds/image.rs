//! Images of Glance.

use std::collections::BTreeMap;

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind::{self, Kind, Verb, VerbSupport};
use gateway_core::marker::Marker;
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read, tags};
use crate::listing::Pass;
use crate::service::Service;
use crate::state;

const IMAGES: Pass = Pass::pages(Service::Image, &["images"], "images");

/// Images of Glance. A listing leaves out hidden images, which can still be used, so that a second pass lists them.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[IMAGES, IMAGES.with(&[("os_hidden", "true")])],
    published: &[
        IMAGES.with(&[("visibility", "public")]),
        IMAGES.with(&[("visibility", "public"), ("os_hidden", "true")]),
    ],
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
        VerbSupport::new(Verb::Share),
        VerbSupport::new(Verb::Unshare),
        VerbSupport::new(Verb::Upload),
    ],
    ..Descriptor::new(Kind::Image, Lookup::Id { path: "images", key: None }, observe)
};

/// An image as Glance shows it. The members from `description` on are free properties.
#[derive(Deserialize)]
struct Image {
    id: String,
    name: Option<String>,
    status: String,
    visibility: String,
    owner: Option<String>,
    size: Option<u64>,
    min_disk: Option<u64>,
    min_ram: Option<u64>,
    disk_format: Option<String>,
    container_format: Option<String>,
    protected: Option<bool>,
    checksum: Option<String>,
    os_hash_algo: Option<String>,
    os_hash_value: Option<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    #[serde(default)]
    tags: Vec<String>,
    description: Option<Value>,
    architecture: Option<Value>,
    hw_architecture: Option<Value>,
    os_distro: Option<Value>,
    os_version: Option<Value>,
    os_type: Option<Value>,
    /// [`gateway_core::marker::MARKER_KEY`].
    #[serde(rename = "gateway-operation")]
    marker: Option<Value>,
}

/// Maps one image.
pub(crate) fn observe(_view: &View<'_>, raw: Value) -> Result<Observed> {
    let image: Image = read("image", &raw)?;
    let checksum = match (non_empty(image.os_hash_algo), non_empty(image.os_hash_value)) {
        (Some(algorithm), Some(value)) => Some(format!("{algorithm}:{value}")),
        _ => non_empty(image.checksum).map(|value| format!("md5:{value}")),
    };
    let distribution = [text(image.os_distro), text(image.os_version)];
    let os: Vec<String> = distribution.into_iter().flatten().collect();
    let fields = kind::Image {
        description: text(image.description),
        size_bytes: image.size,
        min_disk_gib: image.min_disk,
        min_memory_mib: image.min_ram,
        disk_format: non_empty(image.disk_format),
        container_format: non_empty(image.container_format),
        architecture: text(image.architecture).or_else(|| text(image.hw_architecture)),
        os: if os.is_empty() { text(image.os_type) } else { Some(os.join(" ")) },
        protected: image.protected,
        checksum,
    };
    let state = state::image(&image.status);
    let name = image.name.unwrap_or_default();
    let mut observed = Observed::new(image.id, name, &fields, raw)?.with_state(state, image.status);
    observed.owner = image.owner;
    observed.visibility = visibility(&image.visibility);
    observed.created_at = image.created_at;
    observed.updated_at = image.updated_at;
    observed.tags = tags(BTreeMap::new(), image.tags);
    observed.marker = text(image.marker).and_then(|text| Marker::parse(&text));
    Ok(observed)
}

/// Returns the canonical visibility. A community image can be used by everybody, but is listed for its owner only.
fn visibility(word: &str) -> Visibility {
    match word {
        "public" => Visibility::Public,
        "shared" | "community" => Visibility::Shared,
        _ => Visibility::Private,
    }
}

/// Returns a free property if it is a text; it may be anything.
fn text(property: Option<Value>) -> Option<String> {
    non_empty(property?.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({
            "id": "i1", "name": "debian", "status": "active", "visibility": "shared", "owner": "p1",
            "size": 1048576, "min_disk": 1, "min_ram": 64, "disk_format": "qcow2", "container_format": "bare",
            "protected": true, "checksum": "abc", "os_hash_algo": "sha512", "os_hash_value": "def",
            "created_at": "2026-11-22T02:25:02Z", "updated_at": "2026-11-22T02:25:03Z", "tags": ["blue"],
            "architecture": "x86_64", "os_distro": "debian", "os_version": "12", "description": "stable"
        })
    }

    #[test]
    fn marker_is_no_tag() {
        let marker = crate::fixtures::marker();
        let mut made = document();
        made["gateway-operation"] = json!(marker.to_string());
        let observed = with_view(|view| observe(view, made)).unwrap();
        assert_eq!((observed.marker, observed.tags.len()), (Some(marker), 1));
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let image: kind::Image = fields(&observed);
        assert_eq!(
            (image.size_bytes, image.min_disk_gib, image.min_memory_mib),
            (Some(1_048_576), Some(1), Some(64))
        );
        assert_eq!(
            (image.disk_format.as_deref(), image.container_format.as_deref()),
            (Some("qcow2"), Some("bare"))
        );
        assert_eq!((image.architecture.as_deref(), image.os.as_deref()), (Some("x86_64"), Some("debian 12")));
        assert_eq!((image.checksum.as_deref(), image.protected), (Some("sha512:def"), Some(true)));
        assert_eq!(image.description.as_deref(), Some("stable"));
        assert_eq!((observed.state, observed.visibility), (Some("available"), Visibility::Shared));
        assert_eq!(observed.owner.as_deref(), Some("p1"));
        assert_eq!(observed.tags["blue"], "");
        assert!(observed.created_at < observed.updated_at);
        assert_eq!(observed.raw, document());
    }

    #[test]
    fn queued_image_is_mapped() {
        let queued = json!({"id": "i1", "name": null, "status": "queued", "visibility": "public", "owner": null,
            "size": null, "checksum": null, "disk_format": null});
        let observed = with_view(|view| observe(view, queued)).unwrap();
        assert_eq!((observed.name.as_str(), observed.state), ("", Some("queued")));
        assert_eq!(observed.visibility, Visibility::Public);
        assert_eq!(fields::<kind::Image>(&observed), kind::Image::default());
    }

    #[test]
    fn checksum_of_old_glance_is_md5_and_community_image_is_shared() {
        let mut old = document();
        old["os_hash_algo"] = Value::Null;
        old["visibility"] = json!("community");
        let observed = with_view(|view| observe(view, old)).unwrap();
        assert_eq!(fields::<kind::Image>(&observed).checksum.as_deref(), Some("md5:abc"));
        assert_eq!(observed.visibility, Visibility::Shared);
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Image, document()));
    }
}

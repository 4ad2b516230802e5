//! Attachments of Cinder.

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{Kind, Verb, VerbSupport, VolumeAttachment};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, read};
use crate::listing::{Form, Pass};
use crate::paging::Pages;
use crate::service::Service;
use crate::state;

/// Attachments of Cinder. While a server migrates, each of its volumes is attached to it twice. In this order both are
/// adjacent, and the one in use comes before the reserved one.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[Pass {
        form: Form::Pages(Pages { has_links: false, ..Pages::new("attachments") }),
        ..Pass::pages(Service::Volume, &["attachments", "detail"], "attachments")
    }
    .with(&[("sort", "volume_id:asc,instance_uuid:asc,attach_status:asc,id:asc")])],
    // Contains the passwords with which a host reaches the volume.
    omitted: &["connection_info"],
    // Cinder also attaches volumes to hosts.
    is_kind: |attachment| attachment["instance"].as_str().is_some_and(|server| !server.is_empty()),
    has_duplicates: true,
    says_state: true,
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::VolumeAttachment, Lookup::Filtered(["volume_id", "instance_id"]), observe)
};

#[derive(Deserialize)]
struct Attachment {
    id: String,
    status: String,
    instance: String,
    volume_id: String,
    #[serde(default, deserialize_with = "time_or_empty")]
    attached_at: Option<Timestamp>,
    attach_mode: Option<String>,
}

/// Maps one attachment. The device is in the volume's document, and `delete_on_termination` in the server's.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let attachment: Attachment = read("attachment", &raw)?;
    let fields = VolumeAttachment {
        volume: view.reference(Kind::Volume, &attachment.volume_id),
        instance: view.reference(Kind::Instance, &attachment.instance),
        device: None,
        read_only: attachment.attach_mode.and_then(|mode| match mode.as_str() {
            "ro" => Some(true),
            "rw" => Some(false),
            _ => None,
        }),
        delete_on_termination: None,
        attached_at: attachment.attached_at,
    };
    let state = state::volume_attachment(&attachment.status);
    let mut observed = Observed::new(attachment.id, "", &fields, raw)?.with_state(state, attachment.status);
    observed.native_key = format!("{}/{}", attachment.volume_id, attachment.instance);
    // Cinder lists the project's own only.
    observed.owner = Some(view.account.project_id.clone());
    Ok(observed)
}

/// Parses a time that is "" if it never came.
fn time_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        time => Timestamp::deserialize(time).map(Some).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({"id": "a1", "status": "attached", "instance": "s1", "volume_id": "v1", "detached_at": "",
            "attached_at": "2026-11-24T10:17:48.000000", "attach_mode": "rw"})
    }

    #[test]
    fn every_field_is_mapped() {
        let observed = with_view(|view| observe(view, document())).unwrap();
        let attachment: VolumeAttachment = fields(&observed);
        assert_eq!((observed.external_id.as_str(), observed.native_key.as_str()), ("a1", "v1/s1"));
        assert_eq!(attachment.volume.external_id.as_deref(), Some("v1"));
        assert_eq!(attachment.instance.external_id.as_deref(), Some("s1"));
        assert!(attachment.volume.id.is_some() && attachment.instance.id.is_some());
        assert_eq!(attachment.read_only, Some(false));
        assert_eq!(attachment.attached_at.unwrap().to_string(), "2026-11-24T10:17:48.000000Z");
        assert_eq!((observed.state, observed.owner.as_deref()), (Some("attached"), Some("p1")));
    }

    #[test]
    fn reserved_attachment_is_mapped() {
        let mut reserved = document();
        reserved["status"] = json!("reserved");
        reserved["attached_at"] = json!("");
        reserved["attach_mode"] = Value::Null;
        let observed = with_view(|view| observe(view, reserved)).unwrap();
        let attachment: VolumeAttachment = fields(&observed);
        assert_eq!((attachment.attached_at, attachment.read_only), (None, None));
        assert_eq!(observed.state, Some("attaching"));
        let mut odd = document();
        odd["attached_at"] = json!("yesterday");
        assert!(with_view(|view| observe(view, odd)).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Volume, document()));
    }
}

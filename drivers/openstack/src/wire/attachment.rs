//! An attachment of Cinder.

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{Canonical, Instance, Volume, VolumeAttachment};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{View, read};
use crate::state;

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

/// Maps one attachment. Its device Cinder tells with the volume, and whether the volume ends with the server is Nova's.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let attachment: Attachment = read("attachment", &raw)?;
    let fields = VolumeAttachment {
        volume: view.reference(Volume::KIND, &attachment.volume_id),
        instance: view.reference(Instance::KIND, &attachment.instance),
        device: None,
        read_only: attachment.attach_mode.and_then(|mode| match mode.as_str() {
            "ro" => Some(true),
            "rw" => Some(false),
            _ => None,
        }),
        delete_on_termination: None,
        attached_at: attachment.attached_at,
    };
    let state = state::attachment(&attachment.status);
    let mut observed = Observed::new(attachment.id, "", &fields, raw)?.with_state(state, attachment.status);
    observed.native_key = format!("{}/{}", attachment.volume_id, attachment.instance);
    // Cinder lists those of the project alone.
    observed.owner = Some(view.account.project_id.clone());
    Ok(observed)
}

/// Cinder says "" for never.
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
    use crate::wire::testing::{fields, with_view};

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
    fn one_that_is_only_promised_is_understood() {
        let mut promised = document();
        promised["status"] = json!("reserved");
        promised["attached_at"] = json!("");
        promised["attach_mode"] = Value::Null;
        let observed = with_view(|view| observe(view, promised)).unwrap();
        let attachment: VolumeAttachment = fields(&observed);
        assert_eq!((attachment.attached_at, attachment.read_only), (None, None));
        assert_eq!(observed.state, Some("attaching"));
        let mut odd = document();
        odd["attached_at"] = json!("yesterday");
        assert!(with_view(|view| observe(view, odd)).is_err());
    }
}

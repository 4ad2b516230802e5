//! Tables of the kinds of Cinder.

use gateway_core::kind::Kind;
use serde_json::{Value, json};

use super::compute::public_or_granted;
use super::source::Source::{Computed, Constant, Never, Reference, Same, Text, Time};
use super::source::{Client, Table, id, plain, state, text, time};

pub(super) static TABLES: &[Table] = &[
    Table {
        kind: Kind::Volume,
        records: |client| client.all("volumes").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|volume, _| state(&volume["status"], &VOLUME_STATES))),
            ("cloud_state", Same("status")),
            ("owner", Same("project_id")),
            ("visibility", Constant("private")),
            ("created_at", Time("created_at")),
            ("updated_at", Time("updated_at")),
            ("tags", Same("metadata")),
            ("description", Same("description")),
            ("size_gib", Same("size")),
            ("volume_type", Same("volume_type")),
            ("datacenter", Same("availability_zone")),
            ("bootable", Same("is_bootable")),
            ("encrypted", Same("is_encrypted")),
            (
                "multiattach",
                Computed(|volume, client| client.answer_of("multiattach")[text(volume, "id")].clone()),
            ),
            ("iops", Never("Cinder keeps limits of speed in its types")),
            ("throughput_mib_per_second", Never("Cinder keeps limits of speed in its types")),
            ("snapshot", Reference(Kind::VolumeSnapshot, "snapshot_id")),
            ("image", Computed(image)),
            ("attachments", Computed(attachments)),
        ],
    },
    Table {
        kind: Kind::VolumeType,
        records: |client| client.all("volume_types").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Never("has no life cycle")),
            ("cloud_state", Never("has no life cycle")),
            ("owner", Never("is the cloud's")),
            ("visibility", Computed(|volume_type, _| public_or_granted(volume_type))),
            ("created_at", Never("Cinder tells no times of types")),
            ("updated_at", Never("Cinder tells no times of types")),
            ("tags", Never("types have none")),
            ("description", Same("description")),
            ("default", Never("Cinder tells a project its own, and a published type is the same for all")),
            ("encrypted", Never("Cinder tells administrators alone")),
            (
                "multiattach",
                Computed(|volume_type, _| json!(volume_type["extra_specs"]["multiattach"] == "<is> True")),
            ),
            ("properties", Computed(properties)),
        ],
    },
    Table {
        kind: Kind::VolumeSnapshot,
        records: |client| client.all("snapshots").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Computed(|snapshot, _| state(&snapshot["status"], &VOLUME_STATES))),
            ("cloud_state", Same("status")),
            ("owner", Same("project_id")),
            ("visibility", Constant("private")),
            ("created_at", Time("created_at")),
            (
                "updated_at",
                Computed(|snapshot, client| {
                    time(&client.answer_of("snapshots_updated_at")[text(snapshot, "id")])
                }),
            ),
            ("tags", Same("metadata")),
            ("description", Same("description")),
            ("size_gib", Same("size")),
            ("volume", Reference(Kind::Volume, "volume_id")),
            ("encrypted", Never("shown in the volume only")),
            ("progress_percent", Computed(percent)),
        ],
    },
    Table {
        kind: Kind::VolumeAttachment,
        records: |client| client.all("attachments").clone(),
        native_key: |attachment, _| {
            format!("{}/{}", text(attachment, "volume_id"), text(attachment, "instance"))
        },
        rows: &[
            ("external_id", Same("id")),
            ("name", Never("attachments have none")),
            ("state", Computed(|attachment, _| state(&attachment["status"], &[("attached", "attached")]))),
            ("cloud_state", Same("status")),
            // Cinder lists the project's own only.
            ("owner", Computed(|_, client| json!(client.project()))),
            ("visibility", Constant("private")),
            ("created_at", Never("`attached_at` has the time")),
            ("updated_at", Never("`attached_at` has the time")),
            ("tags", Never("attachments have none")),
            ("volume", Reference(Kind::Volume, "volume_id")),
            ("instance", Reference(Kind::Instance, "instance")),
            ("device", Never("shown in the volume only")),
            ("read_only", Computed(|attachment, _| json!(text(attachment, "attach_mode") == "ro"))),
            ("delete_on_termination", Never("shown in the server only")),
            ("attached_at", Time("attached_at")),
        ],
    },
];

/// The states that occur in a quiet cloud.
const VOLUME_STATES: [(&str, &str); 3] =
    [("available", "available"), ("in-use", "in_use"), ("error", "error")];

fn image(volume: &Value, client: &Client) -> Value {
    let of = &volume["volume_image_metadata"];
    client.named_with(Kind::Image, &of["image_id"], &plain(&of["image_name"]))
}

fn attachments(volume: &Value, client: &Client) -> Value {
    let attachments = volume["attachments"].as_array().unwrap().iter();
    let attachment = |at: &Value| json!({ "instance": client.named(Kind::Instance, &at["server_id"]), "device": at["device"] });
    attachments.map(attachment).collect()
}

/// Returns the extra specs that everybody sees.
fn properties(volume_type: &Value, _: &Client) -> Value {
    let mut specs = volume_type["extra_specs"].as_object().cloned().unwrap_or_default();
    specs.retain(|name, _| {
        matches!(name.as_str(), "multiattach" | "replication_enabled" | "RESKEY:availability_zones")
    });
    specs.into()
}

fn percent(snapshot: &Value, _: &Client) -> Value {
    let digits = snapshot["progress"].as_str().and_then(|text| text.strip_suffix('%'));
    digits.map_or(Value::Null, |digits| digits.parse::<u64>().unwrap().into())
}

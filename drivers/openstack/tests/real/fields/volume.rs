//! What Cinder has.

use serde_json::{Value, json};

use super::compute::public_or_granted;
use super::how::How::{Always, Made, Names, Nothing, Same, Text, Time};
use super::how::{Client, Told, id, plain, state, text, time};

pub(super) static TABLES: &[Told] = &[
    Told {
        kind: "volume",
        records: |client| client.all("volumes").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Made(|volume, _| state(&volume["status"], &VOLUME_STATES))),
            ("cloud_state", Same("status")),
            ("owner", Same("project_id")),
            ("visibility", Always("private")),
            ("created_at", Time("created_at")),
            ("updated_at", Time("updated_at")),
            ("tags", Same("metadata")),
            ("description", Same("description")),
            ("size_gib", Same("size")),
            ("volume_type", Same("volume_type")),
            ("datacenter", Same("availability_zone")),
            ("bootable", Same("is_bootable")),
            ("encrypted", Same("is_encrypted")),
            ("multiattach", Made(|volume, client| client.says("multiattach")[text(volume, "id")].clone())),
            ("iops", Nothing("Cinder keeps limits of speed in its types")),
            ("throughput_mib_per_second", Nothing("Cinder keeps limits of speed in its types")),
            ("snapshot", Names("volume_snapshot", "snapshot_id")),
            ("image", Made(image)),
            ("attachments", Made(attachments)),
        ],
    },
    Told {
        kind: "volume_type",
        records: |client| client.all("volume_types").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Nothing("has no life cycle")),
            ("cloud_state", Nothing("has no life cycle")),
            ("owner", Nothing("is the cloud's")),
            ("visibility", Made(|volume_type, _| public_or_granted(volume_type))),
            ("created_at", Nothing("Cinder tells no times of types")),
            ("updated_at", Nothing("Cinder tells no times of types")),
            ("tags", Nothing("types have none")),
            ("description", Same("description")),
            ("default", Nothing("Cinder tells a project its own, and a published type is the same for all")),
            ("encrypted", Nothing("Cinder tells administrators alone")),
            (
                "multiattach",
                Made(|volume_type, _| json!(volume_type["extra_specs"]["multiattach"] == "<is> True")),
            ),
            ("properties", Made(properties)),
        ],
    },
    Told {
        kind: "volume_snapshot",
        records: |client| client.all("snapshots").clone(),
        native_key: id,
        rows: &[
            ("external_id", Same("id")),
            ("name", Text("name")),
            ("state", Made(|snapshot, _| state(&snapshot["status"], &VOLUME_STATES))),
            ("cloud_state", Same("status")),
            ("owner", Same("project_id")),
            ("visibility", Always("private")),
            ("created_at", Time("created_at")),
            (
                "updated_at",
                Made(|snapshot, client| time(&client.says("snapshots_updated_at")[text(snapshot, "id")])),
            ),
            ("tags", Same("metadata")),
            ("description", Same("description")),
            ("size_gib", Same("size")),
            ("volume", Names("volume", "volume_id")),
            ("encrypted", Nothing("Cinder says it of the volume")),
            ("progress_percent", Made(percent)),
        ],
    },
    Told {
        kind: "volume_attachment",
        records: |client| client.all("attachments").clone(),
        native_key: |attachment, _| {
            format!("{}/{}", text(attachment, "volume_id"), text(attachment, "instance"))
        },
        rows: &[
            ("external_id", Same("id")),
            ("name", Nothing("attachments have none")),
            ("state", Made(|attachment, _| state(&attachment["status"], &[("attached", "attached")]))),
            ("cloud_state", Same("status")),
            // Cinder lists those of the caller's project.
            ("owner", Made(|_, client| json!(client.project()))),
            ("visibility", Always("private")),
            ("created_at", Nothing("Cinder tells since when it is attached instead")),
            ("updated_at", Nothing("Cinder tells since when it is attached instead")),
            ("tags", Nothing("attachments have none")),
            ("volume", Names("volume", "volume_id")),
            ("instance", Names("instance", "instance")),
            ("device", Nothing("Cinder tells it with the volume")),
            ("read_only", Made(|attachment, _| json!(text(attachment, "attach_mode") == "ro"))),
            ("delete_on_termination", Nothing("Nova tells it with the server")),
            ("attached_at", Time("attached_at")),
        ],
    },
];

/// The words that a quiet cloud shows.
const VOLUME_STATES: [(&str, &str); 3] =
    [("available", "available"), ("in-use", "in_use"), ("error", "error")];

fn image(volume: &Value, client: &Client) -> Value {
    let of = &volume["volume_image_metadata"];
    client.named_with("image", &of["image_id"], &plain(&of["image_name"]))
}

fn attachments(volume: &Value, client: &Client) -> Value {
    let places = volume["attachments"].as_array().unwrap().iter();
    let place = |at: &Value| json!({ "instance": client.named("instance", &at["server_id"]), "device": at["device"] });
    places.map(place).collect()
}

/// Those that everybody sees: what is published must not depend on who listed it.
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

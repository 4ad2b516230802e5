//! Commands of volumes and volume snapshots at Cinder.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{
    Command, CreateVolume, CreateVolumeSnapshot, Extend, FieldError, Kind, Update, Verb,
};
use serde_json::{Map, Value, json};

use super::action::Action;
use super::{cloud_options, repeat, tags};
use crate::client::Write;
use crate::microversion::Microversion;
use crate::service::Service;

/// The members of a volume that the gateway sets itself.
const RESERVED_OF_VOLUME: [&str; 13] = [
    "id",
    "name",
    "display_name",
    "description",
    "display_description",
    "size",
    "volume_type",
    "snapshot_id",
    "source_volid",
    "imageRef",
    "image_id",
    "availability_zone",
    "metadata",
];

/// The members of a snapshot that the gateway sets itself.
const RESERVED_OF_SNAPSHOT: [&str; 7] =
    ["id", "name", "display_name", "description", "display_description", "volume_id", "metadata"];

/// From this microversion on, Cinder makes snapshots of volumes in use without `force`.
const NEEDS_NO_FORCE: Microversion = Microversion::new(3, 66);

pub(super) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    let validate = |options: &Map<String, Value>, reserved: &[&str], tags: &BTreeMap<String, String>| {
        let mut faults = cloud_options::validate(options, reserved);
        faults.extend(tags::validate_for_volume(tags));
        faults
    };
    match step.command {
        Command::CreateVolume(command) => {
            validate(&command.cloud_options, &RESERVED_OF_VOLUME, &command.tags)
        }
        Command::CreateVolumeSnapshot(command) => {
            validate(&command.cloud_options, &RESERVED_OF_SNAPSHOT, &command.tags)
        }
        Command::Update(Update { tags: Some(tags), .. }) => tags::validate_for_volume(tags),
        _ => Vec::new(),
    }
}

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateVolume(command)) => {
            let body = json!({ "volume": volume(action.step, command)? });
            let answer = action.write(Write::post(Service::Volume, &["volumes"], body)).await?;
            action.created(Kind::Volume, Some("volume"), answer)
        }
        (Verb::Create, Command::CreateVolumeSnapshot(command)) => {
            let version = action.scope.microversion(Service::Volume).await?;
            let needs_force = version.is_some_and(|version| version < NEEDS_NO_FORCE);
            let body = json!({ "snapshot": snapshot(action.step, command, needs_force)? });
            let answer = action.write(Write::post(Service::Volume, &["snapshots"], body)).await?;
            action.created(Kind::VolumeSnapshot, Some("snapshot"), answer)
        }
        (Verb::Delete, _) => {
            let path = [list(action.step), action.target_id()?];
            match action.write(Write::delete(Service::Volume, &path)).await {
                Ok(answer) => action.done(answer.request_id),
                Err(error) => {
                    repeat::accept_if(action, error, Service::Volume, &path, item(action.step), |document| {
                        document["status"] == "deleting"
                    })
                    .await
                }
            }
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Extend, Command::Extend(command)) => extend(action, *command).await,
        _ => Err(action.step.unsupported()),
    }
}

pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    match action.step.verb {
        Verb::Create => action.find_marked(action.step.kind).await,
        _ => Err(action.step.unsupported()),
    }
}

/// Returns the path of the collection.
fn list(step: &Step<'_>) -> &'static str {
    if step.kind == Kind::VolumeSnapshot { "snapshots" } else { "volumes" }
}

/// Returns the key around one document.
fn item(step: &Step<'_>) -> &'static str {
    list(step).trim_end_matches('s')
}

fn volume(step: &Step<'_>, command: &CreateVolume) -> Result<Value> {
    let metadata = tags::metadata(&command.tags, Some(&step.marker.to_string()));
    let mut volume =
        Map::from_iter([("name".to_owned(), json!(command.name)), ("metadata".to_owned(), json!(metadata))]);
    let id = |id| step.named.get(id).map(|known| json!(known.external_id));
    let optional = [
        ("description", command.description.as_ref().map(|text| Ok(json!(text)))),
        ("size", command.size_gib.map(|size| Ok(json!(size)))),
        ("volume_type", command.volume_type.map(id)),
        ("snapshot_id", command.snapshot.map(id)),
        ("imageRef", command.image.map(id)),
        ("source_volid", command.volume.map(id)),
        ("availability_zone", command.datacenter.as_ref().map(|zone| Ok(json!(zone)))),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            volume.insert(key.to_owned(), value?);
        }
    }
    cloud_options::merge(&mut volume, &command.cloud_options);
    Ok(Value::Object(volume))
}

fn snapshot(step: &Step<'_>, command: &CreateVolumeSnapshot, needs_force: bool) -> Result<Value> {
    let mut snapshot = Map::from_iter([
        ("name".to_owned(), json!(command.name)),
        ("volume_id".to_owned(), json!(step.named.get(command.volume)?.external_id)),
        ("metadata".to_owned(), json!(tags::metadata(&command.tags, Some(&step.marker.to_string())))),
    ]);
    if let Some(description) = &command.description {
        snapshot.insert("description".to_owned(), json!(description));
    }
    if needs_force {
        snapshot.insert("force".to_owned(), json!(true));
    }
    cloud_options::merge(&mut snapshot, &command.cloud_options);
    Ok(Value::Object(snapshot))
}

/// Updates metadata before name and description, as for servers.
async fn update(action: &Action<'_>, command: &Update) -> Result<Done> {
    let (list, id) = (list(action.step), action.target_id()?);
    let key = item(action.step);
    let mut last = None;
    if let Some(tags) = &command.tags {
        let path = [list, id, "metadata"];
        let marker = tags::current_marker(action, Service::Volume, &path[..2], key).await?;
        let body = json!({ "metadata": tags::metadata(tags, marker.as_deref()) });
        last = Some(action.write(Write::put(Service::Volume, &path, body)).await?);
    }
    let mut document = Map::new();
    for (name, text) in [("name", &command.name), ("description", &command.description)] {
        if let Some(text) = text {
            document.insert(name.to_owned(), json!(text));
        }
    }
    if !document.is_empty() {
        let body = json!({ key: document });
        let named = action.write(Write::put(Service::Volume, &[list, id], body)).await;
        last = Some(named.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    action.done(last.ok_or_else(|| Error::internal("the update changes nothing"))?.request_id)
}

/// Extends a volume. Cinder refuses a size that the volume has, or will have by an earlier attempt.
async fn extend(action: &Action<'_>, command: Extend) -> Result<Done> {
    let path = ["volumes", action.target_id()?, "action"];
    let body = json!({ "os-extend": { "new_size": command.size_gib } });
    match action.write(Write::post(Service::Volume, &path, body)).await {
        Ok(answer) => action.done(answer.request_id),
        Err(error) => {
            let was_accepted =
                |volume: &Value| volume["size"] == command.size_gib || volume["status"] == "extending";
            repeat::accept_if(action, error, Service::Volume, &path[..2], "volume", was_accepted).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::fixtures;

    #[test]
    fn every_field_of_create_is_in_the_body() {
        let (named, [fast, source]) = fixtures::named([("volume_type", "fast"), ("volume_snapshot", "n1")]);
        let command: CreateVolume = serde_json::from_value(json!({
            "name": "data", "description": "words", "size_gib": 3, "volume_type": fast, "snapshot": source,
            "datacenter": "nova", "tags": {"use": "data"}, "cloud_options": {"scheduler_hints": {"x": "y"}},
        }))
        .unwrap();
        let body = fixtures::step(Kind::Volume, Verb::Create, &Command::Plain, &named, |step| {
            volume(step, &command)
        });
        assert_eq!(
            body.unwrap(),
            json!({"name": "data", "description": "words", "size": 3, "volume_type": "fast", "snapshot_id": "n1",
                   "availability_zone": "nova", "scheduler_hints": {"x": "y"},
                   "metadata": {"use": "data", "gateway-operation": crate::fixtures::marker().to_string()}})
        );
    }

    #[test]
    fn old_cinder_gets_force_for_snapshots() {
        let (named, [of]) = fixtures::named([("volume", "v1")]);
        let command: CreateVolumeSnapshot =
            serde_json::from_value(json!({"name": "nightly", "volume": of})).unwrap();
        let body_of = |force| {
            let command = &command;
            let body = |step: &Step<'_>| snapshot(step, command, force);
            fixtures::step(Kind::VolumeSnapshot, Verb::Create, &Command::Plain, &named, body).unwrap()
        };
        assert_eq!((body_of(true)["force"].as_bool(), body_of(false).get("force")), (Some(true), None));
        assert_eq!(body_of(false)["volume_id"], "v1");
    }
}

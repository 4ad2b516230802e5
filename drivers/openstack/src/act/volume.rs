//! What Cinder does: volumes and snapshots. Attachments are Nova's to make.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{
    Canonical, Command, CreateVolume, CreateVolumeSnapshot, Extend, FieldError, Update, Verb, VerbSupport,
    Volume, VolumeAttachment, VolumeSnapshot,
};
use serde_json::{Map, Value, json};

use super::{Act, again, attachment, find_by_marker, labels};
use crate::catalog::Service;
use crate::connection::Write;
use crate::options;
use crate::session::OpenStackSession;
use crate::version::Microversion;

pub(super) const VOLUME: &[VerbSupport] = &[
    VerbSupport::new(Verb::Create),
    VerbSupport::new(Verb::Update),
    VerbSupport::new(Verb::Extend),
    VerbSupport::new(Verb::Delete),
];

pub(super) const VOLUME_SNAPSHOT: &[VerbSupport] =
    &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Update), VerbSupport::new(Verb::Delete)];

pub(super) const VOLUME_ATTACHMENT: &[VerbSupport] =
    &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)];

/// What the gateway says of a volume, so that a caller's options do not.
const OF_VOLUME: [&str; 13] = [
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

/// And of a snapshot.
const OF_SNAPSHOT: [&str; 7] =
    ["id", "name", "display_name", "description", "display_description", "volume_id", "metadata"];

/// From here on Cinder makes snapshots of what is in use without being told to.
const NEEDS_NO_FORCE: Microversion = Microversion::new(3, 66);

pub(super) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    let of = |options: &Map<String, Value>, gateways: &[&str], tags: &BTreeMap<String, String>| {
        let mut faults = options::faults(options, gateways);
        faults.extend(labels::of_volume_faults(tags));
        faults
    };
    match step.command {
        Command::CreateVolume(command) => of(&command.cloud_options, &OF_VOLUME, &command.tags),
        Command::CreateVolumeSnapshot(command) => of(&command.cloud_options, &OF_SNAPSHOT, &command.tags),
        Command::Update(Update { tags: Some(tags), .. }) => labels::of_volume_faults(tags),
        _ => Vec::new(),
    }
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateVolume(command)) => {
            let body = json!({ "volume": volume(act.step, command)? });
            let answer = act.write(Write::post(Service::Volume, &["volumes"], body)).await?;
            act.made(Volume::KIND, Some("volume"), answer)
        }
        (Verb::Create, Command::CreateVolumeSnapshot(command)) => {
            let version = act.asker.connection.microversion(act.asker.region, Service::Volume).await;
            let needs_force =
                version.map_err(Error::untouched)?.is_some_and(|version| version < NEEDS_NO_FORCE);
            let body = json!({ "snapshot": snapshot(act.step, command, needs_force)? });
            let answer = act.write(Write::post(Service::Volume, &["snapshots"], body)).await?;
            act.made(VolumeSnapshot::KIND, Some("snapshot"), answer)
        }
        (Verb::Create, Command::CreateVolumeAttachment(command)) => attachment::create(act, command).await,
        (Verb::Delete, _) if act.step.kind == VolumeAttachment::KIND => attachment::delete(act).await,
        (Verb::Delete, _) => {
            let path = [list(act.step), &act.step.target()?.external_id];
            match act.write(Write::delete(Service::Volume, &path)).await {
                Ok(answer) => act.done(answer),
                Err(error) => {
                    again::or_refusal(act, error, Service::Volume, &path, one(act.step), |now| {
                        now["status"] == "deleting"
                    })
                    .await
                }
            }
        }
        (Verb::Update, Command::Update(command)) => update(act, command).await,
        (Verb::Extend, Command::Extend(command)) => extend(act, *command).await,
        _ => Err(act.step.unsupported()),
    }
}

pub(super) async fn find(act: &Act<'_>, session: &OpenStackSession) -> Result<Option<Touched>> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            attachment::find(act, session, command).await
        }
        (Verb::Create, _) => find_by_marker(act, session, act.step.kind).await,
        _ => Err(act.step.unsupported()),
    }
}

/// Where Cinder has them.
fn list(step: &Step<'_>) -> &'static str {
    if step.kind == VolumeSnapshot::KIND { "snapshots" } else { "volumes" }
}

/// Around one of them.
fn one(step: &Step<'_>) -> &'static str {
    list(step).trim_end_matches('s')
}

fn volume(step: &Step<'_>, command: &CreateVolume) -> Result<Value> {
    let metadata = labels::metadata(&command.tags, Some(&step.marker.to_string()));
    let mut volume =
        Map::from_iter([("name".to_owned(), json!(command.name)), ("metadata".to_owned(), json!(metadata))]);
    let id = |id| step.named.get(id).map(|known| json!(known.external_id));
    let said = [
        ("description", command.description.as_ref().map(|text| Ok(json!(text)))),
        ("size", command.size_gib.map(|size| Ok(json!(size)))),
        ("volume_type", command.volume_type.map(id)),
        ("snapshot_id", command.snapshot.map(id)),
        ("imageRef", command.image.map(id)),
        ("source_volid", command.volume.map(id)),
        ("availability_zone", command.datacenter.as_ref().map(|zone| Ok(json!(zone)))),
    ];
    for (key, value) in said {
        if let Some(value) = value {
            volume.insert(key.to_owned(), value?);
        }
    }
    options::merge(&mut volume, &command.cloud_options);
    Ok(Value::Object(volume))
}

fn snapshot(step: &Step<'_>, command: &CreateVolumeSnapshot, needs_force: bool) -> Result<Value> {
    let mut snapshot = Map::from_iter([
        ("name".to_owned(), json!(command.name)),
        ("volume_id".to_owned(), json!(step.named.get(command.volume)?.external_id)),
        ("metadata".to_owned(), json!(labels::metadata(&command.tags, Some(&step.marker.to_string())))),
    ]);
    if let Some(description) = &command.description {
        snapshot.insert("description".to_owned(), json!(description));
    }
    if needs_force {
        snapshot.insert("force".to_owned(), json!(true));
    }
    options::merge(&mut snapshot, &command.cloud_options);
    Ok(Value::Object(snapshot))
}

/// Metadata goes before name and description, as a server's does.
async fn update(act: &Act<'_>, command: &Update) -> Result<Done> {
    let (list, id) = (list(act.step), act.step.target()?.external_id.as_str());
    let around = one(act.step);
    let mut last = None;
    if let Some(tags) = &command.tags {
        let path = [list, id, "metadata"];
        let kept = labels::kept(act, Service::Volume, &path[..2], around).await?;
        let body = json!({ "metadata": labels::metadata(tags, kept.as_deref()) });
        last = Some(act.write(Write::put(Service::Volume, &path, body)).await?);
    }
    let mut document = Map::new();
    for (key, text) in [("name", &command.name), ("description", &command.description)] {
        if let Some(text) = text {
            document.insert(key.to_owned(), json!(text));
        }
    }
    if !document.is_empty() {
        let body = json!({ around: document });
        let named = act.write(Write::put(Service::Volume, &[list, id], body)).await;
        last = Some(named.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    act.done(last.ok_or_else(|| Error::internal("an update of nothing"))?)
}

/// Cinder refuses to make a volume what it is or is becoming: then that was ordered before.
async fn extend(act: &Act<'_>, command: Extend) -> Result<Done> {
    let path = ["volumes", act.step.target()?.external_id.as_str(), "action"];
    let body = json!({ "os-extend": { "new_size": command.size_gib } });
    match act.write(Write::post(Service::Volume, &path, body)).await {
        Ok(answer) => act.done(answer),
        Err(error) => {
            let was_taken = |now: &Value| now["size"] == command.size_gib || now["status"] == "extending";
            again::or_refusal(act, error, Service::Volume, &path[..2], "volume", was_taken).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::testing;

    #[test]
    fn everything_that_is_ordered_is_told_to_cinder() {
        let (named, [fast, source]) = testing::named([("volume_type", "fast"), ("volume_snapshot", "n1")]);
        let command: CreateVolume = serde_json::from_value(json!({
            "name": "data", "description": "words", "size_gib": 3, "volume_type": fast, "snapshot": source,
            "datacenter": "nova", "tags": {"use": "data"}, "cloud_options": {"scheduler_hints": {"x": "y"}},
        }))
        .unwrap();
        let told =
            testing::step(Volume::KIND, Verb::Create, &Command::Plain, &named, |step| volume(step, &command));
        assert_eq!(
            told.unwrap(),
            json!({"name": "data", "description": "words", "size": 3, "volume_type": "fast", "snapshot_id": "n1",
                   "availability_zone": "nova", "scheduler_hints": {"x": "y"},
                   "metadata": {"use": "data", "gateway-operation": testing::marker().to_string()}})
        );
    }

    #[test]
    fn an_old_cinder_is_told_that_the_volume_may_be_in_use() {
        let (named, [of]) = testing::named([("volume", "v1")]);
        let command: CreateVolumeSnapshot =
            serde_json::from_value(json!({"name": "nightly", "volume": of})).unwrap();
        let told = |force| {
            let command = &command;
            let told = |step: &Step<'_>| snapshot(step, command, force);
            testing::step(VolumeSnapshot::KIND, Verb::Create, &Command::Plain, &named, told).unwrap()
        };
        assert_eq!((told(true)["force"].as_bool(), told(false).get("force")), (Some(true), None));
        assert_eq!(told(false)["volume_id"], "v1");
    }
}

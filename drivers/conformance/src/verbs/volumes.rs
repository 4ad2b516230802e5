//! Volumes and snapshots; attachments are made with instances.

use gateway_core::Kind;
use gateway_core::driver::Touched;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::desk::Desk;
use super::{action, life};
use crate::report::{Report, ensure};

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let mut command = empty(desk, "volume");
    command["description"] = json!("of the suite");
    command["tags"] = json!({ "role": "test" });
    let mut named = Vec::new();
    if let Some(key) = &desk.fixtures.volume_type
        && let Ok(class) = desk.known(Kind::VolumeType, key).await
    {
        command["volume_type"] = json!(class.id);
        named.push(class);
    }
    let named: Vec<_> = named.iter().collect();
    let Some(volume) = life::begin(desk, report, Kind::Volume, command, &named).await else { return };
    let touched = Touched::new(volume.kind, volume.native_key.as_str());
    let has_size = |observed: &gateway_core::document::observation::Observed| {
        observed.fields["size_gib"] == 2 && observed.state == Some("available")
    };
    action::act(desk, report, &touched, Verb::Extend, json!({ "size_gib": 2 }), &[], has_size).await;
    let command = json!({ "name": desk.name("snapshot"), "volume": volume.id, "tags": { "role": "test" } });
    if let Some(snapshot) = life::begin(desk, report, Kind::VolumeSnapshot, command, &[&volume]).await {
        let copy = json!({ "name": desk.name("copy"), "snapshot": snapshot.id, "size_gib": 2,
            "datacenter": desk.fixtures.datacenter });
        let made = async {
            let copy = desk.make(Kind::Volume, copy, &[&snapshot]).await?;
            let source = copy.document["snapshot"]["external_id"].as_str().map(str::to_owned);
            ensure(source.as_ref() == Some(&snapshot.external_id), || format!("it is of {source:?}"))?;
            desk.remove(copy.kind, &copy.native_key).await
        };
        desk.note(report, Kind::Volume, "one is filled from a snapshot", made.await);
        life::end(desk, report, &snapshot).await;
    }
    life::end(desk, report, &volume).await;
}

/// An empty volume of 1 GiB.
pub(super) fn empty(desk: &Desk<'_>, what: &str) -> Value {
    json!({ "name": desk.name(what), "size_gib": 1, "datacenter": desk.fixtures.datacenter })
}

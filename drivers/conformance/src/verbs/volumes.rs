//! Volumes and snapshots; the checks of instances cover attachments.

use gateway_core::Kind;
use gateway_core::driver::Touched;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::runner::Runner;
use super::{action, lifecycle};
use crate::report::{Report, ensure};

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    let mut command = empty(runner, "volume");
    command["description"] = json!("of the suite");
    command["tags"] = json!({ "role": "test" });
    let mut named = Vec::new();
    if let Some(key) = &runner.fixtures.volume_type
        && let Ok(class) = runner.known(Kind::VolumeType, key).await
    {
        command["volume_type"] = json!(class.id);
        named.push(class);
    }
    let named: Vec<_> = named.iter().collect();
    let Some(volume) = lifecycle::create(runner, report, Kind::Volume, command, &named).await else { return };
    let touched = Touched::new(volume.kind, volume.native_key.as_str());
    let has_size = |observed: &gateway_core::document::observation::Observed| {
        observed.fields["size_gib"] == 2 && observed.state == Some("available")
    };
    action::act(runner, report, &touched, Verb::Extend, json!({ "size_gib": 2 }), &[], has_size).await;
    let command = json!({ "name": runner.name("snapshot"), "volume": volume.id, "tags": { "role": "test" } });
    if let Some(snapshot) = lifecycle::create(runner, report, Kind::VolumeSnapshot, command, &[&volume]).await
    {
        let copy = json!({ "name": runner.name("copy"), "snapshot": snapshot.id, "size_gib": 2,
            "datacenter": runner.fixtures.datacenter });
        let made = async {
            let copy = runner.create(Kind::Volume, copy, &[&snapshot]).await?;
            let source = copy.document["snapshot"]["external_id"].as_str().map(str::to_owned);
            ensure(source.as_ref() == Some(&snapshot.external_id), || format!("its snapshot is {source:?}"))?;
            runner.delete(copy.kind, &copy.native_key).await
        };
        runner.record(report, Kind::Volume, "create from a snapshot succeeds", made.await);
        lifecycle::delete(runner, report, &snapshot).await;
    }
    lifecycle::delete(runner, report, &volume).await;
}

/// Returns the command that creates an empty volume of 1 GiB.
pub(super) fn empty(runner: &Runner<'_>, what: &str) -> Value {
    json!({ "name": runner.name(what), "size_gib": 1, "datacenter": runner.fixtures.datacenter })
}
